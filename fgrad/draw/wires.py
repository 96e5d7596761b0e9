"""The edges of a picture: curves from the box of an operand to the ellipse of an operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import frozen

from fgrad.draw.geometry import HEAD, Column, Scene, height

if TYPE_CHECKING:
    from fgrad.draw.diagram import Diagram
    from fgrad.draw.layout import Layout, Spot

__all__ = ["Wire", "wires"]


@frozen
class Wire:
    """An edge: the data of its path, where its head points, and the ordinal written beside it."""

    path: str
    x: float
    y: float
    ordinal: int | None


def wires(diagram: Diagram, layout: Layout, scene: Scene) -> Iterator[Wire]:
    """The edges of `diagram`. Each keeps its height within a column and bends between columns.

    So it never crosses a box.
    """
    offsets = _offsets(diagram, layout, scene)
    for edge, route, offset in zip(diagram.edges, layout.routes, offsets, strict=True):
        source, target = scene.shapes[edge.source], scene.shapes[edge.target]
        x = target.side(offset)
        bends = _bends(route, offset, scene.columns)
        path = f"M{source.right:.1f},{source.y:.1f} {bends} H{x - HEAD + 1:.1f}"
        yield Wire(path, x, target.y + offset, edge.ordinal)


def _bends(route: Sequence[Spot], offset: float, columns: Sequence[Column]) -> str:
    """The path from where the first column ends to where the last begins."""
    heights = [height(spot) for spot in route]
    heights[-1] += offset
    path = []
    for (here, there), (y, z) in zip(pairwise(route), pairwise(heights), strict=True):
        left, right = columns[here.rank].right, columns[there.rank].left
        middle = f"{(left + right) / 2:.1f}"
        path.append(f"H{left:.1f} C{middle},{y:.1f} {middle},{z:.1f} {right:.1f},{z:.1f}")
    return " ".join(path)


def _offsets(diagram: Diagram, layout: Layout, scene: Scene) -> list[float]:
    """How far below the middle of its ellipse each edge arrives, in the order they come from.

    Where they are too many for a head each, they all arrive in the middle.
    """
    arriving = defaultdict(list)
    for number, (edge, route) in enumerate(zip(diagram.edges, layout.routes, strict=True)):
        arriving[edge.target].append((route[-2].y, number))
    offsets = [0.0] * len(diagram.edges)
    for target, several in arriving.items():
        gaps = len(several) - 1
        gap = 1.5 * scene.shapes[target].ry / max(gaps, 2)
        if gap < HEAD - 1:
            continue
        for i, (_, number) in enumerate(sorted(several)):
            offsets[number] = gap * (i - gaps / 2)
    return offsets
