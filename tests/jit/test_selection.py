"""Gradients through rows that choose: one path for them all, and the bits of the eager sweeps."""

from __future__ import annotations

import itertools
import math
import pickle
import random
import warnings
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad
from fgrad import ZERO, jit, maximum, nn, relu, row, sin, sqrt, tanh, where
from fgrad.compiler.selection import RELATIONS
from fgrad.compiler.trace import trace
from tests.jit.runners import (
    DERIVED,
    SPECIAL,
    Function,
    Runner,
    assert_same,
    grad,
    hvp,
    jvp,
    value_and_grad,
    vjp,
)

CHOOSING: Final = (
    *("relu({0})", "maximum({0}, {1})", "minimum({0}, {1})", "fabs({0})", "clip({0}, -1.0, 1.0)"),
    *("where({0}, {1}, {2})", "where({0} > {1}, {1}, {2})", "relu({0})", "maximum({0}, {1})"),
)
OTHER: Final = (
    *("{0} + {1}", "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} * {1}", "-{0}", "{0} ** 2"),
    *("tanh({0})", "sin({0})", "total([{0}, {1}, {2}])", "dot([{0}, {1}], [{1}, {2}])"),
    *("{0} / {1}", "sqrt({0})", "{0} ** {1}", "asin({0})", "copysign({0}, {1})", "exp({0})"),
)
NAMES: Final[dict[str, Any]] = {name: getattr(fgrad, name) for name in dir(fgrad)}


def drawn(rng: random.Random) -> Function:
    """A function of two numbers: lines over earlier lines, half of which choose."""
    size = rng.randint(2, 9)
    lines = ["def f(x, y):", "    v = [x, y, x * y]"]
    for known in range(3, 3 + size):
        places = [rng.choice((rng.randrange(known), known - 1)) for _ in range(3)]
        operands = [f"v[{place}]" for place in places]
        if rng.random() < 0.2:
            operands[1] = rng.choice(("0.0", "1.0", "-0.0", "-0.5"))
        text = rng.choice(CHOOSING if rng.random() < 0.5 else OTHER)
        lines.append(f"    v.append({text.format(*operands)})")
    lines.append(f"    return v[-1] + v[{rng.randrange(3 + size)}] * v[{rng.randrange(3 + size)}]")
    scope = dict(NAMES)
    exec("\n".join(lines), scope)  # noqa: S102 - the source is ours
    made: Function = scope["f"]
    return made


def points(rng: random.Random, count: int) -> list[tuple[float, float]]:
    """Ordinary points, ties, and points where things go otherwise."""

    def number() -> float:
        tied = rng.choice((0.0, -0.0, 1.0, -1.0, 0.5))
        return rng.choice((tied, rng.choice(SPECIAL), *(rng.gauss(0, 1.5) for _ in range(4))))

    return [(number(), number()) for _ in range(count)]


def penalty(f: Function) -> Function:
    """The gradient of an expression of the gradient, which it reads again and again."""

    def expression(x: Any, y: Any) -> Any:
        a, b = grad(f)(x, y)
        return a * a * b + tanh(a) * b + f(x, y) * a

    return grad(expression)


def slope_of_slopes(f: Function) -> Function:
    """The gradient of derivatives along directions."""

    def expression(x: Any, y: Any) -> Any:
        one = jvp(lambda p: f(*p), (x, y), (y * 1.5, x))[1]
        return one * x + tanh(jvp(lambda p: f(*p), (x, y), (y, x * x))[1])

    return grad(expression)


def pulled_twice(f: Function) -> Function:
    """The gradient of what two cotangents, which are read elsewhere too, are pulled back to."""

    def expression(x: Any, y: Any) -> Any:
        pullback = vjp(lambda p: [f(*p), f(p[1], p[0])], [x, y])[1]
        u, v = tanh(x), y * 1.0
        (a, b), (c, d) = pullback([u, v]), pullback([v, u])
        return a * b * c + d * a * u + v * b

    return grad(expression)


