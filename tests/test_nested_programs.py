"""Programs with derivatives inside, drawn at random: up, down, within another, and by mpmath."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad
from tests import nested
from tests.nested import OPERATORS, TWICE, Line, Program, draw, judge, run

# Handed lambdas of anything: what types these have is tested in tests/typing.
grad: Any = fgrad.grad

seeds = st.integers(0, 10**9)


def drawn(seed: int, most: int = 40) -> tuple[Program, list[float]]:
    """A seed's program; tests/bench/programs.py draws 100,000 of these."""
    return draw(random.Random(seed), most)


@given(seeds)
def test_the_derivatives_of_a_program(seed: int) -> None:
    program, inputs = drawn(seed)
    verdict = judge(program, inputs)
    assert not verdict.wrong, f"{program}\nat {inputs}:\n" + "\n".join(verdict.wrong)


@given(seeds)
def test_a_program_on_floats_gives_a_float(seed: int) -> None:
    program, inputs = drawn(seed)
    assert type(run(program, inputs)) is float
    assert all(type(x) is float for x in grad(lambda xs: run(program, xs))(inputs))


# That the tests can fail.


def operators(program: Program) -> Counter[str]:
    count = Counter(line.name for line in program.lines)
    for line in program.lines:
        if line.inner is not None:
            count += operators(line.inner)
    return count


def depth(program: Program) -> int:
    return max((1 + depth(x.inner) for x in program.lines if x.inner is not None), default=0)


def test_the_programs_are_what_they_are_meant_to_be() -> None:
    """Long and short, of few and many inputs, with sharing, branches, and derivatives inside."""
    programs = [drawn(seed)[0] for seed in range(300)]
    lengths = [len(program.lines) for program in programs]
    assert (min(lengths), max(lengths)) == (3, 40)
    assert {program.width for program in programs} == {1, 2, 3, 4, 5}
    total = sum((operators(program) for program in programs), Counter[str]())
    assert total.keys() >= {*OPERATORS, *nested.FUNCTIONS, *nested.OTHERS, "branch"}
    assert max(map(depth, programs)) == 2
    uses = [
        Counter(x for line in program.lines for x in line.operands if isinstance(x, int))
        for program in programs
    ]
    assert sum(max(count.values()) >= 3 for count in uses) > len(programs) / 2


ONE: Program = Program(
    2,
    (
        Line("mul", (0, 1)),
        Line(
            "grad",
            (2, 1.0, 0, 2),
            Program(3, (Line("mul", (0, 1)), Line("sin", (3,)), Line("mul", (4, 2)))),
        ),
        Line("add", (3, 2)),
    ),
)
"""x y + d/dt (sin(t x) x y) at t = x y."""


def test_a_known_program() -> None:
    assert str(ONE).splitlines() == [
        "a2 = mul(x0, x1)",
        "def g(t):",
        "    b3 = mul(t, x0)",
        "    b4 = sin(b3)",
        "    b5 = mul(b4, a2)",
        "a3 = grad(g, a2, 1.0)",
        "a4 = add(a3, a2)",
    ]
    assert not judge(ONE, [0.7, 1.2]).wrong


@pytest.mark.parametrize("name", sorted(TWICE))
def test_a_known_program_of_second_order(name: str) -> None:
    twice = ONE._replace(lines=(ONE.lines[0], ONE.lines[1]._replace(name=name), ONE.lines[2]))
    assert not judge(twice, [0.7, 1.2]).wrong


@pytest.mark.parametrize("name", OPERATORS)
def test_a_confusion_would_be_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the inner derivative to take the captured numbers for constants, or be off a little."""
    right = OPERATORS[name]
    program = ONE._replace(lines=(ONE.lines[0], ONE.lines[1]._replace(name=name), ONE.lines[2]))
    for wrong in (
        lambda g, x, v: right(g, x, v) * (1 + 1e-12),
        lambda g, x, v: right(g, getattr(x, "value", x), v),
        lambda g, x, v: getattr(right(g, x, v), "value", right(g, x, v)),
    ):
        monkeypatch.setitem(OPERATORS, name, wrong)
        assert judge(program, [0.7, 1.2]).wrong
