"""The reverse sweep: from a root, the cotangents of what it depends on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final, TypeAlias, TypeVar

from fgrad import calculus
from fgrad.codegen import Kind, OlderNode, UnseenNode, compile_sweep
from fgrad.graph import Node, Scalar, ancestors, plain, reaches_older
from fgrad.watch import watching

__all__ = ["cotangents", "sweep", "value_and_cotangents"]

_DENSE: Final = 1 << 16
"""Up to this many indices a sweep keeps lists with a place for each, beyond it dictionaries."""
V = TypeVar("V")


class _Sparse(dict[int, V | None]):
    """A list of Nones of any length."""

    __slots__ = ()

    def __missing__(self, key: int) -> None:
        return None


Places: TypeAlias = "list[V | None] | _Sparse[V]"
"""One value, or none, for each offset from the first index of a sweep."""


def value_and_cotangents(root: Scalar, leaves: Sequence[Node]) -> tuple[Scalar, list[Scalar]]:
    """The value of `root` and d root / d leaf for each of `leaves`, as their caller sees it.

    `leaves` are those of one differentiation, in the order of their making. All numbers are plain
    floats, unless the root also depends on a node older than the first leaf: to an outer
    differentiation the answers depend on that node too, so they are nodes.
    """
    found, kind = cotangents([(root, 1.0)], leaves)
    return root if kind == "nodes" else plain(root), found


def cotangents(
    seeds: Sequence[tuple[Scalar, Scalar]], leaves: Sequence[Node]
) -> tuple[list[Scalar], Kind]:
    """The sum of seed * d root / d leaf over pairs of root and seed, for each of `leaves`.

    With it the kind of the sweep: "nodes" where an answer depends on a node older than `leaves`.
    """
    first = leaves[0].index if leaves else math.inf
    mine: list[tuple[Node, Scalar]] = []
    older = False
    for root, seed in seeds:
        if isinstance(root, Node):
            if root.index < first:
                older = True
            else:
                mine.append((root, seed))
    if not mine:
        return [0.0] * len(leaves), "nodes" if older else "floats"
    found, kind = _reached(mine, leaves)
    answers = [0.0 if cotangent is None else cotangent for cotangent in found]
    return answers, "nodes" if older else kind


def _reached(
    seeds: Sequence[tuple[Node, Scalar]], leaves: Sequence[Node]
) -> tuple[list[Scalar | None], Kind]:
    """The cotangent of each of `leaves`, None where nothing flows to it, and the sweep's kind."""
    first, count = leaves[0].index, len(leaves)
    together = leaves[-1].index - first < count  # no other thread made a node in between
    found, kind = sweep(seeds, first, stop=count if together and _plain(leaves) else 0)
    if isinstance(found, list):
        found += [None] * (leaves[-1].index - first + 1 - len(found))  # a root may be a leaf
        if together:
            return found[:count], kind
    return [found[leaf.index - first] for leaf in leaves], kind


def _plain(leaves: Iterable[Node]) -> bool:
    """Whether all leaves stand for floats; `any` of a generator would take twice as long."""
    for leaf in leaves:  # noqa: SIM110
        if leaf.operands:
            return False
    return True


def sweep(
    seeds: Sequence[tuple[Node, Scalar]], first: int, *, stop: int = 0
) -> tuple[Places[Scalar], Kind]:
    """seed * d root / d node, summed, for every node beneath the roots of `seeds`.

    The places are the offsets of the nodes' indices to `first`. One loop down the indices, which
    are a topological order: at each node the row's pull adds cotangent * partial to each operand
    (the chain rule; Linnainmaa 1976). First with partials that are floats; where that meets a node
    older than `first`, again with nodes. While tracing with nodes only, so that the branches of
    the rules are seen. Below the offset `stop` the caller knows that there are only leaves that
    stand for floats.
    """
    if watching() is None:
        try:
            return _sweep_floats(seeds, first, stop), "floats"
        except UnseenNode:
            return _looked_through(seeds, first, stop)
        except OlderNode:
            pass
    return _sweep(seeds, first, stop, "nodes"), "nodes"


def _looked_through(
    seeds: Sequence[tuple[Node, Scalar]], first: int, stop: int
) -> tuple[Places[Scalar], Kind]:
    """With nodes, and where these turn out to depend on nothing older, the floats that they are."""
    found = _sweep(seeds, first, stop, "nodes")
    places = list(found) if isinstance(found, _Sparse) else range(len(found))
    reached = [x for x in map(found.__getitem__, places) if x is not None]
    if reaches_older([*reached, *(root for root, _ in seeds)], first):
        return found, "nodes"
    for place in places:
        number = found[place]
        found[place] = None if number is None else plain(number)
    return found, "floats"


def _sweep_floats(seeds: Sequence[tuple[Node, Scalar]], first: int, stop: int) -> Places[Scalar]:
    """As Python computes; where that raises the answer is a limit, or raises again."""
    try:
        return _sweep(seeds, first, stop, "raising")
    except (ArithmeticError, ValueError):
        return _sweep(seeds, first, stop, "floats")


def _sweep(
    seeds: Sequence[tuple[Node, Scalar]], first: int, stop: int, kind: Kind
) -> Places[Scalar]:
    top = seeds[0][0].index - first
    for root, _ in seeds:
        top = max(top, root.index - first)
    found: Places[Scalar] = [None] * (top + 1) if top < _DENSE else _Sparse()
    nodes: Places[Node] = [None] * (top + 1) if top < _DENSE else _Sparse()
    offsets: Iterable[int] = range(top, stop - 1, -1)
    if top >= _DENSE:
        roots = [root for root, _ in seeds]
        offsets = [node.index - first for node in reversed(ancestors(*roots, first=first + stop))]
    for root, seed in seeds:
        before = found[root.index - first]
        found[root.index - first] = seed if before is None else before + seed
        nodes[root.index - first] = root
    _loop(kind)(offsets, found, nodes, first)
    return found


@cache
def _loop(kind: Kind) -> Callable[..., object]:
    """The sweep with the steps of Python's operators written into it."""
    rows = (calculus.add, calculus.mul, calculus.sub, calculus.div, calculus.pow, calculus.neg)
    return compile_sweep(rows, kind)
