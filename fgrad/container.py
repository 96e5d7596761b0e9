"""Containers: how each kind is taken apart into its items, and put together again.

A tree without its leaves is a structure: a `Branch` for each container, and a `Static` for all
else. What a thing of some class is in a tree, its role, is found once a class.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import Enum
from functools import partial
from numbers import Complex
from operator import attrgetter
from types import MemberDescriptorType, NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, final

from attrs import fields, frozen, has

from fgrad.number import is_number
from fgrad.primitive import Operand, Primitive
from fgrad.source import compile_function

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LEAF",
    "ROLES",
    "Branch",
    "Container",
    "Leaf",
    "Leaves",
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
        return "float" if self is LEAF else repr(self.content)

    def __reduce__(self) -> str | tuple[type[Static], tuple[object]]:
        return "LEAF" if self is LEAF else (Static, (self.content,))


class _Place:
    """The content of the structure of a leaf: equal to nothing else."""

    def __repr__(self) -> str:
        return "a leaf"


LEAF: Final = Static(_Place())
"""The structure of a leaf."""

Structure: TypeAlias = "Branch | Static"
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


@final
class Leaves:
    """The leaves that are put into structures, and the place of the next."""

    __slots__ = ("items", "place")

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items
        self.place = 0

    def next(self, count: int) -> Sequence[Any]:
        """As many more."""
        self.place += count
        return self.items[self.place - count : self.place]


Take: TypeAlias = "Callable[[Any, list[Leaf]], Structure]"
Put: TypeAlias = "Callable[[Branch, Leaves], object]"


@frozen
class Role:
    """What things of a class are in a tree. take: the structure of one; its leaves are noted."""

    take: Take


@final
@frozen
class Container(Role):
    """How a kind of container is taken apart into keys and items, and put together again.

    keys: field names, dict keys, an array's shape, or nothing for a sequence.
    spelling: where an item is, as Python would write it.
    """

    put: Put
    items: Callable[[Any], Sequence[object]]
    keys: Callable[[Any], tuple[Hashable, ...]]
    spelling: str = "[{}]"


def take(tree: object, leaves: list[Leaf]) -> Structure:
    """The structure of `tree`; its leaves are added to `leaves`."""
    return ROLES[type(tree)].take(tree, leaves)


def put(structure: Structure, leaves: Leaves) -> object:
    """The tree of this structure, with the next of `leaves` in it."""
    if type(structure) is Static:
        return leaves.next(1)[0] if structure is LEAF else structure.content
    return ROLES[structure.kind].put(structure, leaves)  # type: ignore[attr-defined]  # it was open


def _container(
    items: Callable[[Any], Sequence[object]],
    close: Callable[[tuple[Hashable, ...], Sequence[Any]], object],
    keys: Callable[[Any], tuple[Hashable, ...]],
    spelling: str = "[{}]",
) -> Container:
    """A kind of container that is an item after the other."""

    def take_items(tree: object, leaves: list[Leaf]) -> Structure:
        things = items(tree)
        for thing in things:
            if thing.__class__ is not float:
                break
        else:
            leaves.extend(things)  # type: ignore[arg-type]  # they are floats
            return _branch((type(tree), keys(tree), len(things), None))
        children = tuple([take(thing, leaves) for thing in things])
        leafy = all(child is LEAF for child in children)
        return _branch((type(tree), keys(tree), len(things), None if leafy else children))

    def put_items(branch: Branch, leaves: Leaves) -> object:
        if branch.children is None:
            return close(branch.keys, leaves.next(branch.size))
        return close(branch.keys, [put(child, leaves) for child in branch.children])

    return Container(take_items, put_items, items, keys, spelling)


_TAKE: Final = """\
def function(tree, leaves):
{fields}\
    return branch((kind, names, {size}, None if {leafy} else ({slots})))
"""
_TAKE_FIELD: Final = """\
    item = tree.{name}
    if item.__class__ is float:
        leaves.append(item)
        {slot} = LEAF
    else:
        {slot} = roles[type(item)].take(item, leaves)
"""
_PUT: Final = """\
def function(branch, leaves):
    instance = new(kind)
    [{slots}] = branch.children or all_leaves
{fields}\
    return instance
"""
_PUT_FIELD: Final = """\
    if {slot} is LEAF:
        place = leaves.place
        leaves.place = place + 1
        {slot} = leaves.items[place]
    elif {slot}.__class__ is Static:
        {slot} = {slot}.content
    else:
        {slot} = roles[{slot}.kind].put({slot}, leaves)
    set_{slot}(instance, {slot})
"""


def _record(kind: type, names: tuple[str, ...]) -> Container:
    """How an instance of an attrs class or a dataclass, frozen or not, is taken and put.

    Written out field by field: the parameters of a model are in many small records.
    """
    slots = {f"slot_{i}": name for i, name in enumerate(names)}
    known: dict[str, object] = {f"set_{slot}": _setter(kind, slots[slot]) for slot in slots}
    known |= {"kind": kind, "names": names, "all_leaves": (LEAF,) * len(names)}
    known |= {"roles": ROLES, "branch": _branch, "LEAF": LEAF, "Static": Static}
    known |= {"new": object.__new__}

    def written(template: str, field: str) -> Callable[..., Any]:
        source = template.format(
            fields="".join(field.format(slot=slot, name=slots[slot]) for slot in slots),
            slots="".join(f"{slot}, " for slot in slots),
            leafy=" is ".join([*slots, "LEAF"]),
            size=len(slots),
        )
        return compile_function(source, known)

    return Container(
        written(_TAKE, _TAKE_FIELD),
        written(_PUT, _PUT_FIELD),
        lambda tree: [getattr(tree, name) for name in names],
        lambda _: names,
        ".{}",
    )


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


def _close_array(shape: tuple[Hashable, ...], items: Sequence[object]) -> object:
    """A NumPy array of this shape: of floats, or of objects if an item is no float."""
    numpy = sys.modules["numpy"]
    floats = all(isinstance(item, float) for item in items)
    array = numpy.empty(len(items), dtype=float if floats else object)
    array[:] = items
    return array.reshape(shape)


def _take_number(thing: object, leaves: list[Leaf]) -> Static:
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


_NUMBER: Final = Role(_take_number)
_STATIC: Final = Role(lambda thing, _: _static((thing,)))


class _Roles(dict[type, Role]):
    """The role of each class, found when it is asked for."""

    def __missing__(self, kind: type) -> Role:
        role = self[kind] = _role(kind)
        return role


def _named_tuple(kind: type[tuple[Any, ...]], names: tuple[str, ...]) -> Container:
    return _container(tuple, lambda _, items: tuple.__new__(kind, items), lambda _: names, ".{}")


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
        return _NUMBER
    if issubclass(kind, (Primitive, str, bool, Enum, NoneType)):
        return _STATIC
    if is_array(kind):
        return _container(_array_items, _close_array, attrgetter("shape"), ".flat[{}]")
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _named_tuple(kind, kind._fields)
    names = _field_names(kind)
    if names is not None:
        return _record(kind, names)
    called = any("__call__" in vars(base) for base in kind.__mro__)
    return _STATIC if called else _NUMBER


ROLES: Final = _Roles(
    {
        tuple: _container(tuple, lambda _, items: tuple(items), lambda _: ()),
        list: _container(list, lambda _, items: list(items), lambda _: ()),
        dict: _container(
            lambda tree: tuple(tree.values()),
            lambda keys, items: dict(zip(keys, items, strict=True)),
            tuple,
            "[{!r}]",
        ),
    }
)
