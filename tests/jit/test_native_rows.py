"""Every row in machine code: the same bits as in Python, and where Python raises, Python."""

from __future__ import annotations

import math
import random
import struct
from itertools import product
from typing import TYPE_CHECKING

import pytest

from fgrad.calculus import TABLE
from fgrad.compiler.lowering import tanh_slope
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.forms import CALLED, FORMS
from fgrad.compiler.program import Block, Constant, Fork, Line, Program, Return
from fgrad.compiler.selection import RELATIONS
from fgrad.container import LEAF, Branch
from tests.jit.reference import ROWS, SPECIAL, ask, bits, evaluate

if TYPE_CHECKING:
    from fgrad.primitive import Primitive


def program_of(row: Primitive, operands: int) -> Program:
    return Program(
        operands,
        (Line(row, tuple(range(operands))),),
        Block((operands,), Return((operands,), LEAF)),
    )


def numbers_of(row: Primitive) -> list[int]:
    return [row.blocks, row.blocks * 2, row.blocks * 5] if row.blocks else [len(row.partials)]


def points(operands: int, count: int) -> list[tuple[float, ...]]:
    draw = random.Random(operands)

    def number() -> float:
        kind = draw.randrange(5)
        if kind == 0:
            return draw.choice(SPECIAL)
        if kind == 1:
            return struct.unpack("d", draw.randbytes(8))[0]
        if kind == 2:
            return float(draw.randint(-20, 20))
        return draw.gauss(0, 3) * 10.0 ** draw.choice([0, 0, 1, 2, -1, -3])

    corners = list(product(SPECIAL, repeat=operands)) if operands < 3 else []
    return corners + [tuple([number() for _ in range(operands)]) for _ in range(count)]


def test_every_row_has_a_form_or_a_reason() -> None:
    assert FORMS.keys() | CALLED.keys() == {*TABLE.values(), *RELATIONS, tanh_slope}
    assert not FORMS.keys() & CALLED.keys()


@pytest.mark.parametrize("fast", [False, True], ids=["O1", "fast"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bits_and_exceptions(row: Primitive, fast: bool) -> None:  # noqa: FBT001
    for operands in numbers_of(row):
        program = program_of(row, operands)
        native = compile_native(program, ask, (), fast=fast)
        for point in points(operands, 300 if fast else 1_000):
            assert bits(native(*point)) == bits(evaluate(program, *point)), point


@pytest.mark.parametrize("fast", [False, True], ids=["O1", "fast"])
def test_the_slope_of_tanh_beside_tanh(fast: bool) -> None:  # noqa: FBT001
    ends = Block((1, 2, 3), Return((2, 3), Branch(tuple, (), 2, None)))
    lines = Line(TABLE["tanh"], (0,)), Line(tanh_slope, (0, 1)), Line(TABLE["sech_squared"], (0,))
    native = compile_native(Program(1, lines, ends), ask, (), fast=fast)
    edges = [sign * math.nextafter(1.0, end) for sign in (1.0, -1.0) for end in (0.0, 1.0, 2.0)]
    near = [sign * (0.8 + i / 100) for sign in (1.0, -1.0) for i in range(40)]
    for (x,) in [*zip(edges + near, strict=True), *points(1, 1_000)]:
        slope = TABLE["sech_squared"].value(x)
        assert bits(native(x)) == bits((slope, slope)) == bits(evaluate(Program(1, lines, ends), x))


def test_a_gaussian_splits_its_operand_where_python_does() -> None:
    """At most numbers another split gives the same bits; that by 3**27 + 1 does not at these."""
    program = program_of(TABLE["gaussian"], 1)
    native = compile_native(program, ask, ())
    for x in (9.603498259390152, 16.556193394809185, 20.263390546621586):
        assert bits(native(x)) == bits(TABLE["gaussian"].value(x))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_constants_are_not_folded_into_something_else(row: Primitive) -> None:
    operands = numbers_of(row)[-1]
    known = points(operands, 40)
    chosen = random.Random(1).sample(known, min(len(known), 40))
    lines = tuple([Line(row, tuple(map(Constant, point))) for point in chosen])
    end = Block((), Return((0,), LEAF))
    for value in range(1, len(lines) + 1):  # the input says which line is computed
        only = Block((value,), Return((value,), LEAF))
        end = Block((), Fork("==", 0, Constant(float(value)), only, end))
    program = Program(1, lines, end)
    native = compile_native(program, ask, ())
    for value, line in enumerate(lines, 1):
        assert bits(native(float(value))) == bits(evaluate(program, float(value))), str(line)


def test_a_line_that_nobody_reads_still_raises() -> None:
    for name, value in [
        ("gamma", 0.0),
        ("log", 0.0),
        ("exp", 800.0),
        ("sqrt", -1.0),
        ("sin", float("inf")),
    ]:
        program = Program(1, (Line(TABLE[name], (0,)),), Block((1,), Return((0,), LEAF)))
        native = compile_native(program, ask, ())
        assert native(0.5) == 0.5
        assert native(value) == evaluate(program, value) == ask()
