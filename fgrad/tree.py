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
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar, overload

from fgrad.primitive import Operand

if TYPE_CHECKING:
    from fgrad.signatures import Tree

__all__ = [
    "LEAF",
    "Branch",
    "Leaf",
    "Static",
    "Structure",
    "flatten",
    "paths",
    "ravel",
    "tree_map",
    "unflatten",
]

Leaf: TypeAlias = "float | Operand"


class Branch(NamedTuple):
    """A container without its items: its type, its keys, and the structures of its items.

    `keys` are field names, dict keys, an array's shape, or nothing for a sequence. `children` is
    None where all `size` items are leaves, which is the common case and the quick one.
    """

    kind: type
    keys: tuple[Hashable, ...]
    size: int
    children: tuple[Structure, ...] | None


class Static(NamedTuple):
    """Something in a tree that is neither container nor leaf."""

    content: object


LEAF: Final = Static("leaf")
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


_FLOATS: Final = frozenset({float})


def _take(tree: object, leaves: list[Leaf]) -> Structure:
    """The structure of `tree`; its leaves are added to `leaves`."""
    kind = tree.__class__
    keys: tuple[Hashable, ...] = ()
    items: Sequence[object]
    if kind is tuple or kind is list:  # a shortcut past _open
        items = tree  # type: ignore[assignment]  # by its class
    elif isinstance(tree, (float, Operand)):
        leaves.append(float(tree) if isinstance(tree, float) else tree)
        return LEAF
    else:
        opened = _open(tree)
        if opened is None:
            return _static(tree)
        keys, items = opened
    if _FLOATS.issuperset(map(type, items)):
        leaves.extend(items)  # type: ignore[arg-type]  # they are floats
        return Branch(kind, keys, len(items), None)
    children = tuple([_take(item, leaves) for item in items])
    all_leaves = all(child is LEAF for child in children)
    return Branch(kind, keys, len(items), None if all_leaves else children)


def _static(thing: object) -> Static:
    if thing is None or isinstance(thing, (str, bool, Enum)) or callable(thing):
        return Static(thing)
    raise _StrayError(thing, f" (write {thing}.0)" if isinstance(thing, int) else "")


def _open(tree: object) -> tuple[tuple[Hashable, ...], Sequence[object]] | None:
    """The keys (none for a sequence) and the items of a container; None if `tree` is none."""
    kind = type(tree)
    if isinstance(tree, (tuple, list)) and kind in (tuple, list):
        return (), tree
    if isinstance(tree, dict) and kind is dict:
        return tuple(tree), tuple(tree.values())
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(tree, numpy.ndarray):
        if tree.dtype.kind not in "fO":
            raise _StrayError(tree, f" of {tree.dtype} (write .astype(float))")
        return tree.shape, tree.ravel().tolist()
    names = _field_names(kind)  # type: ignore[arg-type]  # a class can be hashed
    return None if names is None else (names, [getattr(tree, name) for name in names])


@lru_cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a NamedTuple, an attrs class or a dataclass, else None."""
    if issubclass(kind, tuple):
        return getattr(kind, "_fields", None)
    if hasattr(kind, "__attrs_attrs__"):
        return tuple(field.name for field in kind.__attrs_attrs__)
    if hasattr(kind, "__dataclass_fields__"):
        return tuple(kind.__dataclass_fields__)
    return None


def paths(tree: object, name: str) -> Iterator[tuple[str, object]]:
    """Everything in `tree` that is no container, and where, as Python would write it.

    >>> [path for path, _ in paths({"w": [1.0, 2.0], "b": 3.0}, "params")]
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    """
    opened = None if isinstance(tree, Operand) else _open(tree)
    if opened is None:
        yield name, tree
        return
    keys, items = opened
    array = not isinstance(tree, (tuple, list, dict)) and not _field_names(type(tree))  # type: ignore[arg-type]  # a class can be hashed
    spelling = ".flat[{!r}]" if array else "[{!r}]" if isinstance(tree, (dict, list)) else ".{}"
    if not keys or array:
        keys, spelling = tuple(range(len(items))), spelling.replace(".{}", "[{}]")
    for key, item in zip(keys, items, strict=True):
        yield from paths(item, name + spelling.format(key))


def _put(structure: Structure, leaves: Iterator[object]) -> object:
    if isinstance(structure, Static):
        return next(leaves) if structure is LEAF else structure.content
    kind, keys, size, children = structure
    if children is None:
        items = list(islice(leaves, size))
    else:
        items = [next(leaves) if child is LEAF else _put(child, leaves) for child in children]
    return items if kind is list else _close(kind, keys, items)


def _close(kind: type, keys: tuple[Hashable, ...], items: list[object]) -> object:
    """A container of this kind that holds `items`."""
    if issubclass(kind, tuple):
        return tuple.__new__(kind, items)
    if kind is dict:
        return dict(zip(keys, items, strict=True))
    if kind.__module__ == "numpy":
        return _array(keys, items)
    instance = object.__new__(kind)
    for name, item in zip(keys, items, strict=True):
        object.__setattr__(instance, str(name), item)
    return instance


def _array(shape: tuple[Hashable, ...], items: list[object]) -> object:
    """A NumPy array of this shape: of floats, or of objects if an item is no float."""
    numpy = sys.modules["numpy"]
    floats = all(isinstance(item, float) for item in items)
    array = numpy.empty(len(items), dtype=float if floats else object)
    array[:] = items
    return array.reshape(shape)


A = TypeVar("A", bound="Tree")


@overload
def tree_map(f: Callable[[float], Leaf], tree: A, /) -> A: ...
@overload
def tree_map(f: Callable[[float, float], Leaf], tree: A, other: A, /) -> A: ...
@overload
def tree_map(f: Callable[[float, float, float], Leaf], tree: A, other: A, third: A, /) -> A: ...
def tree_map(f: Callable[..., Leaf], /, *trees: A) -> A:
    """The tree of `f` applied to the leaves of one or more trees of the same structure.

    A ValueError if the structures differ.

    >>> tree_map(lambda p, g: p - 0.5 * g, {"w": 1.0, "b": 2.0}, {"w": 2.0, "b": 0.0})
    {'w': 0.0, 'b': 2.0}
    """
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
