"""The arguments of a call, parted into the numbers that vary and all the rest."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from numbers import Number
from types import MethodType
from typing import Final, NamedTuple, TypeAlias

from fgrad.container import LEAF, Branch, Leaf, Static, Structure
from fgrad.primitive import Operand
from fgrad.tree import flatten
from fgrad.unrolled import put

__all__ = ["Call"]


class Same:
    """An object as it is told from others: by its identity."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


_Part: TypeAlias = "Structure | Same"


class Call(NamedTuple):
    """The numbers of a call, and where they belong.

    Floats in trees are numbers. Any other number, a string, a bool, None and an enum member count
    as themselves; what is no tree, such as the `self` of a method, counts by its identity.
    """

    key: Hashable
    numbers: list[float]
    parts: tuple[_Part, ...]
    args: tuple[object, ...]
    kwargs: Mapping[str, object]

    @classmethod
    def of(cls, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Call | None:
        """The call; None if a number in it is no float but a node or a Value."""
        numbers: list[Leaf] = []
        parts: list[_Part] = []
        for argument in (*args, *kwargs.values()):
            if argument.__class__ is float:
                numbers.append(argument)
                parts.append(LEAF)
            else:
                found, part = _taken(argument)
                numbers += found
                parts.append(part)
        if any(isinstance(number, Operand) for number in numbers):
            return None
        names = tuple(kwargs)
        plain = not names and all(part is LEAF for part in parts)
        key = len(numbers) if plain else (tuple(map(_exact, parts)), names)
        return cls(key, numbers, tuple(parts), args, kwargs)  # type: ignore[arg-type]  # floats, then

    @property
    def objects(self) -> list[object]:
        """What counts by its identity, and functions: they may change within."""
        return [thing for part in self.parts for thing in _objects(part)]

    def changed(self) -> bool:
        """Whether the arguments, once the function has run, are others than they were."""
        now = Call.of(self.args, self.kwargs)
        if now is None or now.key != self.key:
            return True
        return list(map(float.hex, now.numbers)) != list(map(float.hex, self.numbers))

    def arguments(self, numbers: Iterable[object]) -> tuple[list[object], dict[str, object]]:
        """The arguments with other numbers in them."""
        rest = iter(numbers)
        things = [part.thing if isinstance(part, Same) else put(part, rest) for part in self.parts]
        count = len(self.args)
        return things[:count], dict(zip(self.kwargs, things[count:], strict=True))


def _taken(argument: object) -> tuple[list[Leaf], _Part]:
    if isinstance(argument, (Number, bytes)) and not _is_float(argument):
        return [], Static(argument)
    if str(getattr(argument, "dtype", "float64")) != "float64":
        return [], Same(argument)  # an array that computes otherwise than floats do
    try:
        found, structure = flatten(argument)
        hash(structure)
    except Exception:  # noqa: BLE001 - whatever looking at it raises, the function may do without
        return [], Same(argument)
    return found, structure


def _is_float(number: object) -> bool:
    """Whether it computes as floats do: a subclass may do otherwise."""
    return type(number) is float or (isinstance(number, float) and hasattr(number, "dtype"))


def _objects(part: _Part) -> Iterator[object]:
    if isinstance(part, Same):
        yield part.thing
    elif isinstance(part, Static):
        yield part.content
    elif isinstance(part, Branch):
        if part.kind.__module__ != "builtins":
            yield part.kind  # whose methods may read what changes
        for child in part.children or ():
            yield from _objects(child)


def _exact(part: _Part) -> Hashable:
    """What tells a part from others: 1 from True and from 1.0, which are equal to Python."""
    if isinstance(part, Same) or part is LEAF:
        return part
    if isinstance(part, Static):
        return _told(part.content)
    children = tuple([_exact(child) for child in part.children or ()])
    return part.kind, tuple(map(_told, part.keys)), part.size, children


def _told(thing: object) -> Hashable:
    """What tells a static thing, or a key, from all that do otherwise."""
    if type(thing) in _VALUES:
        return type(thing), thing
    if isinstance(thing, tuple):
        return type(thing), tuple(map(_told, thing))
    if isinstance(thing, Number) and type(thing).__module__ in _OF_NUMBERS:
        return type(thing), repr(thing)  # 0.0 and -0.0, Decimal("1.0") and Decimal("1.00")
    if isinstance(thing, MethodType):
        return Same(thing.__func__), Same(thing.__self__)
    return Same(thing)


_VALUES: Final = frozenset({int, bool, str, bytes, type(None)})
_OF_NUMBERS: Final = frozenset({"builtins", "decimal", "fractions", "numpy"})
"""Where the numbers are at home that are what they show: a class of one's own may hold more."""
