"""The reverse sweep: from a root, the cotangents of what it depends on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final, Protocol, TypeAlias, TypeVar

from fgrad import calculus
from fgrad.codegen import Kind, UnseenNode, compile_sweep
from fgrad.graph import LEAF, Node, Scalar, ancestors, on_older, plain
from fgrad.watch import watching

__all__ = ["Owner", "cotangents", "owned_cotangents", "sweep", "value_and_cotangents"]

_DENSE: Final = 1 << 16
"""Up to this many places a sweep keeps lists with one for each, beyond it dictionaries."""
V = TypeVar("V")
W = TypeVar("W", bound="Owner")


Places: TypeAlias = "list[V | None] | dict[int, V | None]"
"""One value, or none, for each index from the top of a sweep down, or for those beneath alone."""


def value_and_cotangents(root: Scalar, leaves: Sequence[Node]) -> tuple[Scalar, list[Scalar]]:
    """The value of `root` and d root / d leaf for each of `leaves`, as their caller sees it.

    `leaves` are those of one differentiation, in the order of their making. All numbers are plain
    floats, unless the root also depends on a node older than the first leaf: to an outer
    differentiation the answers depend on that node too, so they are nodes.
    """
    if root.__class__ is not Node or not leaves or root.index < leaves[0].index:
        return root, [0.0] * len(leaves)
    found, kind = _of_leaves([(root, 1.0)], leaves)
    return root if kind == "nodes" else root.value, found


def cotangents(seeds: Iterable[tuple[Scalar, Scalar]], leaves: Sequence[Node]) -> list[Scalar]:
    """The sum of seed * d root / d leaf over pairs of root and seed, for each of `leaves`."""
    first = leaves[0].index if leaves else math.inf
    mine = [(x, seed) for x, seed in seeds if x.__class__ is Node and x.index >= first]
    return _of_leaves(mine, leaves)[0] if mine else [0.0] * len(leaves)


def _of_leaves(
    seeds: Sequence[tuple[Node, Scalar]], leaves: Sequence[Node]
) -> tuple[list[Scalar], Kind]:
    """What a sweep finds at the leaves, and its kind."""
    stop = _stop(leaves)
    found, top, kind = sweep(seeds, leaves[0].index, stop=stop)
    if stop and top >= leaves[-1].index and found.__class__ is list:
        reached = found[: -stop - 1 : -1]  # the first leaf has the last place
    else:
        places = [top - leaf.index for leaf in leaves]
        known = found if isinstance(found, dict) else range(len(found))
        reached = [found[place] if place in known else None for place in places]
    return [0.0 if x is None else x for x in reached], kind


def _stop(leaves: Sequence[Node]) -> int:
    """How many leaves a sweep need not visit.

    All, if each stands for a float and no other thread made a node between two of them; else none.
    """
    for leaf in leaves:
        if leaf.operands:
            return 0
    count = len(leaves)
    return count if leaves[-1].index - leaves[0].index < count else 0


def sweep(
    seeds: Sequence[tuple[Node, Scalar]], first: int, *, stop: int = 0
) -> tuple[Places[Scalar], int, Kind]:
    """seed * d root / d node, summed, for every node beneath the roots of `seeds`.

    They are given from the index `top` downwards; then this index, and the kind of the sweep.
    One loop down the indices, which are a topological order, to `first`: at each node the row's
    pull adds cotangent * partial to each operand (the chain rule; Linnainmaa 1976). First with
    partials that are floats; where that meets a node older than `first`, again with nodes. While
    tracing with nodes only, by the loop of whoever watches, if that has one. The caller knows that
    the last `stop` are leaves that stand for floats.
    """
    top = seeds[0][0].index if len(seeds) == 1 else max([root.index for root, _ in seeds])
    by = watching()
    if by is None:
        try:
            try:
                found = _sweep(seeds, top, first, stop, _loop("raising"))
            except (ArithmeticError, ValueError):  # the answer is a limit
                found = _sweep(seeds, top, first, stop, _loop("floats"))
        except UnseenNode:
            found, kind = _looked_through(seeds, top, first, stop)
            return found, top, kind
        except LookupError:
            pass
        else:
            return found, top, "floats"
    sweeps = by and by.sweeps(ancestors(*[root for root, _ in seeds], first=first))
    loop = sweeps.down if sweeps else _loop("nodes")
    return _sweep(seeds, top, first, stop, loop), top, "nodes"


def _looked_through(
    seeds: Sequence[tuple[Node, Scalar]], top: int, first: int, stop: int
) -> tuple[Places[Scalar], Kind]:
    """With nodes, and where these turn out to depend on nothing older, the floats that they are."""
    found = _sweep(seeds, top, first, stop, _loop("nodes"))
    places = list(found) if isinstance(found, dict) else range(len(found))
    reached = [x for x in map(found.__getitem__, places) if x is not None]
    if on_older([*reached, *(root for root, _ in seeds)], first):
        return found, "nodes"
    for place in places:
        number = found[place]
        found[place] = None if number is None else plain(number)
    return found, "floats"


def _sweep(
    seeds: Sequence[tuple[Node, Scalar]],
    top: int,
    first: int,
    stop: int,
    loop: Callable[..., object],
) -> Places[Scalar]:
    size = top - first + 1
    found: Places[Scalar]
    nodes: Places[Node]
    steps: Iterable[tuple[Scalar | None, Node | None]]
    if size < _DENSE:
        found, nodes = [None] * size, [None] * size
        steps = zip(found, nodes)  # noqa: B905 - both are of this size
    else:
        order = reversed(ancestors(*[root for root, _ in seeds], first=first))
        places = [top - node.index for node in order]
        found, nodes = dict.fromkeys(places), dict.fromkeys(places)
        steps = zip(found.values(), nodes.values())  # noqa: B905 - both have these keys
    for root, seed in seeds:
        before = found[top - root.index]
        found[top - root.index] = seed if before is None else before + seed
        nodes[top - root.index] = root
    loop(steps, found, nodes, top, first, first + stop)
    return found


class Owner(Protocol):
    """What has a node, and the owners of its node's operands."""

    @property
    def node(self) -> Node:
        """The node."""

    @property
    def operands(self) -> Sequence[Owner | float]:
        """In step with those of the node, where that has any."""


