"""Whatever the rest of the suite differentiates, compiled: the same bits and the same errors."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad
from fgrad import calculus, jit, nn, relu, sigmoid, tanh, where
from fgrad.calculus import TABLE
from fgrad.primitive import Pairing, Primitive, Reduction
from tests import nested
from tests.cases import test_cases as cases
from tests.jit.runners import (
    DERIVED,
    SPECIAL,
    Function,
    Runner,
    assert_same,
    bits,
    grad,
    hessian,
    outcome,
    value_and_grad,
)
from tests.test_programs import Program, by_fgrad, programs

derived = pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)


def widths(row: Primitive) -> list[int]:
    return [row.blocks, 3 * row.blocks] if row.blocks else [len(row.partials)]


def applied(row: Any) -> Function:
    """A row as a function of numbers only."""
    if isinstance(row, Reduction):
        return lambda *xs: row(xs)
    if isinstance(row, Pairing):
        return lambda *xs: row(xs[: len(xs) // 2], xs[len(xs) // 2 :])
    return lambda *xs: row(*xs)


def points(row: Primitive, width: int) -> list[tuple[float, ...]]:
    """Points of a row: some in its domain, and some of all the special ones."""
    domain = [interval for interval in row.domain for _ in range(width // len(row.domain))]
    inside = list(zip(*[interval.points() for interval in domain], strict=False))
    rng = random.Random(row.name)
    if row is calculus.polygamma:  # it takes whole orders, and as many steps as its order
        return [(float(n), x) for n in range(3) for x in SPECIAL]
    special = list(itertools.product(SPECIAL, repeat=width)) if width < 3 else []
    special = rng.sample(special, min(30, len(special)))
    return [*inside, *special, *(tuple(rng.choices(SPECIAL, k=width)) for _ in range(10))]


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_row_and_its_derivatives_at_all_kinds_of_points(
    row: Primitive, runner: Runner
) -> None:
    for width in widths(row):
        for derive in DERIVED.values():
            assert_same(runner, derive(applied(row)), points(row, width))


LEFT_OUT: Final = {
    *("deep_add_1e5", "deep_add_1e6", "deep_mul_1e5", "deep_sin_1e5", "balanced_tree_2e16"),  # long
    "raises_float_conversion",  # floats may do what a number that jit traces may not
    "pc_leaked_inner_node",  # its value is a node, another in each run
}
CASES: Final = [case for case in cases.CASES if case.name not in LEFT_OUT]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_that_engines_get_wrong(case: cases.Case, runner: Runner) -> None:
    f, args = cases.function(case), cases.arguments(case)
    if case.pack:
        assert_same(
            runner,
            grad(lambda tree: f(*(tree[x] for x in "xyz" if x in tree))),
            [[cases.PACKS[case.pack](*args)]],
        )
        return
    shapes = ["value"] if case.out else ["value", "value_and_grad"]
    shapes += ["hessian"] if case.hess else []
    for name in shapes:
        assert_same(runner, DERIVED[name](f), [args, args])


@derived
@given(program=programs(max_lines=15, max_inputs=3))
def test_a_program_of_straight_lines(
    derive: Callable[[Function], Function], program: Program
) -> None:
    f = derive(program.over(by_fgrad))
    quick = jit(f, native=False)
    for factor in (1.0, 1.001, -1.0, 0.0, 40.0):
        args = [x * factor for x in program.inputs]
        assert outcome(quick, *args) == outcome(f, *args)


@given(st.integers(0, 10**9))
def test_a_program_with_derivatives_inside(seed: int) -> None:
    program, inputs = nested.draw(random.Random(seed), 20)
    for f in (lambda *xs: nested.run(program, xs), grad(lambda *xs: nested.run(program, xs))):
        quick = jit(f, native=False)
        for factor in (1.0, 1.01, -1.0):
            args = [x * factor for x in inputs]
            assert outcome(quick, *args) == outcome(f, *args)


TRAPS: Final[dict[str, Function]] = {
    "the inner variable and the outer": grad(lambda x: x * grad(lambda y: x + y)(x)),
    "an inner point": grad(lambda x: x * grad(lambda y: x * y)(2.0)),
    "a float from within": grad(lambda x: grad(lambda y: x * y * y)(3.0)),
    "the outer variable returned": grad(lambda x: grad(lambda y: x)(x) + x),
    "an argument ignored": value_and_grad(lambda x: 3.0),
    "an int returned": value_and_grad(lambda x: 3),
    "itself returned": value_and_grad(lambda x: x),
    "a power of zero": value_and_grad(lambda x: x**0),
    "a square": grad(grad(lambda x: x**2)),
    "a whole power": value_and_grad(lambda x: x**3 + x ** (-1)),
    "a fractional power": value_and_grad(lambda x: x**0.5),
    "a variable power": value_and_grad(lambda x: x**x),
    "a power of it": value_and_grad(lambda x: 2.0**x),
    "an absolute value": value_and_grad(abs),
    "relu": value_and_grad(relu),
    "the larger": value_and_grad(lambda x: max(x, 0.0)),
    "the smaller": value_and_grad(lambda x: min(x, x * x)),
    "a choice": value_and_grad(lambda x: where(x > 0, fgrad.sqrt(fgrad.fabs(x)), 0.0)),
    "saturation": value_and_grad(lambda x: tanh(1000 * x) + sigmoid(x) + fgrad.softplus(x)),
    "the inverse": value_and_grad(lambda x: 1 / x),
    "the logarithm": value_and_grad(fgrad.log),
    "a root of zero": value_and_grad(lambda x: fgrad.sqrt(x * x)),
    "a sum": value_and_grad(lambda x: sum([x, x * x, 1])),
    "whole division": value_and_grad(lambda x: x // 3 + x % 0.7 + 5 % x),
    "sorting": value_and_grad(lambda x: sorted([x, 1.0, x * x, -x])[1] * x),
    "zeros of both signs": value_and_grad(lambda x: (x * 0.0 + -0.0) * (0.0 - x) - 0.0),
    "a curvature": hessian(lambda x: x**3 * fgrad.atan2(x, 1 + x * x)),
}
"""Functions of one number, of those that engines trip over."""


@pytest.mark.parametrize("f", TRAPS.values(), ids=TRAPS)
def test_traps(f: Function, runner: Runner) -> None:
    assert_same(runner, f, [(x,) for x in (*SPECIAL, *SPECIAL)])


def loss(mlp: Any, xs: Any, targets: Any) -> Any:
    predictions = [mlp(x)[0] for x in xs]
    return nn.mean_squared_error(predictions, targets)


def test_networks_and_losses(runner: Runner) -> None:
    xs, targets = [[2.0, 3.0], [0.5, -1.0]], [1.0, -1.0]
    for activation in (tanh, relu, sigmoid, fgrad.softplus):
        mlps = [nn.MLP.init((2, 3, 3, 1), seed=i, activation=activation) for i in range(3)]
        calls = [(mlp, xs, targets) for mlp in mlps]
        assert_same(runner, value_and_grad(loss, argnums=0), calls)
        assert_same(runner, loss, calls)
    logits = [([0.5, -1.0, x], 2) for x in SPECIAL]
    assert_same(runner, value_and_grad(nn.cross_entropy, argnums=0), logits)


def test_the_comparison_is_no_push_over() -> None:
    assert outcome(lambda: 0.0) != outcome(lambda: -0.0)
    assert outcome(lambda: 1.0) != outcome(lambda: 1)
    assert outcome(lambda: 1.0) != outcome(lambda: math.nextafter(1.0, 2.0))
    assert outcome(lambda: [1.0]) != outcome(lambda: (1.0,))
    assert outcome(lambda: math.nan) == outcome(lambda: -math.nan)
    assert outcome(lambda: 1 / 0) != outcome(lambda: 1.0 / 0)


def test_the_slope_of_tanh_on_both_sides_of_where_its_formula_changes(runner: Runner) -> None:
    quick = runner(value_and_grad(tanh))
    for i in range(40):
        for x in (0.8 + i / 100, -0.8 - i / 100):
            assert bits(quick(x)) == bits(value_and_grad(tanh)(x))
