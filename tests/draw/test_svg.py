"""An SVG picture: nothing overlaps, nothing is cut off, and it is the same wherever it is drawn."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from fgrad import draw
from fgrad.calculus import dot, tanh, total
from fgrad.draw.layout import arrange
from fgrad.draw.reading import read
from fgrad.graph import Node, leaf
from tests.draw.pictures import SVG, is_edge, parse, seed_graph


def test_an_svg_picture_tells_what_it_shows() -> None:
    root, names = seed_graph()
    picture = parse(draw.svg(root, names=names))
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == "Graph of L"
    assert "x_3 = 12.0, gradient 2.0" in (picture.findtext(f"{SVG}desc") or "")
    tips = [group.findtext(f"{SVG}title") for group in picture.findall(f"{SVG}g")]
    assert "x_6: value 2.0, gradient 17.0" in tips


@pytest.mark.parametrize("name", ["<b>&amp;</b>", '"]]>'])
def test_an_svg_picture_tells_any_name(name: str) -> None:
    x = leaf(1.0)
    picture = parse(draw.svg(x, names={name: x}))
    assert picture.findtext(f"{SVG}title") == f"Graph of {name}"
    assert name in (picture.findtext(f"{SVG}desc") or "")


def test_an_svg_picture_shows_light_and_dark_and_styles_nothing_else() -> None:
    style = parse(draw.svg(leaf(1.0))).findtext(f"{SVG}style") or ""
    assert "@media (prefers-color-scheme: dark)" in style
    selectors = re.findall(r"^([^@\s}][^{]*)\{", style, re.MULTILINE)
    assert selectors
    assert all(part.strip().startswith(".fgrad ") for x in selectors for part in x.split(","))


def test_an_svg_picture_fits_its_page_but_stays_large_enough_to_read() -> None:
    """A long chain scrolls: fitted to a page, its numbers would be specks."""
    node = leaf(1.0)
    for _ in range(100):
        node = node * 1.1
    picture = parse(draw.svg(node))
    style = dict(rule.split(": ") for rule in picture.get("style", "").split("; "))
    assert (style["max-width"], style["height"]) == ("100%", "auto")
    least = float(style["min-width"].removesuffix("px")) / float(picture.get("width", ""))
    assert 13 * least > 7.5  # the font, in pixels


def test_the_key_names_the_cells_that_there_are() -> None:
    def key(text: str) -> list[str | None]:
        (group,) = parse(text).findall(f"{SVG}g[@class='key']")
        return [text.text for text in group.iter(f"{SVG}text")]

    x = leaf(1.0)
    assert key(draw.svg(x)) == ["value", "gradient"]
    assert key(draw.svg(x, names={"x": x})) == ["name", "value", "gradient"]


@frozen
class Shape:
    """A box, an ellipse or the key: its middle and half its width and height."""

    x: float
    y: float
    rx: float
    ry: float
    round: bool

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies well inside."""
        right, down = abs(x - self.x) / (self.rx - 3), abs(y - self.y) / (self.ry - 3)
        return right**2 + down**2 < 1 if self.round else max(right, down) < 1

    def overlaps(self, other: Shape) -> bool:
        """Whether the rectangles around the two meet."""
        apart = self.rx + other.rx, self.ry + other.ry
        return abs(self.x - other.x) < apart[0] and abs(self.y - other.y) < apart[1]


def shapes_of(picture: ET.Element) -> list[Shape]:
    found = []
    for element in picture.iter():
        numbers = ((key, re.fullmatch(r"[\d.]+", text)) for key, text in element.items())
        number = {key: float(text[0]) for key, text in numbers if text}
        if element.tag == f"{SVG}rect" and element.get("class") == "outline":
            rx, ry = number["width"] / 2, number["height"] / 2
            found.append(Shape(number["x"] + rx, number["y"] + ry, rx, ry, round=False))
        if element.tag == f"{SVG}ellipse":
            found.append(Shape(number["cx"], number["cy"], number["rx"], number["ry"], round=True))
    return found


def points(path: str) -> Iterator[tuple[float, float]]:
    """Many points along a path of the commands M, H and C."""
    x = y = 0.0
    for command, data in re.findall(r"([MHC])([^MHC]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", data)]
        ends: Sequence[float] = [x, y, *numbers]
        if command == "H":
            ends = [x, y, x, y, numbers[0], y, numbers[0], y]
        for step in range(31 if command != "M" else 0):
            t = step / 30
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield (
                sum(w * p for w, p in zip(weights, ends[::2], strict=True)),
                sum(w * p for w, p in zip(weights, ends[1::2], strict=True)),
            )
        x, y = numbers[0] if command == "H" else numbers[-2], y if command == "H" else numbers[-1]


PROGRAMS: Final = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 12), st.integers(1, 12)), max_size=30
)


