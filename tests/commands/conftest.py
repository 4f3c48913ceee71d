from tests.examined import kept_examinations

__all__ = ["kept_examinations"]
