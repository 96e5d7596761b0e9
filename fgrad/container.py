"""Containers: how each kind is taken apart into its items, and put together again.

A tree without its leaves is a structure: a `Branch` for each container, and a `Static` for all
else. What a thing of some class is in a tree, its role, is found once a class.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from itertools import islice
from numbers import Complex
from operator import attrgetter, is_
from types import MemberDescriptorType, NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, final

from attrs import field, fields, frozen, has

from fgrad.number import is_number
from fgrad.primitive import Operand, Primitive
from fgrad.source import compile_function

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LEAF",
    "ROLES",
    "SCOPE",
    "Branch",
    "Container",
    "Leaf",
    "Static",
    "StrayError",
    "Structure",
    "is_array",
    "put",
    "take",
]

Leaf: TypeAlias = "float | Operand"


@final
class Branch(NamedTuple):
    """A container without its items: its type, its keys, and the structures of its items.

    `children` is None where all `size` items are leaves, which is the common case and the quick
    one.
    """

    kind: type
    keys: tuple[Hashable, ...]
    size: int
    children: tuple[Structure, ...] | None

    def __str__(self) -> str:
        children = self.children or (LEAF,) * self.size
        keys = () if is_array(self.kind) else self.keys
        named = zip([f"{key}: " for key in keys] or [""] * self.size, children, strict=True)
        return f"{self.kind.__name__}({', '.join(f'{key}{child}' for key, child in named)})"


@final
class Static(NamedTuple):
    """Something in a tree that is neither container nor leaf."""

    content: object

    def __str__(self) -> str:
        return repr(self.content)


class _Leaf(Enum):
    LEAF = "float"

    def __str__(self) -> str:
        return self.value


LEAF: Final = _Leaf.LEAF
"""The structure of a leaf."""

Structure: TypeAlias = "Branch | Static | Literal[_Leaf.LEAF]"
_static: Callable[[tuple[object]], Static] = partial(tuple.__new__, Static)
_branch: Callable[[tuple[object, ...]], Branch] = partial(tuple.__new__, Branch)  # no Python frame


def is_array(kind: type) -> bool:
    """Whether it is the class of NumPy's arrays, which need not have been imported."""
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray"


class StrayError(Exception):
    """Something has no place in a tree; where it is, is looked for only then."""

    def __init__(self, item: object, remedy: str = "") -> None:
        super().__init__(f"expected float, got {type(item).__name__} {item!r:.60}{remedy}")
        self.item = item


Close: TypeAlias = "Callable[[tuple[Hashable, ...], Iterable[Any]], object]"


@final
@frozen
class Container:
    """How a kind of container is taken apart into keys and items, and put together again.

    keys: field names, dict keys, an array's shape, or nothing for a sequence.
    close: the container of these keys and items.
    reading: its items, as Python code over `SCOPE` with {0} for the container.
    likeness: the condition that one of the class has size {1} and keys {2}, as code; none if all
        of the class have.
    spelling: where an item is, as Python would write it.
    """

    keys: Callable[[Any], tuple[Hashable, ...]]
    close: Close
    reading: str
    likeness: str = ""
    spelling: str = "[{}]"
    items: Callable[[Any], Collection[object]] = field(init=False)

    @items.default
    def _items(self) -> Callable[[Any], Collection[object]]:
        return compile_function(f"def items(tree): return {self.reading.format('tree')}", SCOPE)


def take(tree: object, leaves: list[Leaf]) -> Structure:
    """The structure of `tree`; its leaves are added to `leaves`."""
    if tree.__class__ is float:
        leaves.append(tree)
        return LEAF
    kind = type(tree)
    role = ROLES[kind]
    if not isinstance(role, Container):
        return role(tree, leaves)
    items = role.items(tree)
    return _branch((kind, role.keys(tree), len(items), _children(items, leaves)))


def _children(items: Collection[object], leaves: list[Leaf]) -> tuple[Structure, ...] | None:
    """The structures of the items, None if all are leaves; these are added to `leaves`."""
    for item in items:
        if item.__class__ is not float:
            children = tuple([take(item, leaves) for item in items])
            return children if children.count(LEAF) < len(children) else None
    leaves.extend(items)  # type: ignore[arg-type]  # they are floats
    return None


def put(structure: Structure, leaves: Iterator[object]) -> object:
    """The tree of this structure, with the next of `leaves` in it."""
    if structure is LEAF:
        return next(leaves)
    if isinstance(structure, Static):
        return structure.content
    kind, keys, size, children = structure
    close = ROLES[kind].close  # type: ignore[union-attr]  # it was taken apart
    if children is None:
        return close(keys, islice(leaves, size))
    return close(keys, [put(child, leaves) for child in children])


_CLOSE: Final = """\
def close(keys, items):
    [{slots}] = items
    record = new(kind)
{fields}\
    return record
"""
_FIELD: Final = """\
    set_{slot}(record, {slot})
"""


