"""A diagram as SVG: one picture that needs nothing else, in light or in dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from fgrad.draw.geometry import BOX, HEAD, MARGIN, Cell, Shape, key, place
from fgrad.draw.layout import arrange
from fgrad.draw.style import STYLE
from fgrad.draw.wires import Wire, wires

if TYPE_CHECKING:
    from fgrad.draw.diagram import Box, Diagram

__all__ = ["write"]

_CORNER: Final = 5.0
_LEAST: Final = 0.6
"""The share of its size that a picture keeps on a narrow page, which then scrolls."""


def write(diagram: Diagram) -> str:
    """`diagram` as the text of an SVG file, laid out by the extra `draw`."""
    layout = arrange(diagram)
    scene = place(diagram, layout)
    cells, middle = key(scene)
    lines = [
        *_head(diagram, round(max(scene.right, cells[-1].right) + MARGIN), round(middle + MARGIN)),
        *(line for wire in wires(diagram, layout, scene) for line in _wire(wire)),
        *(line for shape in scene.shapes for line in _shape(shape)),
        '<g class="key">',
        *_row(cells, middle, height=18.0, size=10.0),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _head(diagram: Diagram, width: int, height: int) -> Iterator[str]:
    """All that comes before the shapes: the size, the picture in words, the style, the card."""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    fit = f'style="max-width: 100%; min-width: {_LEAST * width:.0f}px; height: auto"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" class="fgrad" role="img" {size} {fit}>'
    yield f"<title>Graph of {escape(_name(diagram.boxes[-1]))}</title>"
    yield f"<desc>{diagram}. {escape('; '.join(map(_told, diagram.boxes)))}</desc>"
    yield f"<style>\n{STYLE}</style>"
    yield f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>'


def _name(box: Box) -> str:
    return box.name or box.cells[1]


def _told(box: Box) -> str:
    """`box` in words, for those who hear the picture."""
    name, number, gradient = box.cells
    return (f"{name} = " if name else "") + number + (f", gradient {gradient}" if gradient else "")


def _wire(wire: Wire) -> Iterator[str]:
    yield f'<path class="edge" d="{wire.path}"/>'
    yield _point(wire.x, wire.y)
    if wire.ordinal is not None:
        yield _text("ordinal", wire.x - 2 * HEAD, wire.y + 3.5, str(wire.ordinal))


def _point(x: float, y: float) -> str:
    """The head of an arrow to the right, ending at `x`."""
    return f'<path class="head" d="M{x:.1f},{y:.1f} l{-HEAD:g},{-HEAD / 2:g} v{HEAD:g} z"/>'


def _shape(shape: Shape) -> Iterator[str]:
    box = shape.box
    if box.sign is not None:
        yield from _ellipse(shape, box.sign)
    told = (f"{box.name}: " if box.name else "") + f"value {box.value!r}"
    told += "" if box.gradient is None else f", gradient {box.gradient!r}"
    yield "<g>"
    yield f"<title>{escape(told)}</title>"
    yield from _row(shape.cells, shape.y, height=BOX, size=13.0)
    yield "</g>"


def _ellipse(shape: Shape, sign: str) -> Iterator[str]:
    x, y = shape.middle, shape.y
    start, tip = x + shape.rx, shape.left - 0.5
    lowered = 3.0 if "*" in sign else 0.0  # a font has its asterisk too high for a sign
    yield f'<path class="edge" d="M{start:.1f},{y:.1f} H{tip - HEAD + 1:.1f}"/>'
    yield _point(tip, y)
    yield f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{shape.rx:.1f}" ry="{shape.ry:.1f}"/>'
    yield _text("sign", x, y + 4.5 + lowered, sign)


def _row(cells: Sequence[Cell], y: float, *, height: float, size: float) -> Iterator[str]:
    """`cells` side by side in one box whose middle is at `y`, with text of this size."""
    top, left, right = y - height / 2, cells[0].left, cells[-1].right
    for cell in cells:
        starts = _CORNER if cell is cells[0] else 0.0
        ends = _CORNER if cell is cells[-1] else 0.0
        yield f'<path class="{cell.kind}" d="{_outline(cell, top, height, starts, ends)}"/>'
    for cell in cells[1:]:
        yield f'<path class="outline" d="M{cell.left:.1f},{top:.1f} v{height:g}"/>'
    yield (
        f'<rect class="outline" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{height:g}" rx="{_CORNER:g}"/>'
    )
    for cell in cells:
        yield _text(cell.kind, cell.middle, y + 0.35 * size, cell.text)


def _outline(cell: Cell, top: float, height: float, left: float, right: float) -> str:
    """The path around a cell whose corners are round by `left` and by `right`."""
    return (
        f"M{cell.left + left:.1f},{top:.1f} H{cell.right - right:.1f} "
        f"q{right:g},0 {right:g},{right:g} v{height - 2 * right:g} "
        f"q0,{right:g} {-right:g},{right:g} H{cell.left + left:.1f} "
        f"q{-left:g},0 {-left:g},{-left:g} v{2 * left - height:g} q0,{-left:g} {left:g},{-left:g} z"
    )


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
