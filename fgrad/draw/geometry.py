"""The shapes of a picture: columns from left to right, in each its ellipses and then its boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Final
from unicodedata import east_asian_width

from attrs import frozen

from fgrad.draw.layout import SLOT, Layout, Spot

if TYPE_CHECKING:
    from fgrad.draw.diagram import Box, Diagram

__all__ = ["BOX", "HEAD", "MARGIN", "Cell", "Column", "Scene", "Shape", "height", "key", "place"]

MARGIN: Final = 24.0
BOX: Final = 30.0
"""The height of a box."""
HEAD: Final = 7.0
"""The length, and the width, of the head of an arrow."""
_ELLIPSE: Final = 28.0
"""The least height of an ellipse."""
_LEAD: Final = 17.0
"""How far the edges into an ellipse run straight, with room for an ordinal and a head."""
_ARROW: Final = 26.0
"""The length of the arrow from an ellipse to its box."""
_PADDING: Final = 10.0
_ADVANCE: Final = 0.61
"""The width of a monospaced character in ems, rounded up; a wide one, as in Chinese, has two."""


@frozen
class Cell:
    """A part of a box: what it is, what it says, and its two sides."""

    kind: str
    text: str
    left: float
    right: float

    @property
    def middle(self) -> float:
        """Halfway between its sides."""
        return (self.left + self.right) / 2


@frozen
class Shape:
    """A box and, left of it if an operation gave it, an ellipse with its middle and half axes."""

    box: Box
    y: float
    cells: tuple[Cell, ...]
    middle: float
    rx: float
    ry: float

    @property
    def left(self) -> float:
        """Where the box begins."""
        return self.cells[0].left

    @property
    def right(self) -> float:
        """Where the box ends."""
        return self.cells[-1].right

    def side(self, offset: float) -> float:
        """The left side of the ellipse, `offset` below its middle."""
        return self.middle - self.rx * sqrt(1 - (offset / self.ry) ** 2)


@frozen
class Column:
    """A rank, whose cells are equally wide: edges arrive at `left` and leave at `right`.

    middle: of its ellipses. start: where the boxes behind them begin.
    """

    left: float
    middle: float
    start: float
    right: float
    widths: tuple[float, ...]


@frozen
class Scene:
    """All of a picture but the edges."""

    columns: tuple[Column, ...]
    shapes: tuple[Shape, ...]

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.columns[-1].right

    @property
    def bottom(self) -> float:
        """Where the lowest box ends."""
        return max(shape.y for shape in self.shapes) + BOX / 2


def place(diagram: Diagram, layout: Layout) -> Scene:
    """The boxes of `diagram` in columns, one for each rank, wide enough for what stands in them."""
    ranks: list[list[Box]] = [[] for _ in range(1 + max(spot.rank for spot in layout.boxes))]
    for box, spot in zip(diagram.boxes, layout.boxes, strict=True):
        ranks[spot.rank].append(box)
    columns: list[Column] = []
    for rank, boxes in enumerate(ranks):
        left = columns[-1].right + _gutter(rank, layout.routes) if columns else MARGIN
        columns.append(_column(boxes, left))
    operands = Counter(edge.target for edge in diagram.edges)
    shapes = (
        _shape(box, columns[spot.rank], height(spot), operands[number])
        for number, (box, spot) in enumerate(zip(diagram.boxes, layout.boxes, strict=True))
    )
    return Scene(tuple(columns), tuple(shapes))


def height(spot: Spot) -> float:
    """How far below the top of the picture a spot is."""
    return MARGIN + BOX / 2 + spot.y


def _gutter(rank: int, routes: Iterable[Sequence[Spot]]) -> float:
    """The distance to `rank` from that before it: the more, the higher an edge climbs between."""
    climb = 0.0
    for route in routes:
        step = rank - route[0].rank
        if 0 < step < len(route):
            climb = max(climb, abs(route[step].y - route[step - 1].y))
    return min(32.0 + climb / 4, 120.0)


def _column(boxes: Sequence[Box], left: float) -> Column:
    widest = max(map(_half_width, boxes), default=0.0)
    middle = left + _LEAD + widest if widest else left
    start = middle + widest + _ARROW if widest else left
    widths = [max(map(_cell_width, cells)) for cells in zip(*(x.cells for x in boxes), strict=True)]
    return Column(left, middle, start, start + sum(widths), tuple(widths))


def _shape(box: Box, column: Column, y: float, operands: int) -> Shape:
    """`box` in its column: behind its ellipse if it has one, else at the right."""
    constant = box.gradient is None
    widths = map(_cell_width, box.cells) if constant else column.widths
    kinds = ("name", "constant" if constant else "value", "gradient")
    parts = [part for part in zip(kinds, box.cells, widths, strict=True) if part[1]]
    left = column.start if box.sign else column.right - sum(part[2] for part in parts)
    cells = []
    for kind, text, width in parts:
        cells.append(Cell(kind, text, left, left + width))
        left += width
    height = min(max(_ELLIPSE, HEAD * (operands + 1)), SLOT - 4)
    return Shape(box, y, tuple(cells), column.middle, _half_width(box), height / 2)


def _half_width(box: Box) -> float:
    """Half the width of the ellipse of `box`; 0.0 where there is none."""
    return 0.0 if box.sign is None else max(18.0, text_width(box.sign) / 2 + _PADDING)


def _cell_width(text: str) -> float:
    return text_width(text) + 2 * _PADDING if text else 0.0


def key(scene: Scene) -> tuple[list[Cell], float]:
    """What the cells of boxes are, in small cells at the lower left; and the height of these."""
    kinds = {cell.kind for shape in scene.shapes for cell in shape.cells}
    cells = []
    left = MARGIN
    for kind in ("name", "value", "gradient"):
        if kind in kinds:
            right = left + text_width(kind, size=10.0) + _PADDING
            cells.append(Cell(kind, kind, left, right))
            left = right
    return cells, scene.bottom + MARGIN + 4


def text_width(text: str, size: float = 13.0) -> float:
    """About how wide `text` is in a monospaced font.

    >>> text_width("ab", size=10.0), text_width("漢", size=10.0)
    (12.2, 12.2)
    """
    return _ADVANCE * size * sum(2 if east_asian_width(x) in "FW" else 1 for x in text)
