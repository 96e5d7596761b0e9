"""Trees: numbers in nested containers, taken apart and put together again.

Containers are tuple, list, dict (in its own key order), NamedTuple, attrs classes, dataclasses
and, where NumPy has been imported, its arrays. `None`, strings, bools, enum members and
callables are static: part of the structure, carried along untouched. Everything else must be a
leaf, which is a float or an operand (a Node, a Value).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from enum import Enum
from functools import partial
from itertools import islice
from operator import attrgetter
from types import MemberDescriptorType, NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar, final, overload

from attrs import fields, has

from fgrad.primitive import Operand, Primitive
from fgrad.source import compile_function

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fgrad.signatures import Tree

__all__ = [
    "LEAF",
    "Branch",
    "Leaf",
    "Static",
    "Structure",
    "flatten",
    "map_operands",
    "paths",
    "ravel",
    "tree_map",
    "unflatten",
]

Leaf: TypeAlias = "float | Operand"


@final
class Branch(NamedTuple):
    """A container without its items: its type, its keys, and the structures of its items.

    `children` is
    None where all `size` items are leaves, which is the common case and the quick one.
    """

    kind: type
    keys: tuple[Hashable, ...]
    size: int
    children: tuple[Structure, ...] | None

    def __str__(self) -> str:
        children = self.children or (LEAF,) * self.size
        keys = () if self.kind.__module__ == "numpy" else self.keys
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


def flatten(tree: object, name: str = "tree") -> tuple[list[Leaf], Structure]:
    """The leaves of `tree`, left to right, and its structure.

    A TypeError names the path, from `name` on, of what is neither container, static nor leaf.

    >>> flatten({"w": (1.0, 2.0), "tag": "linear"})[0]
    [1.0, 2.0]
    >>> flatten([1.0, [2.0, 3]], "params")
    Traceback (most recent call last):
    TypeError: params[1][1]: expected float, got int 3 (write 3.0)
    """
    leaves: list[Leaf] = []
    try:
        return leaves, _take(tree, leaves)
    except _StrayError as stray:
        where = next(path for path, thing in paths(tree, name) if thing is stray.item)
        raise TypeError(f"{where}: {stray}") from None


def unflatten(structure: Structure, leaves: Iterable[object]) -> object:
    """The tree of this structure with `leaves` in the places of the leaves.

    Containers of a class are made without calling its `__init__`: what was valid stays as it is.
    """
    return _put(structure, iter(leaves))


class _StrayError(Exception):
    """Something has no place in a tree; where it is, is looked for only then."""

    def __init__(self, item: object, remedy: str = "") -> None:
        super().__init__(f"expected float, got {type(item).__name__} {item!r:.60}{remedy}")
        self.item = item


@final
class _Container:
    """How a kind of container is taken apart into keys and items, and put together again.

    close: of the items alone, or of keys and items where each container has `keys` of its own.
    """

    __slots__ = ("close", "items", "keys", "names", "spelling")

    def __init__(
        self,
        items: Callable[[Any], Sequence[object]],
        close: Callable[..., object],
        names: tuple[str, ...] = (),
        spelling: str = "[{}]",
        keys: Callable[[Any], tuple[Hashable, ...]] | None = None,
    ) -> None:
        self.items, self.close = items, close
        self.names, self.spelling, self.keys = names, spelling, keys

    def keys_of(self, tree: object) -> tuple[Hashable, ...]:
        """Field names, dict keys, an array's shape, or nothing for a sequence."""
        return self.names if self.keys is None else self.keys(tree)

    def made(self, keys: tuple[Hashable, ...], items: list[object]) -> object:
        """The container of these items."""
        return self.close(items) if self.keys is None else self.close(keys, items)


class _Roles(dict[type, "_Container | Static | None"]):
    """What things of a class are in a tree: a container, static, or None; found when asked for."""

    def __missing__(self, kind: type) -> _Container | Static | None:
        role = self[kind] = _role(kind)
        return role


