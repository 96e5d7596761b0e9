"""What the tests of pictures draw, and how they read a picture back."""

from __future__ import annotations

import re
from html import unescape
from typing import Final
from xml.etree import ElementTree as ET

from attrs import define

from fgrad import draw
from fgrad.calculus import dot, tanh
from fgrad.graph import Node, leaf

FORMATS: Final = (draw.dot, draw.mermaid, draw.svg)
SVG: Final = "{http://www.w3.org/2000/svg}"


@define(eq=False)
class Value:
    """What pictures ask of the exercise's Value."""

    node: Node
    name: str | None = None
    grad: float = 0.0
    operands: tuple[Value | float, ...] = ()


def seed_graph() -> tuple[Node, dict[str, Node]]:
    x_1, x_2 = leaf(3.0), leaf(4.0)
    x_3 = x_1 * x_2
    x_4 = leaf(5.0)
    x_5 = x_4 + x_3
    x_6 = leaf(2.0)
    root = x_5 * x_6
    return root, {"x_1": x_1, "x_2": x_2, "x_3": x_3, "x_4": x_4, "x_5": x_5, "x_6": x_6, "L": root}


SEED_CELLS: Final = [
    ("x_1", "3.0", "8.0"),
    ("x_2", "4.0", "6.0"),
    ("x_3", "12.0", "2.0"),
    ("x_4", "5.0", "2.0"),
    ("x_5", "17.0", "2.0"),
    ("x_6", "2.0", "17.0"),
    ("L", "34.0", "1.0"),
]


def network() -> Node:
    """A multilayer perceptron 2-4-1."""
    inputs = [leaf(0.5), leaf(-1.0)]
    hidden = [tanh(dot([leaf(0.1 * i), leaf(-0.2)], inputs) + leaf(0.3)) for i in range(4)]
    return tanh(dot([leaf(0.25) for _ in hidden], hidden) + leaf(0.1))


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - the text is our own


def svg_cells(text: str) -> list[tuple[str, ...]]:
    """What the cells of each box of an SVG picture say; the key is left out."""
    groups = parse(text).findall(f"{SVG}g")
    boxes = [group for group in groups if group.get("class") != "key"]
    return [tuple(cell.text or "" for cell in box.iter(f"{SVG}text")) for box in boxes]


def is_edge(element: ET.Element) -> bool:
    return element.get("class") == "edge"


def texts(svg: str, kind: str) -> list[str]:
    return [x.text or "" for x in parse(svg).iter(f"{SVG}text") if x.get("class") == kind]


def dot_cells(text: str) -> list[tuple[str, ...]]:
    """What the cells of each record of a DOT text say: parted by bars that no backslash guards."""
    labels = re.findall(r'^    n\d+ \[label="\{(.*)\}"\]$', text, re.MULTILINE)
    parts = [re.findall(r"(?:\\.|[^\\|])+", label) for label in labels]
    return [tuple(unescape(re.sub(r"\\(.)", r"\1", cell)) for cell in row) for row in parts]


def mermaid_cells(text: str) -> list[tuple[str, ...]]:
    """What the cells of each rectangle of a Mermaid text say, its entities read."""
    labels = re.findall(r'^    n\d+\["(.*)"\]$', text, re.MULTILINE)
    return [
        tuple(re.sub(r"#(\d+);", lambda match: chr(int(match[1])), cell) for cell in row)
        for row in (label.split(" | ") for label in labels)
    ]


CELLS: Final = {draw.dot: dot_cells, draw.mermaid: mermaid_cells, draw.svg: svg_cells}
