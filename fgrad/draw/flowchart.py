"""A diagram as a flowchart in Mermaid, the language of diagrams in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fgrad.draw.diagram import Box, Diagram, Edge

__all__ = ["write"]

_SPECIAL: Final = re.compile(r"[^\w .-]|[.-](?!\d)|(?<!\w)_+|_+(?!\w)")


def write(diagram: Diagram) -> str:
    """`diagram` as Mermaid text: a rectangle for each number, a stadium for each operation.

    >>> from fgrad.draw.diagram import Box, Diagram, Edge
    >>> print(write(Diagram((Box(3.0, "x", -1.0), Box(-3.0, "y", 1.0, "-")), (Edge(0, 1),))))
    flowchart LR
        n0["x | 3.0 | -1.0"]
        n1["y | -3.0 | 1.0"]
        o1(["#45;"])
        o1 --> n1
        n0 --> o1
    <BLANKLINE>
    """
    lines = [
        *(line for place, box in enumerate(diagram.boxes) for line in _box(place, box)),
        *map(_edge, diagram.edges),
    ]
    return "flowchart LR\n" + "".join(f"    {line}\n" for line in lines)


def _box(place: int, box: Box) -> list[str]:
    cells = " | ".join(_escape(cell) for cell in box.cells if cell)
    number = f'n{place}["{cells}"]'
    if box.sign is None:
        return [number]
    return [number, f'o{place}(["{_escape(box.sign)}"])', f"o{place} --> n{place}"]


def _edge(edge: Edge) -> str:
    arrow = "-->" if edge.ordinal is None else f"-->|{edge.ordinal}|"
    return f"n{edge.source} {arrow} o{edge.target}"


def _escape(text: str) -> str:
    """`text` with an entity for whatever Mermaid, or the Markdown inside its labels, might read."""
    return _SPECIAL.sub(lambda match: "".join(f"#{ord(x)};" for x in match[0]), text)
