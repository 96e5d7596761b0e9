"""The pages about the operators and the hard points: they leave nothing out and are up to date."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import fgrad
from fgrad.calculus import TABLE

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")}
DIFFERENCES: Final = DOCS["differences.md"]
CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    case["name"]: case
    for case in json.loads((ROOT / "tests" / "cases" / "cases.json").read_text(encoding="utf-8"))
}

grad: Any = fgrad.grad  # tests/typing has its types
PUBLIC: Final = {name: getattr(fgrad, name) for name in dir(fgrad)}
FLOORS: Final = ("transform", "check", "define", "composition", "tree", "graph")
OPERATORS: Final = [
    name
    for name, thing in PUBLIC.items()
    if inspect.isfunction(thing) and thing.__module__.split(".")[1] in FLOORS
]


def lines(page: str) -> Iterator[list[str]]:
    """The lines of a page's tables, as their cells."""
    for line in re.findall(r"^\| (.*) \|$", page, flags=re.MULTILINE):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]


# The first word of a line is the name of a case; the second cell is what fgrad gives.
SIDE_BY_SIDE: Final = {
    re.split(r"\W", cells[0])[0]: cells
    for cells in lines(DIFFERENCES)
    if cells[0] not in ("case", "---")
}


def test_there_are_operators_to_look_for() -> None:
    assert {"grad", "check_grad", "row", "clip", "ravel", "value"} <= set(OPERATORS)


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_is_explained_and_shown(name: str) -> None:
    text = "\n".join(DOCS.values())
    assert re.search(rf"`{name}\b[^`]*`", text), f"no page mentions `{name}`"
    assert re.search(rf"^(>>>|\.\.\.).*(?<!\.)\b{name}\(", text, flags=re.MULTILINE), (
        f"no example uses {name}"
    )


def test_the_table_of_conventions_is_current() -> None:
    page = DOCS["hard-points.md"]
    found = {cells[0]: cells[-1] for cells in lines(page) if cells[0] in TABLE}
    limits = {row.limit for row in TABLE.values()}
    rows = {
        name: row.convention
        for name, row in TABLE.items()
        if row not in limits and (row.convention or row.kinks)
    }
    assert found == rows, "docs/hard-points.md is out of date: run `python docs/generate.py`"


def test_every_section_of_the_differences_names_its_cases() -> None:
    for section in re.split(r"^## ", DIFFERENCES, flags=re.MULTILINE)[1:]:
        named = {cells[0] for cells in lines(section)} - {"case", "---"}
        assert named, section.partition("\n")[0]
        assert ">>> " in section, section.partition("\n")[0]


def gradient(case: Mapping[str, Any]) -> str | list[float]:
    """What fgrad gives for a case that is an expression: its gradient, or what it raises."""
    f = eval(f"lambda x=0.0, y=0.0: {case['expr']}", {**PUBLIC})  # noqa: S307 - our cases
    args = [x if isinstance(x, int) else float(x) for x in case["args"]]  # "nan" is a string
    try:
        return list(grad(f, argnums=tuple(range(len(args))))(*args))
    except (ArithmeticError, ValueError) as error:
        return type(error).__name__
    except TypeError:  # or a kind of it
        return "TypeError"


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_what_the_differences_say_of_fgrad_is_so(name: str) -> None:
    assert name in CASES
    case, (what, says, *_) = CASES[name], SIDE_BY_SIDE[name]
    if "code" in case or "the value" in what or "second derivative" in what:
        return  # shown in an example
    got = gradient(case)
    if isinstance(got, str):
        assert says == got
    else:
        said = [float(cell) for cell in says.strip("()").split(", ")]
        assert said == pytest.approx(got, rel=1e-3, abs=0, nan_ok=True)
