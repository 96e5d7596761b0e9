"""Whole programs in machine code: guards, forks, sharing, chunks and trees of answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from fgrad.calculus import TABLE, add, div, dot, log, mul, sub, tanh, total
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.kernel import CHUNK, MODULE
from fgrad.compiler.native.sums import PIECE
from fgrad.compiler.program import (
    Atom,
    Block,
    Constant,
    Fork,
    Guard,
    Line,
    Program,
    Return,
    used,
)
from fgrad.container import LEAF, Structure
from fgrad.tree import flatten
from tests.jit.reference import ASKED, COMPARE, ROWS, SPECIAL, ask, bits, evaluate

INPUTS: Final = 3


class Pair(NamedTuple):
    left: float
    right: object


@frozen
class Point:
    x: float
    y: float


class Colour(Enum):
    RED = 1


TREES: Final = (
    1.0,
    (),
    (1.0,),
    [1.0, 2.0],
    (1.0, [2.0, (3.0, None)], "name", True, Colour.RED),
    [[1.0, 2.0], [[3.0]], []],
    {"a": 1.0, "b": [2.0]},
    Pair(1.0, (2.0, 3.0)),
    (Point(1.0, 2.0), 3.0),
    [[0.5] * 8 for _ in range(9)],
    tuple([(0.5,)] * 200),
    [0.5] * 1000,
)


class Drawing:
    """A program as it is drawn, line after line."""

    def __init__(self, draw: Callable[..., object]) -> None:
        self.draw = draw
        self.lines: list[Line] = []

    def one_of(self, things: object) -> object:
        return self.draw(st.sampled_from(things))

    def operand(self, known: list[int]) -> Atom:
        constant = self.draw(st.integers(0, 4)) == 0
        return Constant(self.one_of(SPECIAL)) if constant else self.one_of(known)

    def line(self, known: list[int]) -> int:
        row = self.one_of(ROWS)
        size = row.blocks * self.draw(st.integers(1, 3)) if row.blocks else len(row.partials)
        self.lines.append(Line(row, tuple([self.operand(known) for _ in range(size)])))
        return INPUTS + len(self.lines) - 1

    def comparison(self, known: list[int]) -> tuple[str, Atom, Atom]:
        return self.one_of(list(COMPARE)), self.operand(known), self.operand(known)

    def block(self, known: list[int], depth: int) -> Block:
        """Lines, in both arms of a fork sometimes the same ones, and guards; then an end."""
        known, steps = [*known], []
        spare = [value for value in range(INPUTS, INPUTS + len(self.lines)) if value not in known]
        for value in spare:
            if self.draw(st.booleans()) and {*used(self.lines[value - INPUTS].operands)} <= {
                *known
            }:
                known.append(value)
                steps.append(value)
        for _ in range(self.draw(st.integers(0, 6))):
            if self.draw(st.integers(0, 5)) == 0:
                steps.append(Guard(*self.comparison(known), self.draw(st.booleans())))
            else:
                known.append(self.line(known))
                steps.append(known[-1])
        if depth and self.draw(st.booleans()):
            arms = [self.block(known, depth - 1) for _ in range(2)]
            return Block(tuple(steps), Fork(*self.comparison(known), *arms))
        structure = flatten(self.one_of(TREES[:9]))
        outputs = tuple([self.operand(known) for _ in structure[0]])
        return Block(tuple(steps), Return(outputs, structure[1]))


@st.composite
def programs(draw: Callable[..., object]) -> Program:
    drawing = Drawing(draw)
    body = drawing.block(list(range(INPUTS)), 3)
    return Program(INPUTS, tuple(drawing.lines), body)


floats = st.floats() | st.sampled_from(SPECIAL) | st.integers(-9, 9).map(float)
points = st.lists(st.tuples(*[floats] * INPUTS), min_size=1, max_size=20)


@given(programs(), points, st.booleans())
@settings(max_examples=settings().max_examples * 3)
def test_programs(program: Program, places: list[tuple[float, ...]], fast: bool) -> None:  # noqa: FBT001
    native = compile_native(program, ask, (), fast=fast)
    for place in places:
        assert bits(native(*place)) == bits(evaluate(program, *place))


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree)[:40])
@pytest.mark.parametrize("fast", [False, True], ids=["O1", "fast"])
def test_answers_come_in_their_tree(tree: object, fast: bool) -> None:  # noqa: FBT001
    leaves, structure = flatten(tree)
    places = [i % 2 if i % 7 else Constant(float(i)) for i in range(len(leaves))]
    program = Program(2, (), Block((), Return(tuple(places), structure)))
    answer = compile_native(program, ask, (), fast=fast)(-0.0, 7.5)
    assert type(answer) is type(tree)
    assert bits(answer) == bits(evaluate(program, -0.0, 7.5))


@pytest.mark.parametrize("relation", COMPARE)
@pytest.mark.parametrize("outcome", [True, False])
def test_guards_compare_as_python_does(relation: str, outcome: bool) -> None:  # noqa: FBT001
    body = Block((Guard(relation, 0, 1, outcome),), Return((0, 1), flatten((1.0, 1.0))[1]))
    native = compile_native(Program(2, (), body), ask, ())
    for x in SPECIAL:
        for y in SPECIAL:
            known = COMPARE[relation](x, y) is outcome
            assert bits(native(x, y)) == bits((x, y) if known else ASKED)


def tree_of(size: int) -> Structure:
    return flatten([0.5] * size)[1]


def long_program(size: int, seed: int = 0) -> Program:
    """Lines of near and of far operands, guards among them, and a fork in the middle of it."""
    draw = random.Random(seed)
    made: list[Line] = []
    steps: list[int | Guard] = []
    rows = [add, sub, mul, tanh, TABLE["sin"], TABLE["maximum"], TABLE["sigmoid"]]
    for value in range(INPUTS, INPUTS + size):
        row = draw.choice(rows)
        near = [max(0, value - draw.choice([1, 2, 3, 5, 50, 4_000])) for _ in row.partials]
        made.append(Line(row, (near[0], Constant(0.7)) if row is mul else tuple(near)))
        steps.append(value)
        if value % 100 == 0:
            steps.append(Guard(">", draw.randrange(INPUTS), Constant(1.5e3), outcome=False))
    third, last = size // 3, INPUTS + size
    ends = [Return((last - k, k, size // 2), tree_of(3)) for k in (1, 2)]
    arms = [Block(tuple(steps[third:]), end) for end in ends]
    return Program(INPUTS, tuple(made), Block(tuple(steps[:third]), Fork("<", 5, 9, *arms)))


@pytest.mark.parametrize("fast", [False, True], ids=["O1", "fast"])
@pytest.mark.parametrize("size", [CHUNK // 2, CHUNK + 1, CHUNK * (MODULE // 2 + 2)])
def test_programs_of_many_chunks(size: int, fast: bool) -> None:  # noqa: FBT001
    if size > 5 * CHUNK and not fast:
        size //= 4
    program = long_program(size)
    native = compile_native(program, ask, (), fast=fast)
    draw = random.Random(1)
    ends = set()
    for _ in range(20):
        point = [draw.uniform(-2, 2) * draw.choice([1, 1, 1e3]) for _ in range(INPUTS)]
        answer = evaluate(program, *point)
        assert bits(native(*point)) == bits(answer)
        ends.add(answer if answer == ASKED else point.index(answer[1]))
    assert ends == {ASKED, 1, 2}


@pytest.mark.parametrize("size", [PIECE, PIECE + 1, 3 * PIECE, 4_200])
def test_long_sums_and_more_numbers_than_the_stack_should_hold(size: int) -> None:
    every = tuple(range(size))
    made = [Line(total, every), Line(dot, every + every[::-1]), Line(div, (size + 1, 0))]
    steps = tuple(range(size, size + len(made)))
    program = Program(size, tuple(made), Block(steps, Return(every + steps, tree_of(size + 3))))
    native = compile_native(program, ask, ())
    point = [random.Random(2).gauss(0.0, 1.0) for _ in range(size)]
    assert bits(native(*point)) == bits(evaluate(program, *point))
    assert native(0.0, *point[1:]) == ASKED
    assert native(*point[1:]) == ASKED


def test_no_multiplication_is_fused_with_an_addition() -> None:
    made = (Line(mul, (0, 1)), Line(add, (3, 2)), Line(sub, (2, 3)))
    program = Program(3, made, Block((3, 4, 5), Return((4, 5), flatten((1.0, 1.0))[1])))
    native = compile_native(program, ask, ())
    draw = random.Random(3)
    for _ in range(2_000):
        point = [draw.gauss(0, 1) for _ in range(3)]
        assert bits(native(*point)) == bits(evaluate(program, *point))


def test_what_raises_in_the_arm_not_taken_does_not_matter() -> None:
    arms = Block((1,), Return((1,), LEAF)), Block((), Return((0,), LEAF))
    program = Program(1, (Line(log, (0,)),), Block((), Fork(">", 0, Constant(0.0), *arms)))
    native = compile_native(program, ask, ())
    assert [native(x) for x in (1.0, 0.0, -1.0)] == [0.0, 0.0, -1.0]
