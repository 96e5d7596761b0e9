"""The forward sweep: from directions at the leaves, the tangents of what depends on them.

Up the same graph that the reverse sweep goes down, with the same rules. There is no second kind
of number, so nothing can be confused with anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from fgrad.codegen import Kind, OlderNode, compile_push
from fgrad.graph import Node, Scalar, ancestors
from fgrad.watch import watching

__all__ = ["tangents"]


def tangents(
    roots: Sequence[Scalar], leaves: Sequence[Node], directions: Sequence[Scalar | None]
) -> tuple[list[Scalar], Kind]:
    """For each root the sum of d root / d leaf * direction over the leaves that have one.

    A direction of 0.0 counts as given: times an infinite slope it is nan.
    `leaves` are those of one differentiation, in the order of their making. The partials, and so
    the tangents along plain directions, are floats, unless a root or a leaf depends on a node older
    than the first leaf: then the kind is "nodes".
    """
    nodes = [root for root in roots if isinstance(root, Node)]
    if not leaves or not nodes:
        return [0.0] * len(roots), "nodes" if nodes else "floats"
    first = leaves[0].index
    older = any(node.index < first for node in nodes) or any(leaf.operands for leaf in leaves)
    if not older and watching() is None:
        try:
            return _sweep(roots, leaves, directions, "floats"), "floats"
        except OlderNode:
            pass
    return _sweep(roots, leaves, directions, "nodes"), "nodes"


def _sweep(
    roots: Sequence[Scalar], leaves: Sequence[Node], directions: Sequence[Scalar | None], kind: Kind
) -> list[Scalar]:
    """One loop up the indices: a node's tangent is the sum of partial * tangent of its operands."""
    first = leaves[0].index
    found: dict[int, Scalar] = {
        leaf.index: direction
        for leaf, direction in zip(leaves, directions, strict=True)
        if direction is not None
    }
    nodes = ancestors(*[root for root in roots if isinstance(root, Node)], first=first)
    by = watching() if kind == "nodes" else None
    sweeps = by and by.sweeps(nodes)
    if sweeps:
        sweeps.up(nodes, found, first)
        nodes = []
    key = f"push {kind}"
    for node in nodes:
        if node.index not in found:
            push = node.primitive.compiled.get(key)
            tangent = (push or compile_push(node.primitive, kind))(node, found, first)
            if tangent is not None:
                found[node.index] = tangent  # type: ignore[assignment]  # a float or a Node
    return [found.get(root.index, 0.0) if isinstance(root, Node) else 0.0 for root in roots]