DERIVE: Final[dict[str, Callable[[Function], Function]]] = {
    **DERIVED,
    "penalty": penalty,
    "third": lambda f: penalty(lambda x, y: grad(f)(x, y)[0]),
    "slope of slopes": slope_of_slopes,
    "pulled twice": pulled_twice,
    "slope along slopes": lambda f: lambda x, y: hvp(lambda p: f(*p), (x, y), (1.0, -0.5)),
}


@pytest.mark.parametrize("derive", DERIVE.values(), ids=DERIVE)
@given(seed=st.integers(0, 10**9))
def test_programs_that_choose(derive: Callable[[Function], Function], seed: int) -> None:
    rng = random.Random(seed)
    assert_same(lambda f: jit(f, native=False), derive(drawn(rng)), points(rng, 8))


@pytest.mark.parametrize("seed", range(20))
def test_programs_that_choose_in_both_tiers(seed: int, runner: Runner) -> None:
    rng = random.Random(seed)
    derive = DERIVE[sorted(DERIVE)[seed % len(DERIVE)]]
    assert_same(runner, derive(drawn(rng)), points(rng, 12))


def paths(quick: Any) -> int:
    """How many ways through a jitted function have been compiled."""
    found = quick._compiled.values()  # noqa: SLF001 - there is no other way to see it
    return sum(str(compiled.program).count("return") for compiled in found)


ROWS: Final[dict[str, Function]] = {
    "relu": lambda x, y: relu(x * y) + y,
    "maximum": lambda x, y: maximum(x, y * y) * x,
    "minimum": lambda x, y: fgrad.minimum(x, y) * y,
    "fabs": lambda x, y: abs(x - y) * x,
    "clip": lambda x, y: fgrad.clip(x * y, -1.0, 1.0) + x,
    "where": lambda x, y: where(relu(x), sqrt(fgrad.fabs(y)), x * y),
    "power": lambda x, y: fgrad.fabs(x) ** y,
    "asin": lambda x, y: fgrad.asin(sin(x)) * y,
    "all of them": lambda x, y: relu(x) * maximum(relu(y), x) - fgrad.minimum(abs(x), y),
}


@pytest.mark.parametrize("derive", ["value_and_grad", "jvp", "hvp", "jacobian"])
@pytest.mark.parametrize("f", ROWS.values(), ids=ROWS)
def test_a_gradient_through_them_is_one_path(f: Function, derive: str, runner: Runner) -> None:
    g = DERIVED[derive](f)
    quick = runner(g)
    for point in itertools.product((0.0, -0.0, 1.5, -1.5, 0.5, math.nan, math.inf), repeat=2):
        assert_same(lambda _: quick, g, [point])
    assert paths(quick) == 1


def error(network: Any, xs: Any) -> Any:
    return nn.mean_squared_error([network(x)[0] for x in xs], [1.0] * len(xs))


def test_a_network_of_relus_is_one_path_wherever_its_units_are(runner: Runner) -> None:
    xs = [[0.3, -1.2], [1.0, 0.7], [-0.4, 0.2]]
    nets = [nn.MLP.init((2, 5, 5, 1), seed=seed, activation=relu) for seed in range(100)]
    g = value_and_grad(error, argnums=0)
    quick = runner(g)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(lambda _: quick, g, [(net, xs) for net in nets])
    assert paths(quick) == 1


def residual(x: Any) -> Any:
    """What its inner sweep has at z: one number alone, or a sum of that and another."""
    z = sin(x)
    return tanh(z + z * x + relu(z))


def test_a_sweep_that_would_add_in_another_order_takes_branches(runner: Runner) -> None:
    second, first = runner(grad(grad(residual))), runner(value_and_grad(residual))
    at = [(number / 50,) for number in range(-150, 150)]
    assert_same(lambda _: second, grad(grad(residual)), at)
    assert_same(lambda _: first, value_and_grad(residual), at)
    assert paths(second) == 2
    assert paths(first) == 1