def _role(kind: type) -> _Container | Static | None:
    if issubclass(kind, (Operand, Primitive)):
        return None if issubclass(kind, Operand) else _STATIC
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return _Container(
            _array_items, _close_array, spelling=".flat[{}]", keys=attrgetter("shape")
        )
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _Container(tuple, partial(tuple.__new__, kind), kind._fields, ".{}")
    if has(kind):
        return _fields(kind, tuple(field.name for field in fields(kind)))
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        return _fields(kind, tuple(field.name for field in dataclasses.fields(kind)))  # type: ignore[arg-type]  # it is a dataclass
    called = any("__call__" in vars(base) for base in kind.__mro__)
    return _STATIC if called or issubclass(kind, (str, bool, Enum, NoneType)) else None


_STATIC: Final = Static("any")
_ROLES: Final = _Roles(
    {
        tuple: _Container(tuple, tuple),
        list: _Container(tuple, list),
        dict: _Container(
            lambda tree: tuple(tree.values()),
            lambda keys, items: dict(zip(keys, items, strict=True)),
            spelling="[{!r}]",
            keys=tuple,
        ),
    }
)

_CLOSE: Final = """\
def function(items):
    instance = new(kind)
    [{slots}] = items
{stores}    return instance
"""


def _fields(kind: type, names: tuple[str, ...]) -> _Container:
    """How to open and close an instance of an attrs class or a dataclass, frozen or not."""
    slots = {f"slot_{i}": _setter(kind, name) for i, name in enumerate(names)}
    stores = "".join(f"    set_{slot}(instance, {slot})\n" for slot in slots)
    source = _CLOSE.format(slots=", ".join(slots), stores=stores)
    setters = {f"set_{slot}": setter for slot, setter in slots.items()}
    close = compile_function(source, {**setters, "new": object.__new__, "kind": kind})
    items = attrgetter(*names) if len(names) > 1 else lambda tree: [getattr(tree, n) for n in names]
    return _Container(items, close, names, ".{}")


def _setter(kind: type, name: str) -> Callable[[object, object], None]:
    """What sets a field, frozen or not: its slot, which is quicker, if it has one."""
    slot = getattr(kind, name, None)
    if isinstance(slot, MemberDescriptorType):
        return slot.__set__
    return lambda instance, item: object.__setattr__(instance, name, item)


def _array_items(array: NDArray[np.generic]) -> Sequence[object]:
    if array.dtype.kind not in "fO":
        raise _StrayError(array, f" of {array.dtype} (write .astype(float))")
    floats = array if array.dtype.kind == "O" else array.astype(float)
    return floats.ravel().tolist()


def _close_array(shape: tuple[Hashable, ...], items: list[object]) -> object:
    """A NumPy array of this shape: of floats, or of objects if an item is no float."""
    numpy = sys.modules["numpy"]
    floats = all(isinstance(item, float) for item in items)
    array = numpy.empty(len(items), dtype=float if floats else object)
    array[:] = items
    return array.reshape(shape)


_FLOATS: Final = frozenset({float})
_static: Callable[[tuple[object]], Static] = partial(tuple.__new__, Static)
_branch: Callable[[tuple[object, ...]], Branch] = partial(tuple.__new__, Branch)  # no Python frame


def _take(tree: object, leaves: list[Leaf]) -> Structure:
    """The structure of `tree`; its leaves are added to `leaves`."""
    kind = type(tree)
    role = _ROLES[kind]
    if role is _STATIC:
        return _static((tree,))
    if type(role) is not _Container:
        return _take_number(tree, leaves)
    items = role.items(tree)
    keys = role.names if role.keys is None else role.keys(tree)
    if not role.names and _FLOATS.issuperset(map(type, items)):
        leaves.extend(items)  # type: ignore[arg-type]  # they are floats
        return _branch((kind, keys, len(items), None))
    children: list[Structure] = []
    leafy = True
    for item in items:
        if item.__class__ is float:
            leaves.append(item)
            children.append(LEAF)
        else:
            child = _take(item, leaves)
            leafy = leafy and child is LEAF
            children.append(child)
    return _branch((kind, keys, len(items), None if leafy else tuple(children)))


def _take_number(thing: object, leaves: list[Leaf]) -> Static:
    if not isinstance(thing, (float, Operand)):
        raise _StrayError(thing, f" (write {thing}.0)" if isinstance(thing, int) else "")
    leaves.append(float(thing) if isinstance(thing, float) else thing)
    return LEAF


