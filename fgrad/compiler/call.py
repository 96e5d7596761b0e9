"""The arguments of a call, parted into the numbers that vary and all the rest."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from numbers import Number
from typing import NamedTuple, TypeAlias

from fgrad.primitive import Operand
from fgrad.tree import LEAF, Leaf, Static, Structure, flatten, unflatten

__all__ = ["Call", "Same"]


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
    names: tuple[str, ...]

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
        return cls(key, numbers, tuple(parts), names)  # type: ignore[arg-type]  # floats, then

    @property
    def objects(self) -> list[object]:
        """What counts by its identity, and functions: they may change within."""
        return [thing for part in self.parts for thing in _objects(part)]

    def changed(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> bool:
        """Whether the arguments, once the function has run, are others than they were."""
        now = Call.of(args, kwargs)
        if now is None or now.key != self.key:
            return True
        return list(map(float.hex, now.numbers)) != list(map(float.hex, self.numbers))

    def arguments(self, numbers: Iterable[object]) -> tuple[list[object], dict[str, object]]:
        """The arguments with other numbers in them."""
        rest = iter(numbers)
        things = [
            part.thing if isinstance(part, Same) else unflatten(part, rest) for part in self.parts
        ]
        count = len(things) - len(self.names)
        return things[:count], dict(zip(self.names, things[count:], strict=True))


def _taken(argument: object) -> tuple[list[Leaf], _Part]:
    if isinstance(argument, (int, Number, bytes)) and not isinstance(argument, float):
        return [], Static(argument)
    try:
        found, structure = flatten(argument)
        hash(structure)
    except TypeError:
        return [], Same(argument)
    return found, structure


def _objects(part: _Part) -> Iterator[object]:
    if isinstance(part, Same):
        yield part.thing
    elif isinstance(part, Static):
        yield from () if part is LEAF else (part.content,)
    else:
        for child in part.children or ():
            yield from _objects(child)


def _exact(part: _Part) -> Hashable:
    """What tells a part from others: 1 from True and from 1.0, which are equal to Python."""
    if isinstance(part, Static):
        return type(part.content), part.content
    if isinstance(part, Same):
        return part
    children = tuple([_exact(child) for child in part.children or ()])
    return part.kind, part.keys, tuple(map(type, part.keys)), part.size, children
