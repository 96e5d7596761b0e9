"""What a function reads besides its arguments, and whether it is still what it was."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from numbers import Number
from operator import is_
from types import (
    BuiltinMethodType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any, Final, NamedTuple, TypeAlias, TypeGuard, TypeVar

from fgrad.compiler.reads import Reads
from fgrad.primitive import Primitive
from fgrad.watch import is_library

__all__ = ["ABSENT", "Captured", "Cell", "Code", "Global", "Watched"]

T = TypeVar("T")

ABSENT: Final = object()
"""The content of a cell that is empty, and of a name that a module has not."""
_EMPTY: Final[dict[str, object]] = {}
_VIEWS: Final = type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items())
_UNCHANGING: Final = (Number, str, bytes, type(None), Primitive)
"""What cannot change, or is looked at by whoever runs it."""
_CARRIERS: Final[Mapping[type, Sequence[str]]] = {
    partial: ("func", "args", "keywords"),
    MethodType: ("__func__", "__self__"),
    BuiltinMethodType: ("__self__",),
    MethodWrapperType: ("__self__",),
    property: ("fget",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
}
"""Kinds of objects that carry functions, and where; a class of its own says it in `carries`."""


class Cell(NamedTuple):
    """A cell of a closure, and what was in it."""

    cell: CellType
    content: object


class Global(NamedTuple):
    """A name in a module, and what it stood for."""

    space: Mapping[str, object]
    name: str
    content: object


class Code(NamedTuple):
    """A function, and what it was made of: `%autoreload` and others exchange that in place."""

    function: FunctionType
    code: CodeType
    defaults: object
    keyword_defaults: object

    @classmethod
    def of(cls, f: FunctionType) -> Code:
        """The function as it is now."""
        return cls(f, f.__code__, f.__defaults__, f.__kwdefaults__)


Watched: TypeAlias = "Cell | Global | Code"
"""What native code can look at by itself."""


class _Inside(NamedTuple):
    """A thing that may change within, and what `look` saw there: each object by its identity."""

    thing: object
    look: Callable[[Any], Sequence[object]]
    content: Sequence[object]

    def changed(self) -> bool:
        now = self.look(self.thing)
        return len(now) != len(self.content) or not all(map(is_, now, self.content))


class _Array(NamedTuple):
    """An array, or another buffer, and all that it was."""

    array: object
    content: Sequence[object]

    def changed(self) -> bool:
        return _buffer(self.array) != self.content


class _Unseen(NamedTuple):
    """A thing that raises where it is looked into: for all that is known it changes."""

    thing: object

    def changed(self) -> bool:
        return True


class Captured:
    """The code, closure cells, globals, defaults, attributes and items that functions can reach.

    It looks into the functions that are named, bound methods, partials and callable objects; into
    the attributes of functions, of objects and of their classes, the items of lists, tuples, dicts,
    sets and deques, the bytes of arrays, and the attributes of modules that are named; and whether
    names and cells that have nothing are given something. What is reached by a computed name
    (`globals()[name]`), an iterator, a weak reference or a context variable
    is not noticed, nor anything that changes in the standard library and in installed packages
    other than the function's own.
    """

    def __init__(self, *things: object) -> None:
        self.watched: list[Watched] = []
        """What changes hands by a name: checked first, and by native code."""
        self.contents: list[_Inside | _Array | _Unseen] = []
        """What changes within: checked by Python only."""
        self._reached: dict[int, object] = {}
        self._home = frozenset(map(_package, things))
        self._named: set[tuple[int, str]] = set()
        self._names: set[str] = set()
        pending = list(things)
        while pending:
            for thing in pending:
                if id(thing) not in self._reached and not _cannot_change(thing):
                    self._reached[id(thing)] = thing  # kept, or another could get its id
                    pending.extend(self._seen(thing))
            modules = [thing for thing in self._reached.values() if _is(thing, ModuleType)]
            pending = [thing for module in modules for thing in self._look_into_module(module)]
        self._cells = [x for x in self.watched if isinstance(x, Cell)]
        self._globals = [x for x in self.watched if isinstance(x, Global)]
        self._codes = [x for x in self.watched if isinstance(x, Code)]

    def changed(self) -> bool:
        """Whether anything is another object than it was."""
        try:
            for cell, content in self._cells:
                if _content(cell) is not content:
                    return True
            for space, name, content in self._globals:
                if space.get(name, ABSENT) is not content:
                    return True
            for f, code, defaults, keywords in self._codes:
                if (
                    f.__code__ is not code
                    or f.__defaults__ is not defaults
                    or f.__kwdefaults__ is not keywords
                ):
                    return True
            return bool(self.contents) and any(inside.changed() for inside in self.contents)
        except Exception:  # noqa: BLE001 - a dict that changes at this moment, or what cannot be seen
            return True

    def _seen(self, thing: object) -> Sequence[object]:
        try:
            return list(self._look_into(thing))
        except Exception:  # noqa: BLE001 - whatever it raises, the function may do without
            self.contents.append(_Unseen(thing))
            return ()

    def _look_into(self, thing: object) -> Iterator[object]:
        if _is(thing, FunctionType):
            yield from self._look_into_function(thing)
        elif _is(thing, tuple(_CARRIERS)):
            carrier = next(kind for kind in _CARRIERS if _is(thing, kind))
            names = getattr(type(thing), "carries", _CARRIERS[carrier])
            yield from [getattr(thing, name) for name in names]
            yield (_attributes(thing) or {}).get("__wrapped__")
        elif _is(thing, _VIEWS):
            yield from self._inside(thing, list)
        elif _is(thing, type):
            yield type(thing)
            if not self._is_foreign(thing.__module__, _file(thing.__module__)):
                yield from self._inside(thing, lambda kind: [*kind.__bases__, *_items(vars(kind))])
        elif hasattr(type(thing), "tobytes") or _is(thing, bytearray):
            self.contents.append(_Array(thing, _buffer(thing)))
            if getattr(thing, "dtype", None) == "O" and hasattr(thing, "ravel"):
                yield from thing.ravel()  # of objects, which may change within
        elif not _is(thing, ModuleType):
            yield from self._look_into_object(thing)

    def _look_into_object(self, thing: object) -> Iterator[object]:
        if _is(thing, (tuple, frozenset)):
            yield from thing
        elif _is(thing, (list, dict, set, deque, MappingProxyType)):
            yield from self._inside(thing, _items)
        slots = [
            member
            for kind in type(thing).__mro__
            if "__slots__" in vars(kind)
            for member in vars(kind).values()
            if isinstance(member, MemberDescriptorType)
        ]
        if slots or _attributes(thing) is not None:
            yield from self._inside(thing, partial(_fields, slots))
        else:
            yield type(thing)
        if hasattr(type(thing), "__wrapped__"):  # a proxy, of which that may be no attribute
            yield _wrapped(thing)

    def _inside(self, thing: object, look: Callable[[Any], Sequence[object]]) -> Sequence[object]:
        content = look(thing)
        self.contents.append(_Inside(thing, look, content))
        return content

    def _look_into_function(self, f: FunctionType) -> Iterator[object]:
        yield from (f.__defaults__, f.__kwdefaults__, vars(f).get("__wrapped__"))
        foreign = self._is_foreign(str(f.__globals__.get("__name__")), f.__code__.co_filename)
        for cell in f.__closure__ or ():
            if not foreign:
                self.watched.append(Cell(cell, _content(cell)))
            yield _content(cell)
        if foreign:
            return
        self.watched.append(Code.of(f))
        reads = Reads.of(f.__code__)
        if reads.stores or vars(f).keys() - {"__wrapped__"}:
            yield from self._inside(f, lambda f: _items(vars(f)))
        self._names |= reads.names
        here = reads.names & f.__globals__.keys() | reads.globals
        yield from self._look_at_names(f.__globals__, here)
        package = str(f.__globals__.get("__package__") or "")
        for imported in sorted(reads.imports):
            yield from self._look_at_import(imported.absolute(package), imported.name)

    def _look_at_import(self, module: str, name: str) -> Iterator[object]:
        """Watch a module, and a name that is taken of it, which may both be there only later."""
        yield from self._look_at_names(sys.modules, {module})
        found = sys.modules.get(module)
        if name and isinstance(found, ModuleType) and not self._is_foreign(module, _file(module)):
            yield from self._look_at_names(vars(found), {name})

    def _look_into_module(self, module: ModuleType) -> Iterator[object]:
        if not self._is_foreign(module.__name__, _file(module.__name__)):
            names = (self._names | {"__getattr__"}) & vars(module).keys()
            yield from self._look_at_names(vars(module), names)

    def _look_at_names(
        self, space: Mapping[str, object], names: AbstractSet[str]
    ) -> Iterator[object]:
        """Watch what names stand for, and for those that stand for nothing yet."""
        for name in sorted(names):
            if (id(space), name) not in self._named:
                self._named.add((id(space), name))
                content = space.get(name, ABSENT)
                self.watched.append(Global(space, name, content))
                yield content

    def _is_foreign(self, module: str, file: str | None) -> bool:
        """Whether a module is of the standard library, of fgrad or of another's installed package.

        Where the function itself is installed its own package is home.
        """
        package = module.partition(".")[0]
        if package == "fgrad" or package in self._home:
            return package == "fgrad"
        if file is None or file.startswith("<"):
            return package in sys.stdlib_module_names
        return is_library(file)


def _package(thing: object) -> str:
    """The package that a function is from, or the class of an object."""
    if isinstance(thing, partial):
        return _package(thing.func)
    if isinstance(thing, FunctionType) and hasattr(thing, "__wrapped__"):
        return _package(thing.__wrapped__)
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _file(module: str) -> str | None:
    """The file of a module that is imported; that of the main module may be another's."""
    return None if module == "__main__" else getattr(sys.modules.get(module), "__file__", None)


