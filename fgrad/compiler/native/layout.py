"""Where CPython keeps what machine code reads: offsets into objects, which are verified."""

from __future__ import annotations

import ctypes
from types import CellType
from typing import Final

__all__ = ["CELL", "FLOAT", "LIST", "TUPLE", "TYPE", "WORD", "is_known"]

WORD: Final = ctypes.sizeof(ctypes.c_void_p)
TYPE: Final = object.__basicsize__ - WORD
"""An object's type."""
FLOAT: Final = float.__basicsize__ - WORD
"""A float's double."""
TUPLE: Final = tuple.__basicsize__
"""A tuple's first item."""
LIST: Final = list.__basicsize__ - 2 * WORD
"""The address of a list's first item."""
CELL: Final = object.__basicsize__
"""A cell's content."""


def is_known() -> bool:
    """Whether this interpreter lays its objects out as compiled code expects it.

    On a build without the GIL it does not: there an object's head is longer.
    """
    if object.__basicsize__ != 2 * WORD or ctypes.sizeof(ctypes.c_double) != WORD:
        return False
    number, thing = 0.1, object()
    pair, items, cell = (thing, None), [thing], CellType(thing)
    return (
        ctypes.c_double.from_address(id(number) + FLOAT).value == number
        and _word(id(number) + TYPE) == id(float)
        and _word(id(pair) + TUPLE) == id(thing)
        and _word(_word(id(items) + LIST)) == id(thing)
        and _word(id(cell) + CELL) == id(thing)
    )


def _word(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value
