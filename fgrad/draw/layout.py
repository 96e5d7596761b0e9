"""Where the boxes of a diagram stand: in ranks from left to right, so that few edges cross."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from fgrad.draw.diagram import Diagram

__all__ = ["SLOT", "Layout", "Spot", "arrange"]

SLOT: Final = 44.0
"""The height that a box has to itself in its rank."""

LANE: Final = 16.0
"""The height that an edge has to itself in a rank that it only passes."""


@frozen
class Spot:
    """A place in a layout: its rank, counted from the left, and its height, from the top."""

    rank: int
    y: float


@frozen
class Layout:
    """The spot of each box, and for each edge the spots it passes, those of its ends included."""

    boxes: tuple[Spot, ...]
    routes: tuple[tuple[Spot, ...], ...]


_Spots: TypeAlias = "Mapping[int, Spot]"
"""By vertex: a vertex is the place of a box, or a number above them for the lane of an edge."""

_Path: TypeAlias = "tuple[int, ...]"
"""The vertices that an edge passes: its source, a lane in each rank between, its target."""


def arrange(diagram: Diagram) -> Layout:
    """The layout of `diagram`, by the extra `draw`.

    An operand stands in a rank left of its answer; in each rank between, its edge has a lane.
    """
    ends = [(edge.source, edge.target) for edge in diagram.edges]
    if not ends:
        return Layout((Spot(0, 0.0),), ())
    spots, by_ends = _solve(sorted(set(ends)), len(diagram.boxes))
    paths = [by_ends[pair] for pair in ends]
    spots = _with_twins_sorted(_upright(spots, paths), paths)
    top = min(spot.y for spot in spots.values())
    spots = {vertex: Spot(spot.rank, spot.y - top) for vertex, spot in spots.items()}
    return Layout(
        tuple(spots[place] for place in range(len(diagram.boxes))),
        tuple(tuple(spots[vertex] for vertex in path) for path in paths),
    )


def _solve(
    ends: Sequence[tuple[int, int]], boxes: int
) -> tuple[_Spots, Mapping[tuple[int, int], _Path]]:
    """A spot for each vertex, and the path between each pair of ends."""
    try:
        from fast_sugiyama import from_edges
    except ImportError as error:
        message = "an SVG picture is laid out by fast-sugiyama: pip install 'fgrad[draw]'"
        raise ModuleNotFoundError(message, name="fast_sugiyama") from error
    # One layout, since all is connected. Its y falls from rank to rank; its x is our height.
    [(positions, _, length, links)] = from_edges(
        ends, vertex_spacing=SLOT, dummy_vertices=True, dummy_size=LANE
    )
    spots = {int(vertex): Spot(round((length - y) / SLOT), x) for vertex, (x, y) in positions}
    return spots, _paths(((int(source), int(target)) for source, target in links or ends), boxes)


def _paths(links: Iterable[tuple[int, int]], boxes: int) -> Mapping[tuple[int, int], _Path]:
    """The links, each from one rank to the next, joined to paths from box to box."""
    followers = defaultdict(list)
    for source, target in links:
        followers[source].append(target)
    paths = {}
    for source in range(boxes):
        for follower in followers[source]:
            path = [source, follower]
            while path[-1] >= boxes:
                path += followers[path[-1]]
            paths[source, path[-1]] = tuple(path)
    return paths


def _upright(spots: _Spots, paths: Iterable[_Path]) -> _Spots:
    """`spots`, turned over if more operands would then stand below the operand before them."""
    order = 0
    for path, following in pairwise(paths):
        if path[-1] == following[-1]:
            first, second = spots[path[-2]].y, spots[following[-2]].y
            order += (first < second) - (first > second)
    if order >= 0:
        return spots
    return {vertex: Spot(spot.rank, -spot.y) for vertex, spot in spots.items()}


def _with_twins_sorted(spots: _Spots, paths: Sequence[_Path]) -> _Spots:
    """`spots`, where leaves that lead to the same vertices stand in the order they were made.

    Such leaves can change places: as many edges cross as before.
    """
    followers: dict[int, set[int]] = defaultdict(set)
    for path in paths:
        followers[path[0]].add(path[1])
    twins = defaultdict(list)
    for vertex in sorted(followers.keys() - {path[-1] for path in paths}):
        twins[tuple(sorted(followers[vertex]))].append(vertex)
    changed = dict(spots)
    for family in twins.values():
        heights = sorted((spots[vertex] for vertex in family), key=lambda spot: spot.y)
        changed |= zip(family, heights, strict=True)
    return changed
