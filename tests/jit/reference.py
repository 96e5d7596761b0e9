"""Programs evaluated by plain Python, which machine code must match to the last bit."""

from __future__ import annotations

import math
import operator
import struct
from typing import Final

import attrs
import pytest

from fgrad.calculus import TABLE
from fgrad.compiler.program import Atom, Block, Constant, Fork, Guard, Program, Return
from fgrad.compiler.selection import RELATIONS
from fgrad.define import row
from fgrad.interval import REAL, Interval
from fgrad.tree import unflatten

pytest.importorskip("llvmlite")

SPECIAL: Final = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 1.5, 2.5, -2.5, 7.0, math.pi, -math.e),
    *(math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.3e-308, 1e308, -1e308, 1.797e308),
    *(709.78, 710.0, -710.0, -745.2, 1e16, -1e16, 4503599627370497.5, 0.49999999999999994, 1e-17),
)
"""Zeros, ends of domains, ties, the smallest and the largest, what is no number."""


def _root_of_product(x: float, y: float, z: float) -> float:
    return math.sqrt(x * y) + z


OWN: Final = (
    row("own_inverse", lambda x: 1 / x, lambda x, y: -y * y),
    row(
        "own_root",
        _root_of_product,
        lambda x, y, z, u: 0.5 * y / (u - z),
        lambda x, y, z, u: 0.5 * x / (u - z),
        lambda x, y, z, u: 1,
        domain=(Interval(low=0.1), Interval(low=0.1), REAL),
    ),
)
"""Rows as users write them, which raise here and there."""
ROWS: Final = (*TABLE.values(), *RELATIONS, *OWN)
"""All that machine code knows to compute, or to call."""
COMPARE: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
ASKED: Final = "the function itself was asked"


def ask(*_: object, **__: object) -> str:
    """A fallback."""
    return ASKED


def bits(x: object) -> object:
    """What tells floats apart, in whatever they are; there is but one nan."""
    if isinstance(x, float):
        return "nan" if math.isnan(x) else struct.pack("d", x)
    if isinstance(x, (tuple, list)):
        return type(x), [bits(item) for item in x]
    if isinstance(x, dict):
        return {key: bits(item) for key, item in x.items()}
    return (type(x), bits(attrs.astuple(x, recurse=False))) if attrs.has(type(x)) else x


def evaluate(program: Program, *inputs: float) -> object:
    """What the program returns; `ASKED` where it raises, or knows no run."""
    try:
        return _walk(program, program.body, dict(enumerate(inputs)))
    except (ArithmeticError, ValueError, LookupError):
        return ASKED


def _walk(program: Program, block: Block, values: dict[int, float]) -> object:
    def number(operand: Atom) -> float:
        return operand.value if isinstance(operand, Constant) else values[operand]

    def holds(comparison: Guard | Fork) -> bool:
        return COMPARE[comparison.relation](number(comparison.left), number(comparison.right))

    for step in block.steps:
        if isinstance(step, int):
            line = program.line(step)
            values[step] = line.row.value(*map(number, line.operands))
        elif holds(step) is not step.outcome:
            raise LookupError
    if isinstance(block.end, Return):
        return unflatten(block.end.structure, list(map(number, block.end.outputs)))
    return _walk(program, block.end.holds if holds(block.end) else block.end.fails, values)