def run(program: Sequence[tuple[int, int, int]]) -> Node:
    """The last line of a program: a line applies an operation to two of the lines before it."""
    lines = [leaf(0.5), leaf(0.25)]
    for operation, i, j in program:
        x, y = lines[-min(i, len(lines))], lines[-min(j, len(lines))]
        operations: list[Callable[[], Node]] = [
            lambda: x + y,  # noqa: B023 - called at once
            lambda: x - y,  # noqa: B023 - called at once
            lambda: tanh(x),  # noqa: B023 - called at once
            lambda: x * 0.5,  # noqa: B023 - called at once
            lambda: dot([x, y, x], [y, y, x]),  # noqa: B023 - called at once
            lambda: leaf(x.value),  # noqa: B023 - called at once
        ]
        lines.append(operations[operation]())
    return total(lines[-3:])


@given(PROGRAMS)
def test_no_shapes_overlap_and_all_are_inside(program: list[tuple[int, int, int]]) -> None:
    picture = parse(draw.svg(run(program)))
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    shapes = shapes_of(picture)
    for shape in shapes:
        assert shape.rx < shape.x < width - shape.rx
        assert shape.ry < shape.y < height - shape.ry
    assert not any(a.overlaps(b) for a, b in combinations(shapes, 2))


@given(PROGRAMS)
def test_no_edge_crosses_a_shape(program: list[tuple[int, int, int]]) -> None:
    picture = parse(draw.svg(run(program)))
    shapes = shapes_of(picture)
    for edge in filter(is_edge, picture.iter()):
        for x, y in points(edge.get("d", "")):
            assert not any(shape.holds(x, y) for shape in shapes)


def test_no_text_is_wider_than_its_cell() -> None:
    x = leaf(-1 / 3)
    picture = parse(draw.svg(tanh(x) * x * 1e5, names={"WWWWWWWWWWWWWWW": x}))
    for group in picture.findall(f"{SVG}g"):
        paths = [path for path in group.findall(f"{SVG}path") if path.get("class") != "outline"]
        for path, text in zip(paths, group.findall(f"{SVG}text"), strict=True):
            xs = [float(x) for x in re.findall(r"[MH](-?[\d.]+)", path.get("d", ""))]
            size = 10 if group.get("class") == "key" else 13
            assert max(xs) - min(xs) > 0.6 * size * len(text.text or "")


def test_the_hash_seed_changes_nothing() -> None:
    script = (
        "from fgrad import draw, graph\n"
        "xs = [graph.leaf(x) for x in (0.5, 1.5, 2.5)]\n"
        "for i in range(40): xs.append(xs[i] * xs[-1] - xs[i // 2])\n"
        "print(draw.svg(xs[-1]))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].endswith(b"</svg>\n\n")


def test_edges_that_pass_a_rank_keep_apart() -> None:
    x = leaf(1.0)
    routes = arrange(read(tanh(x) + x + x + x + x)).routes
    for rank, edges in ((1, 4), (2, 3), (3, 2)):
        heights = sorted(spot.y for route in routes for spot in route[1:-1] if spot.rank == rank)
        assert len(heights) == edges
        assert all(b - a > 12 for a, b in pairwise(heights))


def test_there_is_room_for_an_arrow_into_an_ellipse_and_out_of_it() -> None:
    x = leaf(1.0)
    left, ellipse, right, _ = shapes_of(parse(draw.svg(tanh(x))))
    assert left.x + left.rx + 30 < ellipse.x - ellipse.rx
    assert ellipse.x + ellipse.rx + 20 < right.x - right.rx


def test_a_leaf_ends_where_the_answers_of_its_rank_end() -> None:
    x, y = leaf(1.0), leaf(2.0)
    boxes = {shape.x + shape.rx for shape in shapes_of(parse(draw.svg(tanh(x) * y)))}
    assert len(boxes) == 3 + 2 + 1  # three ranks, two ellipses, the key


def middles(picture: ET.Element) -> dict[str, float]:
    """How far down the box of each name stands."""
    names = (text for text in picture.iter(f"{SVG}text") if text.get("class") == "name")
    return {name.text or "": float(name.get("y", "")) for name in names}


def test_leaves_of_one_operation_stand_in_the_order_they_were_made() -> None:
    numbers = {f"x_{i}": leaf(float(i)) for i in range(9)}
    backwards = [*numbers.values()][::-1]
    heights = middles(parse(draw.svg(total(backwards), names=numbers)))
    assert sorted(numbers, key=heights.__getitem__) == [*numbers]


def test_the_first_operand_stands_above_the_second() -> None:
    """As far as the picture as a whole can be turned that way up."""
    x, y = leaf(1.0), leaf(2.0)
    for first, second in ((tanh(x), y), (y, tanh(x))):
        heights = middles(parse(draw.svg(first - second, names={"1": first, "2": second})))
        assert heights["1"] < heights["2"]


def heads(picture: ET.Element) -> list[str]:
    return [path.get("d", "") for path in picture.iter() if path.get("class") == "head"]


def test_a_few_edges_arrive_side_by_side_and_many_in_one_point() -> None:
    few, many = ([leaf(1.0) for _ in range(n)] for n in (5, 20))
    assert len(set(heads(parse(draw.svg(total(few)))))) == 5 + 1
    assert len(set(heads(parse(draw.svg(total(many)))))) == 1 + 1
