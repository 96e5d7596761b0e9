"""A function that fgrad made of another, as `grad` does, on its way through a pickle.

Python pickles a function by its name, and that of a gradient is its function's. So it goes by where
its code is, with what is in its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce, update_wrapper
from importlib import import_module
from types import CellType, CodeType, FunctionType

__all__ = ["named", "portable"]


def portable(thing: object) -> object:
    """What is pickled in the place of a thing: itself, if fgrad did not make it in a call."""
    if isinstance(thing, FunctionType) and thing.__closure__ and _package(thing) == "fgrad":
        return _Made(thing)
    return thing


def named(module: str, qualname: str) -> object:
    """The global of this name."""
    return reduce(getattr, qualname.split("."), import_module(module))


class _Made:
    """A function within one of fgrad's."""

    def __init__(self, f: FunctionType) -> None:
        self._f = f

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        f = self._f
        contents = [portable(cell.cell_contents) for cell in f.__closure__ or ()]
        wrapped = portable(vars(f).get("__wrapped__"))
        return _made_again, (f.__globals__["__name__"], f.__code__.co_qualname, contents, wrapped)


def _package(f: FunctionType) -> str:
    return str(f.__globals__.get("__name__")).partition(".")[0]


def _made_again(
    module: str,
    qualname: str,
    contents: Sequence[object],
    wrapped: Callable[..., object] | None,
) -> Callable[..., object]:
    """The function whose code is at this place, with this in its cells."""
    outermost, *within = qualname.split(".<locals>.")
    code: CodeType = named(module, outermost).__code__  # type: ignore[attr-defined]  # a function
    for name in within:
        parts = [x for x in code.co_consts if isinstance(x, CodeType)]
        code = next(part for part in parts if part.co_name == name)
    cells = tuple(map(CellType, contents))
    f = FunctionType(code, vars(import_module(module)), code.co_name, None, cells)
    return update_wrapper(f, wrapped, updated=()) if wrapped else f