def _put(structure: Structure, leaves: Iterator[object]) -> object:
    if type(structure) is Static:
        return next(leaves) if structure is LEAF else structure.content
    kind, keys, size, children = structure
    if children is None:
        items = list(islice(leaves, size))
    else:
        items = [next(leaves) if child is LEAF else _put(child, leaves) for child in children]
    role = _ROLES[kind]
    return role.close(items) if role.keys is None else role.close(keys, items)  # type: ignore[union-attr]  # it was open


def map_operands(tree: object, change: Callable[[Operand], object]) -> object:
    """`tree` with every operand in it changed, whatever else it holds."""
    role = _ROLES[type(tree)]
    if type(role) is not _Container:
        return change(tree) if isinstance(tree, Operand) else tree
    try:
        items = role.items(tree)
    except _StrayError:  # an array of something else
        return tree
    return role.made(role.keys_of(tree), [map_operands(item, change) for item in items])


def closer(branch: Branch) -> Callable[[list[object]], object]:
    """The function that makes a container like `branch` of its items."""
    return partial(_ROLES[branch.kind].made, branch.keys)  # type: ignore[union-attr]  # it was open


def paths(tree: object, name: str) -> Iterator[tuple[str, object]]:
    """Everything in `tree` that is no container, and where, as Python would write it.

    >>> [path for path, _ in paths({"w": [1.0, 2.0], "b": 3.0}, "params")]
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    """
    role = _ROLES[type(tree)]
    if type(role) is not _Container:
        yield name, tree
        return
    try:
        items = role.items(tree)
    except _StrayError:  # an array of something else
        yield name, tree
        return
    keys = role.keys_of(tree)
    numbered = not keys or role.close is _close_array
    for key, item in zip(range(len(items)) if numbered else keys, items, strict=True):
        yield from paths(item, name + role.spelling.format(key))


A = TypeVar("A", bound="Tree")


@overload
def tree_map(f: Callable[[float], Leaf], tree: A, /) -> A: ...
@overload
def tree_map(f: Callable[[float, float], Leaf], tree: A, other: A, /) -> A: ...
@overload
def tree_map(f: Callable[[float, float, float], Leaf], tree: A, other: A, third: A, /) -> A: ...
def tree_map(f: Callable[..., Leaf], /, *trees: A) -> A:
    """The tree of `f` applied to the leaves of one or more trees of the same structure.

    A ValueError if the structures differ, a TypeError without a tree.

    >>> tree_map(lambda p, g: p - 0.5 * g, {"w": 1.0, "b": 2.0}, {"w": 2.0, "b": 0.0})
    {'w': 0.0, 'b': 2.0}
    """
    if not trees:
        raise TypeError("tree_map: expected a function and at least one tree, got no tree")
    taken = [flatten(tree) for tree in trees]
    structure = taken[0][1]
    for _, other in taken[1:]:
        if other != structure:
            message = f"tree_map: trees of different structure: {structure} and {other}"
            raise ValueError(message)
    mapped = map(f, *(leaves for leaves, _ in taken))
    return unflatten(structure, mapped)  # type: ignore[return-value]  # of the structure of A


def ravel(tree: A) -> tuple[tuple[float, ...], Callable[[Iterable[float]], A]]:
    """The numbers of a tree as one flat tuple, and the function that makes a tree of them again.

    >>> numbers, tree_of = ravel({"w": [1.0, 2.0], "b": 3.0})
    >>> numbers, tree_of([4.0, 5.0, 6.0])
    ((1.0, 2.0, 3.0), {'w': [4.0, 5.0], 'b': 6.0})
    """
    leaves, structure = flatten(tree)

    def tree_of(numbers: Iterable[float]) -> A:
        given = tuple(numbers)
        if len(given) != len(leaves):
            message = f"ravel: the tree has {len(leaves)} numbers, got {len(given)}"
            raise ValueError(message)
        return unflatten(structure, given)  # type: ignore[return-value]  # of A's structure

    return tuple(leaves), tree_of  # type: ignore[arg-type]  # numbers to whoever holds the tree
