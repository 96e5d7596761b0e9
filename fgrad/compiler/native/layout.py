"""Where CPython keeps what machine code reads: offsets into objects, which are verified."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import CellType
from typing import Final

__all__ = ["CELL", "CODE", "FLOAT", "LIST", "TUPLE", "TYPE", "WORD", "is_known"]

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
CODE: Final = object.__basicsize__ + 4 * WORD
"""A function's code; its defaults and its keyword defaults follow."""


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
        and _are_functions_known()
    )


def _are_functions_known() -> bool:
    def plain() -> None: ...

    def full(x: int = 1, *, y: int = 2) -> None: ...

    return _parts(plain) == [id(plain.__code__), 0, 0] and _parts(full) == [
        id(full.__code__),
        id(full.__defaults__),
        id(full.__kwdefaults__),
    ]


def _parts(f: Callable[..., object]) -> list[int]:
    return [_word(id(f) + CODE + WORD * i) for i in range(3)]


def _word(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value
