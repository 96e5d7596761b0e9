"""Trees: numbers in nested containers, taken apart and put together again.

Containers are tuple, list, dict (in its own key order), NamedTuple, attrs classes, dataclasses
and, where NumPy has been imported, its arrays. `None`, strings, bools, enum members and
callables are static: part of the structure, carried along untouched. Everything else must be a
leaf, which is a float or an operand (a Node, a Value).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar, overload

from fgrad.container import (
    ROLES,
    Container,
    Leaf,
    StrayError,
    Structure,
    is_array,
)
from fgrad.number import to_float
from fgrad.primitive import Operand
from fgrad.unrolled import put, take

if TYPE_CHECKING:
    from fgrad.signatures import Tree

__all__ = ["flatten", "map_operands", "paths", "ravel", "tree_map", "unflatten"]


def flatten(tree: object, name: str = "tree") -> tuple[list[Leaf], Structure]:
    """The leaves of `tree`, left to right, and its structure.

    A TypeError names the path, from `name` on, of what is neither container, static nor leaf.

    >>> flatten({"w": (1.0, 2.0), "tag": "linear"})[0]
    [1.0, 2.0]
    >>> flatten([1.0, [2.0, 3]], "params")
    Traceback (most recent call last):
    TypeError: params[1][1]: expected float, got int 3 (write 3.0)
    """
    try:
        return take(tree)
    except RecursionError:
        raise TypeError(f"{name}: a tree nested too deeply, or one that holds itself") from None
    except AttributeError:
        list(paths(tree, name))  # the same error, with the path, if it is a field that is not set
        raise
    except StrayError as stray:
        where = next(path for path, thing in paths(tree, name) if thing is stray.item)
        raise TypeError(f"{where}: {stray}") from None


def unflatten(structure: Structure, leaves: Iterable[object]) -> object:
    """The tree of this structure with `leaves` in the places of the leaves.

    Containers of a class are made without calling its `__init__`: what was valid stays as it is.
    """
    return put(structure, iter(leaves))


def map_operands(tree: object, change: Callable[[Operand], object]) -> object:
    """`tree` with every operand in it changed, whatever else it holds."""
    role = ROLES[type(tree)]
    if not isinstance(role, Container):
        return change(tree) if isinstance(tree, Operand) else tree
    try:
        items = role.items(tree)
    except StrayError:  # an array of something else
        return tree
    return role.close(role.keys(tree), [map_operands(item, change) for item in items])


def paths(tree: object, name: str) -> Iterator[tuple[str, object]]:
    """Everything in `tree` that is no container, and where, as Python would write it.

    A TypeError names the field of a record that has no value.

    >>> [path for path, _ in paths({"w": [1.0, 2.0], "b": 3.0}, "params")]
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    """
    role = ROLES[type(tree)]
    if not isinstance(role, Container):
        yield name, tree
        return
    try:
        items = role.items(tree)
    except StrayError:  # an array of something else
        yield name, tree
        return
    except AttributeError as error:
        field = name + role.spelling.format(error.name)
        message = f"{field}: expected float, got nothing (assign the field, it never was)"
        raise TypeError(message) from None
    keys = role.keys(tree)
    numbered = not keys or is_array(type(tree))
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
    mapped = [f(*leaves) for leaves in zip(*[leaves for leaves, _ in taken], strict=True)]
    return unflatten(structure, mapped)  # type: ignore[return-value]  # of the structure of A


def ravel(tree: A) -> tuple[tuple[float, ...], Callable[[Iterable[float]], A]]:
    """The numbers of a tree as one flat tuple, and the function that makes a tree of them again.

    >>> numbers, tree_of = ravel({"w": [1.0, 2.0], "b": 3.0})
    >>> numbers, tree_of([4.0, 5.0, 6.0])
    ((1.0, 2.0, 3.0), {'w': [4.0, 5.0], 'b': 6.0})
    """
    leaves, structure = flatten(tree)

    def tree_of(numbers: Iterable[float]) -> A:
        given = [x if isinstance(x, Operand) else to_float(x, "ravel") for x in numbers]
        if len(given) != len(leaves):
            message = f"ravel: the tree has {len(leaves)} numbers, got {len(given)}"
            raise ValueError(message)
        return unflatten(structure, given)  # type: ignore[return-value]  # of A's structure

    return tuple(leaves), tree_of  # type: ignore[arg-type]  # numbers to whoever holds the tree
