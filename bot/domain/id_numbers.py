"""The digits of an ID number: its check digit and the date of birth in it. Pure."""

from __future__ import annotations

from datetime import date


def is_id18(chars: str) -> bool:
    """Check 18 characters by ISO 7064 MOD 11-2 over the first 17, and for a real date of birth at positions 7–14."""
    weighed = sum(int(char) * pow(2, 17 - at, 11) for at, char in enumerate(chars[:17]))
    return "10X98765432"[weighed % 11] == chars[17].upper() and is_date(chars[6:14])


def is_date(digits: str) -> bool:
    """Return whether eight digits are a real date, year first."""
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
