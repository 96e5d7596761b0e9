"""A diagram: what a picture of a graph shows, whatever the picture is written in.

A box for each number, which knows the sign of the operation it came from, and an edge for each
operand. Nothing here knows of nodes, nor of DOT, Mermaid or SVG.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["Box", "Diagram", "Edge", "short"]


@frozen
class Box:
    """A number: its name if it has one, its value, its gradient, the sign of its operation.

    gradient: None for a constant, a plain float among the operands.
    sign: None where the number came from nowhere.

    >>> Box(12.0, "x_3", 2 / 3, "*").cells, Box(1e-5).cells
    (('x_3', '12.0', '0.667'), ('', '1e-05', ''))
    """

    value: float
    name: str = ""
    gradient: float | None = None
    sign: str | None = None

    @property
    def cells(self) -> tuple[str, str, str]:
        """What is written for name, value and gradient; empty where there is none."""
        return self.name, short(self.value), "" if self.gradient is None else short(self.gradient)


@frozen
class Edge:
    """From the box of an operand to the box of the answer, each by its place.

    ordinal: which operand it is, from 1, where that matters: x - y is not y - x.
    """

    source: int
    target: int
    ordinal: int | None = None


@frozen
class Diagram:
    """Boxes, each after all that it depends on and so the root last, and the edges between them."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]

    def __str__(self) -> str:
        operations = sum(box.sign is not None for box in self.boxes)
        return f"{plural(len(self.boxes), 'number')}, {plural(operations, 'operation')}"


def short(number: float) -> str:
    """`number` in the few digits that a box has room for, always as a float.

    >>> [short(x) for x in (3.0, 1 / 3, 100 / 3, 1.2e-5, 1234567.0, float("-inf"))]
    ['3.0', '0.333', '33.33', '1.2e-05', '1.235e+06', '-inf']
    """
    if number.is_integer() and abs(number) < 1e6:  # noqa: PLR2004 - as many digits as are short
        return f"{number:.1f}"
    text = f"{number:.3g}" if abs(number) < 1 else f"{number:.4g}"
    return text if any(mark in text for mark in ".en") else text + ".0"


def plural(number: int, noun: str) -> str:
    """`number` and as many of the noun.

    >>> plural(1, "node"), plural(2, "node")
    ('1 node', '2 nodes')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
