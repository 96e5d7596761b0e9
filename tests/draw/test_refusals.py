"""What cannot be drawn is refused at once and in one clear line; files; life without the extra."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fgrad
from fgrad import draw
from fgrad.calculus import TABLE, total
from fgrad.graph import Node, leaf
from tests.draw.pictures import (
    FORMATS,
    SEED_CELLS,
    SVG,
    Value,
    dot_cells,
    mermaid_cells,
    parse,
    seed_graph,
    svg_cells,
)

# Names.


def test_a_star_import_brings_the_verbs_and_none_of_the_modules_behind_them() -> None:
    names: dict[str, object] = {}
    exec("from fgrad.draw import *", names)  # noqa: S102 - the only way to have one in a function
    brought = {name: thing for name, thing in names.items() if name != "__builtins__"}
    verbs = {"dot", "mermaid", "picture", "svg"}
    assert {*brought} == verbs | {"Drawable", "Labelled", "Picture"}
    assert brought == {name: getattr(draw, name) for name in brought}


# Refusals.


def chain(length: int) -> Node:
    """A graph of so many nodes."""
    node = leaf(0.5)
    for _ in range(length - 1):
        node = node * 1.5
    return node


@pytest.mark.parametrize("draw_it", [*FORMATS, draw.picture])
def test_two_hundred_nodes_are_drawn_and_more_refused(draw_it: Callable[..., object]) -> None:
    assert draw_it(chain(200))
    with pytest.raises(ValueError, match=r"more than 200 nodes .* raise the limit, .* limit=1000"):
        draw_it(chain(201))


def test_the_limit_can_be_raised_and_lowered() -> None:
    assert len(svg_cells(draw.svg(chain(300), limit=300))) == 599
    with pytest.raises(ValueError, match="more than 2 nodes"):
        draw.dot(chain(3), limit=2)


@pytest.mark.parametrize("limit", [0, -5, 2.5, "200", None, True])
def test_a_limit_is_a_positive_int(limit: Any) -> None:
    complaint = f"limit: expected a positive int, got {type(limit).__name__} {limit!r}"
    with pytest.raises(ValueError, match=complaint):
        draw.picture(leaf(1.0), limit=limit)


def test_no_more_is_walked_than_the_limit() -> None:
    """However large the graph: the answer is the same, and at once."""
    asked = []

    class Link(Value):
        def __getattribute__(self, name: str) -> object:
            if name == "operands":
                asked.append(self)
            return super().__getattribute__(name)

    value = Link(leaf(0.5))
    for _ in range(5000):
        value = Link(value.node * 1.5, None, 0.0, (value, 1.5))
    with pytest.raises(ValueError, match="more than 200 nodes"):
        draw.picture(value)
    assert len(asked) <= 201


def test_a_graph_too_wide_is_refused_too() -> None:
    x = leaf(1.0)
    one, other, large = (x.bind(TABLE["total"], [x, *[1.0] * n]) for n in (150, 150, 300))
    for wide in (large, one + other, total([x] * 300), total([leaf(1.0) for _ in range(300)])):
        with pytest.raises(ValueError, match="more than 200 nodes"):
            draw.picture(wide)


@pytest.mark.parametrize("root", [3.0, None, "x", [leaf(1.0)]])
def test_what_is_no_graph_is_named(root: object) -> None:
    kind = type(root).__name__
    with pytest.raises(TypeError, match=f"root: expected a Node or a Value to draw, got {kind}"):
        draw.dot(root)  # type: ignore[arg-type]  # the point


def test_a_name_for_what_is_no_number_of_a_graph_is_named() -> None:
    with pytest.raises(TypeError, match=r"names\['y'\]: expected a Node or a Value .* float 3\.0"):
        draw.dot(leaf(1.0), names={"y": 3.0})  # type: ignore[dict-item]  # the point


@pytest.mark.parametrize("names", [[leaf(1.0)], "x", {3: leaf(1.0)}, {leaf(1.0): "x"}])
def test_names_are_said_by_a_dict_of_texts(names: Any) -> None:
    kind = type(names).__name__
    with pytest.raises(TypeError, match=rf"names: .*, as in \{{'x': x\}}, got {kind} "):
        draw.picture(leaf(1.0), names=names)


def test_the_name_of_a_value_is_a_text() -> None:
    with pytest.raises(TypeError, match="name: expected a str, got int 5"):
        draw.picture(Value(leaf(1.0), name=5))  # type: ignore[arg-type]  # the point


# Files, notebooks, and life without the extra.


def test_a_picture_saves_itself_in_the_format_of_the_suffix(tmp_path: Path) -> None:
    root, names = seed_graph()
    picture = draw.picture(root, names=names)
    for name, write in (("a.svg", draw.svg), ("a.DOT", draw.dot), ("a.mmd", draw.mermaid)):
        picture.save(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8") == write(root, names=names)
    picture.save(str(tmp_path / "text.svg"))
    assert parse((tmp_path / "text.svg").read_text(encoding="utf-8")).tag == f"{SVG}svg"


@pytest.mark.parametrize("name", ["graph.png", "graph", ".svg"])
def test_another_suffix_is_refused_and_nothing_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"path: .* ends in .svg, .dot, .mmd, got .*" + name):
        draw.picture(leaf(1.0)).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stranger", [None, 3, b"graph.svg", leaf(1.0)])
def test_what_is_no_path_is_named(stranger: Any) -> None:
    expected = "path: expected the name of a file that ends in .svg, .dot, .mmd, got"
    with pytest.raises(TypeError) as caught:
        draw.picture(leaf(1.0)).save(stranger)
    assert str(caught.value) == f"{expected} {type(stranger).__name__} {stranger!r}"


@pytest.mark.parametrize("stranger", [0, "", leaf(0.0), fgrad.Value(3), np.array([1.0, 2.0])])
def test_names_that_are_no_mapping_are_refused_whatever_they_are(stranger: Any) -> None:
    with pytest.raises(TypeError, match=r"names: expected names and what they are names of"):
        draw.dot(leaf(1.0), names=stranger)


def test_a_notebook_shows_a_picture() -> None:
    root, names = seed_graph()
    assert draw.picture(root, names=names)._repr_svg_() == draw.svg(root, names=names)


def test_a_picture_is_of_its_moment() -> None:
    value = Value(leaf(3.0), "x", 1.0)
    picture = draw.picture(value)
    value.grad = 2.0
    assert svg_cells(picture._repr_svg_() or "") == [("x", "3.0", "1.0")]


def test_without_the_extra_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fast_sugiyama", None)
    root, names = seed_graph()
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'fgrad\[draw\]'") as error:
        draw.svg(root, names=names)
    assert "\n" not in str(error.value)
    assert dot_cells(draw.dot(root, names=names)) == SEED_CELLS
    assert mermaid_cells(draw.mermaid(root, names=names)) == SEED_CELLS


def test_without_the_extra_a_notebook_warns_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fast_sugiyama", None)
    picture = draw.picture(seed_graph()[0])
    with pytest.warns(UserWarning, match=r"pip install 'fgrad\[draw\]'"):
        assert picture._repr_svg_() is None


def test_the_extra_is_loaded_when_it_is_needed() -> None:
    script = "import sys, fgrad.draw; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "fgrad.draw" in loaded
    assert "fast_sugiyama" not in loaded
