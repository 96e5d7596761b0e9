"""A diagram as DOT, the language of Graphviz."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fgrad.draw.diagram import Box, Diagram, Edge

__all__ = ["write"]

_SPECIAL: Final = re.compile(r'([\\"{}|<>])')


def write(diagram: Diagram) -> str:
    """`diagram` as DOT text: a record for each number, an ellipse for each operation.

    >>> from fgrad.draw.diagram import Box, Diagram, Edge
    >>> print(write(Diagram((Box(3.0, "x", -1.0), Box(-3.0, "y", 1.0, "-")), (Edge(0, 1),))))
    digraph {
        rankdir=LR
        node [fontname="Helvetica,Arial,sans-serif" shape=record]
        edge [fontname="Helvetica,Arial,sans-serif" fontsize=10]
        n0 [label="{x|3.0|-1.0}"]
        n1 [label="{y|-3.0|1.0}"]
        o1 [label="-" shape=ellipse]
        o1 -> n1
        n0 -> o1
    }
    <BLANKLINE>
    """
    lines = [
        "rankdir=LR",
        'node [fontname="Helvetica,Arial,sans-serif" shape=record]',
        'edge [fontname="Helvetica,Arial,sans-serif" fontsize=10]',
        *(line for place, box in enumerate(diagram.boxes) for line in _box(place, box)),
        *map(_edge, diagram.edges),
    ]
    return "digraph {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _box(place: int, box: Box) -> list[str]:
    cells = "|".join(_escape(cell) for cell in box.cells if cell)
    number = f'n{place} [label="{{{cells}}}"]'
    if box.sign is None:
        return [number]
    return [
        number,
        f'o{place} [label="{_escape(box.sign)}" shape=ellipse]',
        f"o{place} -> n{place}",
    ]


def _edge(edge: Edge) -> str:
    ordinal = "" if edge.ordinal is None else f" [label={edge.ordinal}]"
    return f"n{edge.source} -> o{edge.target}{ordinal}"


def _escape(text: str) -> str:
    """`text` as it stands in a label of a record, where braces and bars part the cells."""
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))
