"""What was built of many lines as plain values and arrays, to be kept and read again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Dumped(NamedTuple):
    """Values that JSON can hold (sets and tuples become lists), and arrays of numbers by name."""

    plain: Sequence[Any]
    arrays: Mapping[str, NDArray[Any]]


def arrays_of(made: object) -> Mapping[str, NDArray[Any]]:
    """The attributes that are arrays."""
    return {name: value for name, value in vars(made).items() if isinstance(value, np.ndarray)}
