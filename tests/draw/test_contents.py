"""A picture shows what the graph says, in every format and whatever the names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from inspect import signature
from typing import Final

import pytest

from fgrad import draw, row
from fgrad.calculus import TABLE, dot, hypot, logaddexp, maximum, tanh, total, where
from fgrad.draw.diagram import short
from fgrad.draw.reading import LIMIT, read
from fgrad.exercise import Value as ExerciseValue
from fgrad.graph import Node, fresh, leaf
from tests.draw.pictures import (
    CELLS,
    FORMATS,
    SEED_CELLS,
    Value,
    dot_cells,
    is_edge,
    network,
    parse,
    seed_graph,
    texts,
)

SEED_EDGES: Final = {
    ("x_1", "*", "x_3"),
    ("x_2", "*", "x_3"),
    ("x_4", "+", "x_5"),
    ("x_3", "+", "x_5"),
    ("x_5", "*", "L"),
    ("x_6", "*", "L"),
}

NASTY: Final = [
    "a < b & c > d",
    "\"quoted\" and 'quoted'",
    "a|b {c} [d] (e) <f>",
    "back\\slash \\N \\n",
    "&lt; #35; &amp;",
    "_x_ **y** `z` __w__",
    "- 1. + * #",
    "1. one",
    "-->|no| o1",
    "x₁ é 漢字 😀",
    "<script>alert(1)</script>",
    "]]> <!-- -->",
]


def connections(text: str) -> set[tuple[str, str, str]]:
    """Triples of operand, sign and answer in a DOT text whose numbers all have names."""
    names = dict(re.findall(r'(n\d+) \[label="\{(\w+)\|', text))
    signs = dict(re.findall(r'(o\d+) \[label="(\S+)" shape=ellipse\]', text))
    answers = dict(re.findall(r"(o\d+) -> (n\d+)", text))
    operands = re.findall(r"(n\d+) -> (o\d+)", text)
    return {(names[n], signs[o], names[answers[o]]) for n, o in operands}


# What is shown.


@pytest.mark.parametrize("write", FORMATS)
def test_a_box_shows_name_value_and_gradient(write: Callable[..., str]) -> None:
    root, names = seed_graph()
    assert CELLS[write](write(root, names=names)) == SEED_CELLS


def test_a_value_of_the_exercise_is_drawn_as_the_exercise_draws_it() -> None:
    x_1, x_2 = ExerciseValue(3, name="x_1"), ExerciseValue(4, name="x_2")
    x_3 = x_1 * x_2
    x_4 = ExerciseValue(5, name="x_4")
    x_5 = x_4 + x_3
    x_6 = ExerciseValue(2, name="x_6")
    root = x_5 * x_6
    root.backwards()
    text = draw.dot(root, names={"x_3": x_3, "x_5": x_5, "L": root})
    assert dot_cells(text) == SEED_CELLS
    assert connections(text) == SEED_EDGES


def test_edges_lead_from_operands_through_the_sign_to_the_answer() -> None:
    root, names = seed_graph()
    assert connections(draw.dot(root, names=names)) == SEED_EDGES


def test_mermaid_has_the_edges_that_dot_has() -> None:
    root, names = seed_graph()
    arrows = re.findall(r"(\w+) --> (\w+)", draw.mermaid(root, names=names))
    assert arrows == re.findall(r"(\w+) -> (\w+)", draw.dot(root, names=names))


def test_a_value_shows_its_own_name_and_gradient() -> None:
    """Even where these differ from d root / d node, as after two calls of backwards()."""
    x, y = leaf(3.0), leaf(4.0)
    left, right = Value(x, "a", 10.0), Value(y, None, -6.0)
    root = Value(x * y, "root", 2.0, (left, right))
    assert dot_cells(draw.dot(root)) == [
        ("a", "3.0", "10.0"),
        ("4.0", "-6.0"),
        ("root", "12.0", "2.0"),
    ]


def test_a_given_name_goes_before_the_own_one() -> None:
    value = Value(leaf(3.0), "own", 1.0)
    assert dot_cells(draw.dot(value, names={"given": value})) == [("given", "3.0", "1.0")]
    assert dot_cells(draw.dot(value, names={"given": value.node})) == [("given", "3.0", "1.0")]


def test_a_value_given_other_data_since_is_drawn_with_the_number_that_was_used() -> None:
    x = Value(leaf(3.0), "x", 6.0)
    root = Value(x.node * x.node, "root", 1.0, (x, x))
    x.node = leaf(100.0)
    assert dot_cells(draw.dot(root)) == [("x", "3.0", "6.0"), ("root", "9.0", "1.0")]


def test_a_name_of_something_else_is_passed_over() -> None:
    assert dot_cells(draw.dot(leaf(3.0), names={"other": leaf(1.0)})) == [("3.0", "1.0")]


@pytest.mark.parametrize("write", FORMATS)
def test_a_plain_float_has_a_box_of_its_own_with_the_number_alone(
    write: Callable[..., str],
) -> None:
    x = leaf(3.0)
    cells = CELLS[write](write(2 * x + 2))
    assert Counter(cells) == Counter(
        [("3.0", "2.0"), ("2.0",), ("6.0", "1.0"), ("2.0",), ("8.0", "1.0")]
    )


@pytest.mark.parametrize("write", FORMATS)
def test_a_lone_number_is_a_picture(write: Callable[..., str]) -> None:
    x = leaf(3.0)
    assert CELLS[write](write(x, names={"x": x})) == [("x", "3.0", "1.0")]


def test_a_shared_number_has_one_box() -> None:
    node = leaf(1.0)
    for _ in range(60):
        node = node + node
    diagram = read(node)
    assert len(diagram.boxes) == 61
    assert len(diagram.edges) == 120


def test_an_operand_taken_twice_has_two_edges() -> None:
    x = leaf(3.0)
    assert re.findall("n0 -> o1", draw.dot(x * x)) == ["n0 -> o1"] * 2
    assert re.findall("n0 --> o1", draw.mermaid(x * x)) == ["n0 --> o1"] * 2
    paths = [path.get("d") for path in parse(draw.svg(x * x)).iter() if is_edge(path)]
    assert len(set(paths)) == 3  # one to each half of the ellipse, one to the answer


def test_operands_are_numbered_where_their_order_matters() -> None:
    x, y = leaf(3.0), leaf(4.0)

    def ordinals(root: Node) -> list[int | None]:
        return [edge.ordinal for edge in read(root).edges]

    assert ordinals(x - y) == ordinals(x / 2) == ordinals(2**x) == [1, 2]
    assert ordinals(where(x > y, x, y)) == [1, 2, 3]
    assert ordinals(x + y) == ordinals(x * y) == ordinals(logaddexp(x, y)) == [None, None]
    assert ordinals(hypot(x, y)) == ordinals(maximum(x, y)) == [None, None]
    odd = row("add", lambda x, y: x - 2 * y, lambda _x, _y, _z: 1, lambda _x, _y, _z: -2)
    assert ordinals(odd(x, y)) == [1, 2]
    assert ordinals(dot([x, y], [y, x])) == [None] * 4
    assert ordinals(total([x, y, x])) == [None] * 3
    assert ordinals(-x) == ordinals(tanh(x)) == [None]


def test_every_format_shows_the_ordinals() -> None:
    root = leaf(3.0) - leaf(4.0)
    assert re.findall(r"(n\d) -> o2 \[label=(\d)\]", draw.dot(root)) == [("n0", "1"), ("n1", "2")]
    assert re.findall(r"(n\d) -->\|(\d)\| o2", draw.mermaid(root)) == [("n0", "1"), ("n1", "2")]
    assert texts(draw.svg(root), "ordinal") == ["1", "2"]


def test_infix_operations_are_shown_by_their_sign_the_others_by_their_name() -> None:
    x, y = leaf(3.0), leaf(4.0)
    shown = {
        read(node).boxes[-1].sign
        for node in (x + y, x - y, x * y, x / y, x**y, x // y, x % y, -x, abs(x), dot([x], [y]))
    }
    assert shown == {"+", "-", "*", "/", "**", "//", "%", "fabs", "dot"}


def test_a_leaf_that_stands_for_an_outer_node_is_its_equal() -> None:
    (inner,) = fresh([leaf(3.0)])
    assert [box.sign for box in read(inner).boxes] == [None, "="]


@pytest.mark.parametrize("name", TABLE)
def test_every_row_has_a_sign_without_spaces_or_braces(name: str) -> None:
    row = TABLE[name]
    operands = [
        leaf(next(x for x in (1.0, 0.5, 1.5) if x in domain))
        for domain in row.domain * (2 if row.blocks else 1)
    ]
    sign = read(operands[0].bind(row, operands)).boxes[-1].sign
    assert sign is not None
    assert re.fullmatch(r"[^\s{}()]+", sign)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3.0"),
        (-0.0, "-0.0"),
        (1 / 3, "0.333"),
        (-2 / 3, "-0.667"),
        (17.25, "17.25"),
        (100 / 3, "33.33"),
        (0.99999, "1.0"),
        (1.2e-5, "1.2e-05"),
        (12345.0, "12345.0"),
        (1e20, "1e+20"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_short_and_floats(number: float, text: str) -> None:
    assert short(number) == text


# Escapes.


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("write", FORMATS)
def test_a_name_survives_every_format(write: Callable[..., str], name: str) -> None:
    x = leaf(3.0)
    text = write(x + 1, names={name: x})
    assert CELLS[write](text)[0] == (name, "3.0", "1.0")


@pytest.mark.parametrize("name", NASTY)
def test_dot_and_mermaid_keep_their_strings_closed(name: str) -> None:
    x = leaf(3.0)
    for line in draw.dot(x, names={name: x}).splitlines():
        assert len(re.findall(r'(?<!\\)(?:\\\\)*"', line)) % 2 == 0
    (record,) = re.findall(r'n0 \[label="\{(.*)\}"\]', draw.dot(x, names={name: x}))
    assert re.findall(r"[{}|<>]", re.sub(r"\\.", "", record)) == ["|", "|"]
    (label,) = re.findall(r'n0\["(.*)"\]', draw.mermaid(x, names={name: x}))
    assert not set('"<>`*[](){}\\') & set(label)
    assert not re.search(r"(^|\s)([-+*]|\d+\.)\s|(?<!\w)_|_(?!\w)", label)  # no Markdown


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\n  lines\tlong", "two lines long"),
        ("bell\x07 \x00 \ud800", "bell\ufffd \ufffd \ufffd"),
        ("x" * 1000, "x" * 39 + "…"),
        ("\ufffe", "\ufffd"),
    ],
)
def test_what_no_format_can_hold_is_replaced(
    write: Callable[..., str], name: str, shown: str
) -> None:
    x = leaf(3.0)
    assert CELLS[write](write(x, names={name: x})) == [(shown, "3.0", "1.0")]


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("name", ["", " \n"])
def test_an_empty_name_is_none(write: Callable[..., str], name: str) -> None:
    x = leaf(3.0)
    assert CELLS[write](write(x, names={name: x})) == [("3.0", "1.0")]


def test_a_value_draws_itself_up_to_the_same_limit() -> None:
    """Its method has the number itself: what draws is imported when it is called."""
    assert signature(ExerciseValue.draw).parameters["limit"].default == LIMIT


# The same graph, the same text.


@pytest.mark.parametrize("write", FORMATS)
def test_a_graph_built_again_gives_the_same_text(write: Callable[..., str]) -> None:
    first, second = (network(), network())
    assert write(first) == write(first) == write(second)