def test_runs_that_took_no_branches_go_when_one_has_to(runner: Runner) -> None:
    def f(x: Any) -> Any:
        return residual(x) if x > 2 else relu(x) * x

    second = runner(grad(grad(f)))
    assert_same(lambda _: second, grad(grad(f)), [(1.0,), (-1.0,), (2.5,), (4.0,), (1.0,), (-1.0,)])
    assert paths(second) == 4


def test_a_run_without_branches_comes_too_late_beside_one_with(runner: Runner) -> None:
    quick: Any = runner(grad(lambda x: relu(x) * x))
    quick(1.0)
    (compiled,) = quick._compiled.values()  # noqa: SLF001 - another thread's part is played here
    late, early = (
        trace(grad(lambda x: relu(x) * x), [x], lambda xs: (xs, {}), branching=branching)
        for x, branching in ((1.0, False), (2.0, True))
    )
    for run in (early, late):
        compiled._add(run)  # noqa: SLF001
    assert quick(-1.0) == 0.0
    assert quick(3.0) == 6.0
    assert paths(quick) == 2


def test_where_a_rule_raises_on_the_side_not_taken_branches_are_taken(runner: Runner) -> None:
    half = row(
        "half",
        lambda x: math.sqrt(x) if x > 0 else 0.0,
        lambda x, y: where(x > 0, 0.5 / sqrt(x), ZERO),
        kinks=(0.0,),
    )
    assert_same(runner, value_and_grad(half), [(-1.0,), (4.0,), (0.0,), (-2.0,), (9.0,)])


def test_what_eager_code_would_not_run_may_raise_and_is_then_left_to_it(runner: Runner) -> None:
    def f(x: Any) -> Any:  # the slope of expm1, exp, is not asked for where relu is off
        return relu(-1.0 - fgrad.expm1(x))

    at = 709.782712893384
    assert_same(runner, value_and_grad(f), [(-1.0,), (1.0,), (at,), (800.0,), (2.0,)])


AT: Final = [(x / 7, y / 7) for x, y in itertools.product((-19, -8, -3, 2, 6, 13), repeat=2)]


def test_gradients_that_are_one_number_stay_one(runner: Runner) -> None:
    def f(x: Any, y: Any) -> Any:
        return tanh(relu(x + y) * x * y + relu(x + y))

    assert_same(runner, penalty(f), AT)
    assert_same(runner, penalty(lambda x, y: relu(tanh(x + y))), AT)


def test_a_partial_that_is_nothing_is_zero_in_arithmetic(runner: Runner) -> None:
    ramp = row(
        "ramp",
        lambda x: 3.0 * max(x, 0.0) + x,
        lambda x, y: 3.0 * where(x > 0, 1, ZERO) + 1.0,
        kinks=(0.0,),
    )
    for derive in (value_and_grad, DERIVED["grad of grad"], DERIVED["jvp"]):
        assert_same(runner, derive(lambda x: ramp(x) * x), [(2.0,), (-2.0,), (0.0,), (math.nan,)])


def test_a_choice_that_a_rule_reads_more_than_once(runner: Runner) -> None:
    def slope(x: Any, y: Any) -> Any:
        side = where(x > 0, x, 2.0 * x)
        return side * side * side + side * x

    right, left = (lambda x: x**4 / 4 + x**3 / 3), (lambda x: 2 * x**4 + 2 * x**3 / 3)
    steep = row("steep", lambda x: right(x) if x > 0 else left(x), slope)
    f: Function = lambda x, y: steep(sin(x) * y) * x
    for derive in ("grad", "penalty", "third", "slope of slopes"):
        assert_same(runner, DERIVE[derive](f), AT)


def test_the_rows_of_comparisons_can_be_pickled_with_a_program() -> None:
    program = jit(value_and_grad(lambda x: relu(x) * x)).program(2.0)
    assert {line.row for line in program.lines} & set(RELATIONS)
    for thing in (program, *RELATIONS):
        assert pickle.loads(pickle.dumps(thing)) == thing  # noqa: S301 - it is ours
