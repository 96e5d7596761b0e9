"""The reverse sweep: from a root, the cotangents of what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Final, TypeAlias, TypeVar, get_args

from fgrad import calculus
from fgrad.codegen import Kind, OlderNode, compile_sweep
from fgrad.graph import Node, Scalar, ancestors

__all__ = ["sweep", "value_and_cotangents"]

_DENSE: Final = 1 << 16
"""Up to this many indices a sweep keeps lists with a place for each, beyond it dictionaries."""


_ARITHMETIC: Final = (calculus.add, calculus.mul, calculus.sub, calculus.div, calculus.neg)
_SWEEPS: Final[dict[Kind, Callable[..., object]]] = {
    kind: compile_sweep(_ARITHMETIC, kind) for kind in get_args(Kind)
}
_OPERANDS: Final = attrgetter("operands")
V = TypeVar("V")


class _Sparse(dict[int, V | None]):
    """A list of Nones of any length."""

    __slots__ = ()

    def __missing__(self, key: int) -> None:
        return None


Places: TypeAlias = "list[V | None] | _Sparse[V]"
"""One value, or none, for each offset from the first index of a sweep."""


def value_and_cotangents(
    root: Scalar, leaves: Sequence[Node], seed: Scalar = 1.0
) -> tuple[Scalar, list[Scalar]]:
    """The value of `root` and seed * d root / d leaf for each of `leaves`, as their caller sees it.

    `leaves` are those of one differentiation, in the order of their making. All numbers are plain
    floats, unless the root also depends on a node older than the first leaf: to an outer
    differentiation the answers depend on that node too, so they are nodes.
    """
    if not isinstance(root, Node):
        return root, [0.0] * len(leaves)
    first = leaves[0].index if leaves else root.index + 1
    if root.index < first:
        return root, [0.0] * len(leaves)
    count, top = len(leaves), root.index - first
    together = leaves[-1].index - first < count  # no other thread made a node in between
    plain = together and not any(map(_OPERANDS, leaves))
    found, kind = sweep(root, first, seed, stop=count if plain else 0)
    offsets = range(count) if together else [leaf.index - first for leaf in leaves]
    reached = [found[offset] if offset <= top else None for offset in offsets]
    cotangents = [0.0 if cotangent is None else cotangent for cotangent in reached]
    return root if kind == "nodes" else root.value, cotangents


def sweep(
    root: Node, first: int, seed: Scalar = 1.0, *, stop: int = 0
) -> tuple[Places[Scalar], Kind]:
    """seed * d root / d node for every node beneath `root`, at the offset of its index to `first`.

    One loop down the indices, which are a topological order: at each node the row's pull adds
    cotangent * partial to each operand (the chain rule; Linnainmaa 1976). First with floats;
    where that meets a node older than `first`, again with nodes. Below the offset `stop` the
    caller knows that there are only leaves that stand for floats.
    """
    if not isinstance(seed, Node):
        try:
            return _sweep(root, first, seed, stop, "floats"), "floats"
        except OlderNode:
            pass
    return _sweep(root, first, seed, stop, "nodes"), "nodes"


def _sweep(root: Node, first: int, seed: Scalar, stop: int, kind: Kind) -> Places[Scalar]:
    top = root.index - first
    found: Places[Scalar] = [None] * (top + 1) if top < _DENSE else _Sparse()
    nodes: Places[Node] = [None] * (top + 1) if top < _DENSE else _Sparse()
    offsets: Iterable[int] = range(top, stop - 1, -1)
    if top >= _DENSE:
        offsets = [node.index - first for node in reversed(ancestors(root, first + stop))]
    found[top], nodes[top] = seed, root
    _SWEEPS[kind](offsets, found, nodes, first)
    return found
