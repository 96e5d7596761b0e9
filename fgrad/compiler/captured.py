"""What a function reads besides its arguments, and whether it is still what it was."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import is_
from types import CodeType, FunctionType, MethodType, ModuleType

from fgrad.primitive import Primitive

__all__ = ["Captured"]

_FOREIGN = frozenset({"fgrad", *sys.stdlib_module_names})


class Captured:
    """The closure cells, globals, defaults, attributes and items that a function can reach.

    It looks into the functions that the function names, bound methods, partials and callable
    objects; into the attributes of objects, the items of containers, and the attributes of modules
    that are named. It does not look into the standard library, nor behind computed names
    (`getattr(self, name)`, `globals()[name]`).
    """

    def __init__(self, f: Callable[..., object]) -> None:
        self._attributes: list[tuple[object, str, object]] = []
        self._names: list[tuple[Mapping[str, object], str, object]] = []
        self._items: list[tuple[Iterable[object], tuple[object, ...]]] = []
        self._reached: set[int] = set()
        pending: list[object] = [f]
        for thing in pending:
            if id(thing) not in self._reached:
                self._reached.add(id(thing))
                pending.extend(self._look_into(thing))

    def changed(self) -> bool:
        """Whether anything is another object than it was."""
        for space, name, seen in self._names:
            if space.get(name) is not seen:
                return True
        for thing, name, seen in self._attributes:
            if getattr(thing, name, None) is not seen:
                return True
        return any(
            len(now) != len(seen) or not all(map(is_, now, seen))
            for now, seen in ((tuple(_items(items)), seen) for items, seen in self._items)
        )

    def _look_into(self, thing: object) -> Iterator[object]:
        if isinstance(thing, FunctionType):
            yield from self._look_into_function(thing)
        elif isinstance(thing, (MethodType, partial)):
            names = (
                ("func", "args", "keywords")
                if isinstance(thing, partial)
                else ("__func__", "__self__")
            )
            yield from [getattr(thing, name) for name in names]
        elif isinstance(thing, (list, tuple, dict, set)):
            seen = tuple(_items(thing))
            self._items.append((thing, seen))
            yield from seen
        elif not isinstance(thing, (type, ModuleType, Primitive)):
            if callable(thing):
                yield type(thing).__call__
            slots = [
                name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())
            ]
            yield from self._attributes_of(thing, [*getattr(thing, "__dict__", ()), *slots])

    def _attributes_of(self, thing: object, names: Iterable[str]) -> Iterator[object]:
        for name in names:
            seen = getattr(thing, name, None)
            self._attributes.append((thing, name, seen))
            yield seen

    def _look_into_function(self, f: FunctionType) -> Iterator[object]:
        if (f.__module__ or "").partition(".")[0] in _FOREIGN:
            return
        yield from (f.__defaults__ or (), f.__kwdefaults__ or {})
        for cell in f.__closure__ or ():
            yield from self._attributes_of(cell, ["cell_contents"])
        names = set(_names(f.__code__))
        for name in sorted(names & f.__globals__.keys()):
            thing = f.__globals__[name]
            self._names.append((f.__globals__, name, thing))
            yield thing
            if isinstance(thing, ModuleType) and thing.__name__.partition(".")[0] not in _FOREIGN:
                yield from self._attributes_of(thing, sorted(names & vars(thing).keys()))


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function's code, and that of the functions within it, looks up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _items(container: Iterable[object]) -> Iterable[object]:
    return [*container, *container.values()] if isinstance(container, dict) else container
