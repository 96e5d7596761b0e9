"""A program as a builtin function."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import CellType
from typing import TYPE_CHECKING, Any, Final

from fgrad.compiler.native.body import NoNativeForm
from fgrad.compiler.native.engine import Code, load
from fgrad.compiler.native.flags import FLAGS
from fgrad.compiler.native.kernel import Kernel
from fgrad.compiler.native.wrapper import CELL, FLOAT, ITEM, TYPE, built_here, wrapper
from fgrad.tree import unflatten

if TYPE_CHECKING:
    from fgrad.compiler.captured import Watched
    from fgrad.compiler.program import Program, Return

__all__ = ["compile_native"]

_FASTCALL_WITH_KEYWORDS: Final = 0x0082
_LARGE: Final = 50_000


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Owner:
    """What has to live for as long as the function does."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.method = _Method(b"native", code.entry, _FASTCALL_WITH_KEYWORDS, None)


def compile_native(
    program: Program,
    fallback: Callable[..., object],
    watched: Sequence[Watched],
    *,
    quick: bool | None = None,
) -> Callable[..., Any] | None:
    """The builtin function of a program: None if it, or this platform, has no native form.

    It takes as many floats as the program has inputs. Wherever it cannot answer, it gives what
    `fallback` gives for the same arguments: they are something else, something watched has changed,
    a guard fails, or a floating-point flag says that the function itself would perhaps raise.
    quick: compile in a quarter of the time to code that is 1.4 to 3 times slower; by default where
        a program has more than 50,000 lines.

    An ImportError where llvmlite is not installed.
    """
    if FLAGS is None or not _laid_out_as_expected():
        return None
    quick = len(program.lines) > _LARGE if quick is None else quick
    try:
        kernel = Kernel(program)
    except NoNativeForm:
        return None
    code = load(kernel.modules(wrapper(kernel, program.inputs, watched, FLAGS)), quick=quick)
    owner = _Owner(code)
    closers = [_closer(end) for end in kernel.returns]
    things = [part for thing in watched for part in thing]
    return _builtin(owner, (owner, fallback, *closers, *things))


def _closer(end: Return) -> Callable[..., object] | None:
    """What makes the tree of an answer from its numbers, if machine code does not."""
    return None if built_here(end.structure) else partial(unflatten, end.structure)


def _builtin(owner: _Owner, itself: tuple[object, ...]) -> Callable[..., Any]:
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = (ctypes.POINTER(_Method), ctypes.py_object, ctypes.py_object)
    function: Callable[..., Any] = make(ctypes.byref(owner.method), itself, None)
    return function


def _laid_out_as_expected() -> bool:
    """Whether objects are in memory what the machine code takes them for."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    number, cell = 1.25, CellType(None)
    pair = (number, cell)
    expected: Iterator[tuple[int, object]] = iter(
        [
            (id(number) + TYPE, float),
            (id(pair) + ITEM, number),
            (id(pair) + ITEM + 8, cell),
            (id(cell) + CELL, None),
        ]
    )
    return ctypes.c_double.from_address(id(number) + FLOAT).value == number and all(
        ctypes.c_void_p.from_address(place).value == id(thing) for place, thing in expected
    )