def _cannot_change(thing: object) -> bool:
    """Whether a thing cannot change."""
    return _is(thing, _UNCHANGING) and _attributes(thing) is None


def _is(thing: object, kinds: type[T] | tuple[type[T], ...]) -> TypeGuard[T]:
    """As `isinstance`, without asking the thing: a proxy says that it is another, or raises."""
    return issubclass(type(thing), kinds)


def _attributes(thing: Any) -> dict[str, object] | None:  # noqa: ANN401 - of any kind
    """What an object has in its `__dict__`: a proxy gives another's, or raises."""
    try:
        found = thing.__dict__
        return found if isinstance(found, dict) else None
    except Exception:  # noqa: BLE001 - whatever looking at it raises, the function may do without
        return None


def _wrapped(proxy: Any) -> object:  # noqa: ANN401 - of any kind
    try:
        return proxy.__wrapped__
    except Exception:  # noqa: BLE001 - as above
        return None


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def _items(container: Iterable[object]) -> Sequence[object]:
    if isinstance(container, (dict, MappingProxyType)):
        return [*container, *container.values()]
    return list(container)


def _fields(slots: Iterable[MemberDescriptorType], thing: object) -> Sequence[object]:
    """The class of an object, and its attributes, those in its slots first."""
    found = [_slot(member, thing) for member in slots]
    return [type(thing), *found, *_items(_attributes(thing) or {})]


def _slot(member: MemberDescriptorType, thing: object) -> object:
    try:
        return member.__get__(thing)
    except AttributeError:
        return ABSENT


def _buffer(array: Any) -> Sequence[object]:  # noqa: ANN401 - of any kind
    content = array.tobytes() if hasattr(array, "tobytes") else bytes(array)
    return content, getattr(array, "shape", None), getattr(array, "dtype", None)
