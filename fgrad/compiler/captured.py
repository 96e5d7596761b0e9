"""What a function reads besides its arguments, and whether it is still what it was."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from operator import is_
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Final, NamedTuple, Protocol, TypeAlias

from fgrad.primitive import Primitive

__all__ = ["Captured", "Cell", "Global", "Watched"]

_FOREIGN: Final = frozenset({"fgrad", *sys.stdlib_module_names})
_INSTALLED: Final = ("site-packages", "dist-packages")
_NOTHING: Final = object()
_CARRIERS: Final[Mapping[type, Sequence[str]]] = {
    partial: ("func", "args", "keywords"),
    MethodType: ("__func__", "__self__"),
    property: ("fget",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
}
"""Kinds of objects that carry functions, and where."""


class Cell(NamedTuple):
    """A cell of a closure, and what was in it."""

    cell: CellType
    content: object

    def changed(self) -> bool:
        """Whether it holds something else."""
        return self.cell.cell_contents is not self.content


class Global(NamedTuple):
    """A global of a module, and what it was."""

    space: Mapping[str, object]
    name: str
    content: object

    def changed(self) -> bool:
        """Whether it is something else."""
        return self.space.get(self.name, _NOTHING) is not self.content


class _Attribute(NamedTuple):
    thing: object
    name: str
    content: object

    def changed(self) -> bool:
        return getattr(self.thing, self.name, _NOTHING) is not self.content


class _Items(NamedTuple):
    """The items of a container, each by its identity."""

    container: Iterable[object]
    content: tuple[object, ...]

    def changed(self) -> bool:
        now = tuple(_items(self.container))
        return len(now) != len(self.content) or not all(map(is_, now, self.content))


class _Buffer(Protocol):
    def tobytes(self) -> bytes: ...


class _Array(NamedTuple):
    """The bytes of an array."""

    array: _Buffer
    content: bytes

    def changed(self) -> bool:
        return self.array.tobytes() != self.content


Watched: TypeAlias = "Cell | Global"
"""What native code can look at by itself."""


class Captured:
    """The closure cells, globals, defaults, attributes and items that functions can reach.

    It looks into the functions that are named, bound methods, partials and callable objects; into
    the attributes of objects, the items of lists, tuples, dicts, sets and deques, the bytes of
    arrays, and the attributes of modules that are named. It does not look into the standard library
    and installed packages, nor behind computed names (`getattr(self, name)`, `globals()[name]`).
    """

    def __init__(self, *things: object) -> None:
        self.watched: list[Watched] = []
        """What changes hands by a name: checked first, and by native code."""
        self.contents: list[_Attribute | _Items | _Array] = []
        """What changes within: checked by Python only."""
        self._reached: dict[int, object] = {}
        pending = list(things)
        for thing in pending:
            if id(thing) not in self._reached:
                self._reached[id(thing)] = thing  # kept, or another could get its id
                pending.extend(self._look_into(thing))

    def changed(self) -> bool:
        """Whether anything is another object than it was."""
        try:
            return any(x.changed() for x in self.watched) or any(x.changed() for x in self.contents)
        except ValueError:  # a cell has been emptied
            return True

    def _look_into(self, thing: object) -> Iterator[object]:
        yield getattr(thing, "__wrapped__", None)
        if isinstance(thing, FunctionType):
            yield from self._look_into_function(thing)
        elif isinstance(thing, tuple(_CARRIERS)):
            carrier = next(kind for kind in _CARRIERS if isinstance(thing, kind))
            yield from [getattr(thing, name) for name in _CARRIERS[carrier]]
        elif isinstance(thing, (list, tuple, dict, set, frozenset, deque)):
            yield from self._look_into_items(thing)
        elif isinstance(thing, type):
            yield from self._look_into_class(thing)
        elif hasattr(thing, "tobytes"):
            self.contents.append(_Array(thing, thing.tobytes()))
        elif not isinstance(thing, (ModuleType, Primitive)):
            yield from self._look_into_object(thing)

    def _look_into_items(self, container: Iterable[object]) -> Iterator[object]:
        found = tuple(_items(container))
        if not isinstance(container, (tuple, frozenset)):
            self.contents.append(_Items(container, found))
        yield from found

    def _look_into_object(self, thing: object) -> Iterator[object]:
        yield type(thing)
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        names = [*getattr(thing, "__dict__", ()), *slots]
        yield from self._look_into_attributes(thing, names)

    def _look_into_class(self, kind: type) -> Iterator[object]:
        if not _is_foreign(kind.__module__, _file(kind.__module__)):
            yield from kind.__bases__
            names = [name for name in vars(kind) if not name.startswith("__") or name == "__call__"]
            yield from self._look_into_attributes(kind, names)

    def _look_into_attributes(self, thing: object, names: Iterable[str]) -> Iterator[object]:
        for name in names:
            content = getattr(thing, name, _NOTHING)
            self.contents.append(_Attribute(thing, name, content))
            yield content

    def _look_into_function(self, f: FunctionType) -> Iterator[object]:
        yield from (f.__defaults__, f.__kwdefaults__)
        foreign = _is_foreign(str(f.__globals__.get("__name__")), f.__code__.co_filename)
        for cell in f.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:
                continue  # a name that nothing was given to yet
            if not foreign:
                self.watched.append(Cell(cell, content))
            yield content
        if not foreign:
            yield from self._look_into_globals(f)

    def _look_into_globals(self, f: FunctionType) -> Iterator[object]:
        names = set(_names(f.__code__))
        for name in sorted(names & f.__globals__.keys()):
            content = f.__globals__[name]
            self.watched.append(Global(f.__globals__, name, content))
            yield content
            if isinstance(content, ModuleType):
                yield from self._look_into_module(content, names)

    def _look_into_module(self, module: ModuleType, names: AbstractSet[str]) -> Iterator[object]:
        if not _is_foreign(module.__name__, _file(module.__name__)):
            yield from self._look_into_attributes(module, sorted(names & vars(module).keys()))


def _is_foreign(module: str, file: str | None) -> bool:
    """Whether this module belongs to the standard library, to fgrad or to an installed package."""
    installed = any(name in (file or "") for name in _INSTALLED)
    return installed or module.partition(".")[0] in _FOREIGN


def _file(module: str) -> str | None:
    """The file of a module that is imported; that of the main module may be another's."""
    return None if module == "__main__" else getattr(sys.modules.get(module), "__file__", None)


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function's code, and that of the functions within it, looks up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _items(container: Iterable[object]) -> Iterable[object]:
    return [*container, *container.values()] if isinstance(container, dict) else container