def _record(kind: type, names: tuple[str, ...]) -> Container:
    """How an instance of an attrs class or a dataclass, frozen or not, is taken and put.

    Written out field by field: the parameters of a model are in many small records.
    """
    slots = {f"slot_{i}": name for i, name in enumerate(names)}
    known: dict[str, object] = {f"set_{slot}": _setter(kind, slots[slot]) for slot in slots}
    fields = "".join([_FIELD.format(slot=slot) for slot in slots])
    source = _CLOSE.format(slots=", ".join(slots), fields=fields)
    close = compile_function(source, known | {"kind": kind, "new": object.__new__})
    reading = f"({''.join([f'{{0}}.{name}, ' for name in names])})"
    return Container(lambda _: names, close, reading, spelling=".{}")


def _setter(kind: type, name: str) -> Callable[[object, object], None]:
    """What sets a field, frozen or not: its slot, which is quicker, if it has one."""
    slot = getattr(kind, name, None)
    if isinstance(slot, MemberDescriptorType):
        return slot.__set__
    return lambda instance, item: object.__setattr__(instance, name, item)


def _array_items(array: NDArray[np.generic]) -> Sequence[object]:
    if array.dtype.kind not in "fO":
        whole = array.dtype.kind in "iub"
        remedy = "write .astype(float)" if whole else "an array in a tree is of floats"
        raise StrayError(array, f" of {array.dtype} ({remedy})")
    floats = array if array.dtype.kind == "O" else array.astype(float)
    return floats.ravel().tolist()


def _close_array(shape: tuple[Hashable, ...], items: Iterable[object]) -> object:
    """A NumPy array of this shape: of floats, or of objects if an item is no float."""
    numpy = sys.modules["numpy"]
    numbers = list(items)
    floats = all(isinstance(number, float) for number in numbers)
    array = numpy.empty(len(numbers), dtype=float if floats else object)
    array[:] = numbers
    return array.reshape(shape)


def _take_number(thing: object, leaves: list[Leaf]) -> Structure:
    if not isinstance(thing, (float, Operand)):
        raise StrayError(thing, _remedy(thing))
    leaves.append(float(thing) if isinstance(thing, float) else thing)
    return LEAF


def _remedy(thing: object) -> str:
    """What to write instead."""
    if type(thing) is int and abs(thing) < 1 << 53:
        return f" (write {thing}.0)"
    if isinstance(thing, Complex) and not is_number(thing):
        return " (write .real and .imag of it)"
    if hasattr(thing, "__float__") and not isinstance(thing, Iterable):
        return " (write float(...) of it)"
    return " (a tree is of tuples, lists, dicts, attrs classes, dataclasses and NumPy arrays)"


def _take_static(thing: object, _: list[Leaf]) -> Structure:
    return _static((thing,))


Role: TypeAlias = "Container | Callable[[Any, list[Leaf]], Structure]"
"""How a container is taken apart; of anything else, what takes it: if it is a leaf it is noted."""


class _Roles(dict[type, Role]):
    """The role of each class, found when it is asked for."""

    def __missing__(self, kind: type) -> Role:
        role = self[kind] = _role(kind)
        return role


def _named_tuple(kind: type[tuple[Any, ...]], names: tuple[str, ...]) -> Container:
    close: Close = lambda _, items: tuple.__new__(kind, items)  # noqa: E731 - as the others
    return Container(lambda _: names, close, "{0}", spelling=".{}")


def _field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a record; None of what is none, or holds more, as a dict or an exception."""
    if any(base.__module__ == "builtins" for base in kind.__mro__[:-1]):
        return None
    if has(kind):
        return tuple(field.name for field in fields(kind))
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        return tuple(field.name for field in dataclasses.fields(kind))
    return None


def _role(kind: type) -> Role:
    """The first that fits: an enum may be a dataclass, too, and is a constant nonetheless."""
    if issubclass(kind, Operand):
        return _take_number
    if issubclass(kind, (Primitive, str, bool, Enum, NoneType)):
        return _take_static
    if is_array(kind):
        shape, items, like = attrgetter("shape"), "array_items({0})", "{0}.shape == {2}"
        return Container(shape, _close_array, items, like, ".flat[{}]")
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _named_tuple(kind, kind._fields)
    names = _field_names(kind)
    if names is not None:
        return _record(kind, names)
    called = any("__call__" in vars(base) for base in kind.__mro__)
    return _take_static if called else _take_number


SCOPE: Final[Mapping[str, object]] = {"array_items": _array_items, "is_": is_}
"""What the code of containers calls."""

ROLES: Final = _Roles(
    {
        tuple: Container(lambda _: (), lambda _, items: tuple(items), "{0}", "len({0}) == {1}"),
        list: Container(
            lambda _: (), lambda _, items: list(items), "tuple({0})", "len({0}) == {1}"
        ),
        dict: Container(
            tuple,
            lambda keys, items: dict(zip(keys, items, strict=True)),
            "tuple({0}.values())",
            "len({0}) == {1} and all(map(is_, {0}, {2}))",
            "[{!r}]",
        ),
    }
)