def owned_cotangents(
    root: W, first: int, beneath: Callable[[W], Iterable[int]]
) -> Iterable[tuple[Scalar | None, W | None]] | None:
    """d root / d node for each node beneath that of `root`, beside its owner, from the top down.

    Where nothing flows to an index, both are None. No node beneath may have an index below `first`;
    `beneath` finds the indices, where it goes far back. None where only a `sweep` gives an answer:
    where a slope is a limit, or where nothing flows to what another partial reads.
    """
    top = root.node.index
    size = top - first + 1
    found: Places[Scalar]
    owners: Places[W]
    columns: tuple[Iterable[Scalar | None], Iterable[W | None]]
    if size < _DENSE:
        columns = found, owners = [None] * size, [None] * size
    else:
        places = [top - index for index in sorted(beneath(root), reverse=True)]
        found, owners = dict.fromkeys(places), dict.fromkeys(places)
        columns = found.values(), owners.values()
    found[0], owners[0] = 1.0, root
    try:
        _loop("owned")(zip(*columns), found, owners, top, first, first)  # noqa: B905 - one size
    except (ArithmeticError, ValueError, UnseenNode):
        return None
    return zip(*columns)  # noqa: B905 - one size


@cache
def _loop(kind: Kind) -> Callable[..., object]:
    """The sweep with the steps of Python's operators written into it."""
    rows = (calculus.add, calculus.mul, calculus.sub, calculus.div, calculus.pow, calculus.neg)
    return compile_sweep((*rows, LEAF), kind)
