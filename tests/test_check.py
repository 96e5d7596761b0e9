"""Checking: derivatives against differences, for a user's function and for a row of one's own."""
# ruff: noqa: ARG005 - a rule names its operands and its answer, whether or not it reads them

from __future__ import annotations

import copy
import doctest
import inspect
import math
import pickle
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial as partial_of
from itertools import product
from typing import Any, Final

import attrs
import pytest

import fgrad
from fgrad import (
    ZERO,
    DerivativeError,
    Interval,
    Node,
    constant,
    cos,
    custom_derivative,
    draw,
    exp,
    log,
    relu,
    sign,
    sin,
    sqrt,
    tanh,
    value,
    where,
)
from fgrad.exercise import Value
from fgrad.graph import leaf
from fgrad.primitive import Binary, Multiary, Unary

# Handed lambdas of anything: what types these have is tested in tests/typing.
check_grad: Any = fgrad.check_grad
grad: Any = fgrad.grad
hessian: Any = fgrad.hessian
hvp: Any = fgrad.hvp
jacobian: Any = fgrad.jacobian
jvp: Any = fgrad.jvp
row: Any = fgrad.row
vjp: Any = fgrad.vjp

# Functions: check_grad.


def entries(report: Any) -> dict[str, float]:
    return {c.name: c.reverse for c in report.comparisons}


def test_a_report_has_every_derivative_of_first_and_second_order() -> None:
    report = check_grad(lambda x, y: x * x * y + sin(y))(3.0, 2.0)
    assert report.agrees
    assert entries(report) == pytest.approx(
        {
            "d/dx": 12.0,
            "d/dy": 9.0 + math.cos(2.0),
            "d2/dx dx": 4.0,
            "d2/dx dy": 6.0,
            "d2/dy dx": 6.0,
            "d2/dy dy": -math.sin(2.0),
        },
        rel=1e-14,
    )
    for c in report.comparisons:
        assert c.agrees
        assert {type(x) for x in (c.forward, c.reverse, c.difference, c.tolerance)} == {float}
        assert c.forward == pytest.approx(c.reverse, rel=1e-14)
        assert c.difference == pytest.approx(c.reverse, rel=1e-7, abs=1e-9)
        assert 0 <= c.tolerance < 1e-6


def test_a_report_reads_as_a_table() -> None:
    report = check_grad(lambda x: x**3)(2.0)
    head, *lines = str(report).splitlines()
    assert head.split() == ["forward", "reverse", "differences"]
    assert [line.split()[0] for line in lines] == ["d/dx", "d2/dx"]
    assert lines[0].split()[1:] == ["12", "12", "12"]
    assert len({len(line) for line in (head, *lines)}) == 1
    assert "differs" not in str(report)


def test_a_check_has_the_name_and_the_parameters_of_the_function() -> None:
    def wave(height: float, *, speed: float = 2.0) -> float:
        """A wave."""
        return height * speed

    for operator in (grad, check_grad):
        made = operator(wave)
        assert inspect.signature(made) == inspect.signature(wave)
        assert (made.__name__, made.__doc__) == ("wave", "A wave.")


@attrs.frozen
class Model:
    w: tuple[Any, ...]
    name: str
    b: Any


def test_the_numbers_of_a_tree_are_named_by_their_paths() -> None:
    def loss(model: Model, data: Any, *, scale: float = 1.0) -> Any:
        return (model.w[0] * data["x"] + model.w[1] ** 2 - model.b) * scale

    report = check_grad(loss)(Model((2.0, 3.0), "m", 4.0), {"x": 5.0}, scale=2.0)
    first = {name: got for name, got in entries(report).items() if name.startswith("d/")}
    assert first == {
        "d/dmodel.w[0]": 10.0,
        "d/dmodel.w[1]": 12.0,
        "d/dmodel.b": -2.0,
        "d/ddata['x']": 4.0,
    }
    assert entries(report)["d2/dmodel.w[0] ddata['x']"] == 2.0
    assert len(report.comparisons) == 4 + 16


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: exp(-x * x) * sin(3 * x), (0.7,)),
        (lambda x, y, z: tanh(x * y) + z * z * x, (0.3, -1.2, 2.5)),
        (lambda x: x**3, (0.0,)),
        (lambda x: 1 / x, (1e-3,)),
        (lambda x: log(x), (100.0,)),
        (sqrt, (0.01,)),
        (lambda x: exp(x), (50.0,)),
        (lambda x: x * 1e200, (3.0,)),
        (lambda x: x * 1e-200, (3.0,)),
        (lambda _: 3.0, (1.0,)),
        (lambda _: 3, (1.0,)),
        (lambda x: x, (1,)),
        (lambda xs: sum(x * x for x in xs), ([1.0, 2.0, 3.0],)),
        (lambda x: constant(x) * 0.0 + x * x, (3.0,)),
        (lambda _: 1.0, ((),)),
    ],
)
def test_right_derivatives_agree(f: Callable[..., Any], at: tuple[Any, ...]) -> None:
    assert check_grad(f)(*at).agrees


def wrong_twice(x: Any) -> Any:
    """A function whose derivative leaves out a part: value lets nothing through."""
    return x * x * value(x)


def test_a_wrong_derivative_raises_with_the_numbers() -> None:
    with pytest.raises(DerivativeError) as error:
        check_grad(wrong_twice)(3.0)
    text = str(error.value)
    assert text.startswith("the derivatives of wrong_twice disagree:")
    line = next(line for line in text.splitlines() if line.startswith("d/dx"))
    assert line.split()[1:4] == ["18", "18", "27"]
    assert line.endswith("<- differs")
    assert isinstance(error.value, ArithmeticError)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: x * value(x), 1.0),
        (lambda x: x + 1e-5 * value(x), 1.0),
        (lambda x: constant(sin(x)), 1.0),
        (lambda x: 1e-100 * x * value(x), 1.0),
        (lambda x: 1e100 * x * value(x), 1.0),
        (lambda x: relu(x), 0.0),
        (lambda x: where(x > 0, x, 0.0), 0.0),
        (lambda x: x if x > 1 else 2 - x, 1.0),
    ],
)
def test_what_is_not_the_derivative_is_found(f: Callable[..., Any], at: float) -> None:
    """A part cut off, a constant that is none, and at a kink a slope that is not in the midst."""
    with pytest.raises(DerivativeError, match="<- differs"):
        check_grad(f)(at)


def test_a_wrong_second_derivative_is_found_too() -> None:
    def f(x: Any) -> Any:
        return slippery(x)

    slippery = fgrad.primitive.unary("slippery", lambda x: x**3, lambda x, y: 3 * constant(x) * x)
    with pytest.raises(DerivativeError) as error:
        check_grad(f)(2.0)
    lines = str(error.value).splitlines()
    assert [line.split()[0] for line in lines if line.endswith("differs")] == ["d2/dx"]


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (abs, (0.0,)),
        (relu, (0.0,)),
        (fgrad.maximum, (2.0, 2.0)),
        (lambda x: abs(x - 3.0) * 1e-9 + x, (3.0,)),
        (lambda x: where(x > 1.0, x, 2.0 - x), (1.0,)),
    ],
)
def test_at_a_kink_every_second_derivative_across_it_differs(
    f: Callable[..., Any], at: tuple[float, ...]
) -> None:
    """Also where the slope is in the midst of those to the sides, as the first differences are."""
    with pytest.raises(DerivativeError) as error:
        check_grad(f)(*at)
    lines = [line for line in str(error.value).splitlines() if line.startswith("d2/")]
    assert len(lines) == len(at) ** 2
    assert all(line.endswith("<- differs") and "inf" in line for line in lines)


def test_an_infinite_slope_agrees_with_differences_that_grow_for_ever() -> None:
    first, second = str(check_grad(fgrad.cbrt)(0.0)).splitlines()[1:]
    assert first.split() == ["d/dx", "inf", "inf", "inf"]
    assert second.split() == ["d2/dx", "dx", "-inf", "-inf", "-inf"]


def test_the_second_derivative_at_an_infinite_slope_is_that_of_one_of_its_sides() -> None:
    """The slope of the cube root is infinite, and on its two sides falls in two directions."""
    assert check_grad(fgrad.cbrt)(-0.0).comparisons[1].difference == math.inf
    steep = fgrad.primitive.unary(
        "steep", math.cbrt, lambda x, y: where(x == 0, math.inf, y**-2 / 3)
    )
    with pytest.raises(DerivativeError, match="<- differs"):
        check_grad(steep)(0.0)


@pytest.mark.parametrize(
    ("f", "at", "conventions"),
    [
        (abs, (0.0,), ["fabs, by convention: slope 0 at 0"]),
        (lambda x: relu(x) + relu(-x), (0.0,), ["relu, by convention: slope 0 at 0"]),
        (
            fgrad.maximum,
            (1.0, 1.0),
            ["maximum, by convention: half to each at a tie; all to the nan"],
        ),
        (
            lambda x: relu(x) + fgrad.floor(x),
            (1.0,),
            ["floor, by convention: slope 0, at the steps too"],
        ),
        (lambda x: sin(x) * value(x), (1.0,), []),
    ],
)
def test_where_derivatives_disagree_the_rows_state_their_conventions(
    f: Callable[..., Any], at: tuple[float, ...], conventions: list[str]
) -> None:
    """A row with kinks only at one of them."""
    with pytest.raises(DerivativeError) as error:
        check_grad(f)(*at)
    lines = str(error.value).splitlines()
    assert lines[2 + len(at) + len(at) ** 2 :] == conventions


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (log, 1e-3),
        (log, 1e-6),
        (log, 1e-300),
        (sqrt, 1e-7),
        (lambda x: x**0.5, 1e-4),
        (lambda x: abs(x**0.5), 1e-10),
        (lambda x: log(1.0 - x), 1.0 - 1e-9),
        (lambda x: sqrt(x - 1e6), 1e6 + 1e-6),
        (fgrad.asin, 0.999),
        (fgrad.asin, 0.9999999),
        (fgrad.acosh, 1.0 + 1e-8),
        (fgrad.log1p, -1.0 + 1e-9),
        (lambda x: 1 / x, 1e-7),
        (lambda x: 1 / x, -1e-7),
        (fgrad.lgamma, 1e-11),
        (lambda x: fgrad.cbrt(x), 1e-9),
        (abs, 1e-7),
        (lambda x: tanh(1e6 * x), 0.0),
        (log, 1e10),
        (sin, 1e6),
        (sin, 1e10),
    ],
)
def test_beside_the_end_of_its_domain_and_far_out_a_function_is_not_refused(
    f: Callable[..., Any], at: float
) -> None:
    """Steps are shrunk until they stay inside, and to the size of the number if need be."""
    assert check_grad(f)(at).agrees


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: log(x) + 1e-3 * log(value(x)), 1e-6),
        (lambda x: sqrt(x) * (1 + 1e-3 * value(x) ** 0.5 / sqrt(1e-7)), 1e-7),
        (lambda x: 1 / x + 1e-4 / value(x), 1e-7),
        (lambda x: tanh(1e6 * x) + 1e3 * value(x), 0.0),
        (lambda x: log(x) + 1e-3 * log(value(x)), 1e10),
        (lambda x: sin(x) + 1e-5 * value(x), 1e6),
        (lambda x: x**1.5 + x + 0.1 * value(x), 0.0),
        (lambda x: fgrad.acos(x) + 1e-3 * fgrad.acos(value(x)), 1.0 - 1e-9),
    ],
)
def test_beside_the_end_of_its_domain_and_far_out_a_lost_part_is_found(
    f: Callable[..., Any], at: float
) -> None:
    with pytest.raises(DerivativeError, match="<- differs") as error:
        check_grad(f)(at)
    table = str(error.value).splitlines()[1:4]
    assert not any("nan" in line for line in table)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (sqrt, 0.0),
        (lambda x: x**0.5, 0.0),
        (lambda x: x**1.5, 0.0),
        (lambda x: x**2.5, 0.0),
        (fgrad.asin, 1.0),
        (fgrad.acos, -1.0),
        (fgrad.acosh, 1.0),
    ],
)
def test_at_the_end_of_its_domain_a_function_is_compared_to_one_side(
    f: Callable[..., Any], at: float
) -> None:
    report = check_grad(f)(at)
    assert report.agrees
    assert not any(math.isnan(c.difference) for c in report.comparisons)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (exp, 709.0),
        (exp, 709.78),
        (lambda x: -exp(-x), -709.0),
        (fgrad.cosh, 710.0),
        (fgrad.sinh, -710.0),
        (log, 1e-308),
        (lambda x: 1e308 * sin(x), 1.0),
    ],
)
def test_slopes_near_the_largest_float_are_compared(f: Callable[..., Any], at: float) -> None:
    """Quotients are finite, and stay so when they are extrapolated; a lost part shows as ever."""
    for comparison in check_grad(f)(at).comparisons:
        if math.isfinite(comparison.reverse):
            assert comparison.difference == pytest.approx(comparison.reverse, rel=1e-8)
    with pytest.raises(DerivativeError, match="<- differs"):
        check_grad(lambda x: f(x) * (1 - 1e-7) + 1e-7 * f(value(x)))(at)


@pytest.mark.parametrize("power", [2, 3, 4])
@pytest.mark.parametrize("x", [1e-60, 1e-90, 1e-110, 1e-160, 1e-200, -1e-300])
def test_a_value_that_is_too_small_for_its_digits_is_no_disagreement(power: int, x: float) -> None:
    """It is rounded to a multiple of the smallest float, and so differences know little."""
    assert check_grad(lambda x: x**power)(x).agrees


@pytest.mark.parametrize("x", [1e-3, 1e-80, 1e-140, 1e-150, 1e-160])
def test_a_part_lost_of_a_small_slope_is_found_while_values_have_digits(x: float) -> None:
    with pytest.raises(DerivativeError, match="<- differs"):
        check_grad(lambda x: x * value(x))(x)


_BEYOND: Final[tuple[tuple[Callable[..., Any], tuple[float, ...]], ...]] = (
    (lambda x: 1 / x, (1e-300,)),
    (lambda x: 1 / x, (-1e-300,)),
    (lambda x: 1 / x, (1e-150,)),
    (lambda x: 3 - 1 / x, (1e-160,)),
    (fgrad.gamma, (1e-300,)),
    (fgrad.lgamma, (1e-200,)),
    (fgrad.div, (0.3, 1e-300)),
    (lambda x: exp(1000 * x), (0.7,)),
    (lambda x: exp(-1000 * x), (-0.7,)),
    (lambda x: 1e306 * sin(100 * x), (0.7,)),
)


@pytest.mark.parametrize(("f", "at"), _BEYOND)
def test_a_slope_beyond_the_largest_float_is_infinite_by_differences_too(
    f: Callable[..., Any], at: tuple[float, ...]
) -> None:
    """Of the sign that it has there, and not of the one that it has across a pole."""
    comparisons = check_grad(f)(*at).comparisons
    assert any(math.isinf(c.reverse) for c in comparisons)
    assert all(c.difference == c.reverse for c in comparisons if math.isinf(c.reverse))


@pytest.mark.parametrize("exponent", range(-300, 0, 23))
def test_a_pole_is_no_disagreement_at_any_distance(exponent: int) -> None:
    x = 1.3 * 10.0**exponent
    for f in (lambda x: 1 / x, lambda x: -2 / x, fgrad.gamma, fgrad.lgamma, fgrad.cbrt):
        assert check_grad(f)(x).agrees
        with pytest.raises(DerivativeError, match="<- differs"):
            check_grad(lambda x, f=f: f(constant(x)) if x > 0 else f(x))(x)


def test_a_slope_beyond_the_largest_float_has_the_sign_of_the_differences() -> None:
    """And a finite one is not taken for such a one."""
    falling = fgrad.primitive.unary("falling", lambda x: 1 / x, lambda x, y: y / x)
    finite = fgrad.primitive.unary("finite", lambda x: 1 / x, lambda x, y: -y)
    infinite = fgrad.primitive.unary("infinite", lambda x: 1e290 * x, lambda x, y: math.inf)
    for mine, x in ((falling, 1e-300), (finite, 1e-300), (infinite, 1e-300), (infinite, 1e15)):
        with pytest.raises(DerivativeError) as error:
            check_grad(lambda x, mine=mine: mine(x))(x)
        assert str(error.value).splitlines()[2].endswith("<- differs")


@pytest.mark.parametrize("x", [4e3, 1e4, 1e5, 4e5, 1e6, 3e7])
def test_sweeps_may_differ_by_what_rounding_leaves_of_a_slope(x: float) -> None:
    """It is x / sqrt(x * x + 1) - 1, a difference of two numbers of the size of 1."""
    comparisons = check_grad(lambda x: sqrt(x * x + 1) - x)(x).comparisons
    assert any(c.forward != pytest.approx(c.reverse, rel=1e-9, abs=0) for c in comparisons)


@pytest.mark.parametrize(
    ("f", "at", "off"),
    [
        (lambda x: sin(x) * x, 2.0, 1e-8),
        (lambda x: exp(x), 700.0, 1e-8),
        (lambda x: 1 / x, 1e-100, 1e-8),
        (lambda x: sqrt(x * x + 1) - x, 1e2, 1e-8),
        (lambda x: sqrt(x * x + 1) - x, 1e4, 1e-5),
        (lambda x: sqrt(x * x + 1) - x, 1e5, 1e-3),
    ],
)
def test_a_sweep_that_is_a_little_wrong_is_found(
    f: Callable[..., Any], at: float, off: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the other sweep, since the differences know too little."""

    def nearly(f: Any, *, mode: str) -> Any:
        factor = 1 + off if mode == "forward" else 1.0
        return lambda xs: [[factor * x for x in row] for row in jacobian(f, mode=mode)(xs)]

    assert check_grad(f)(at).agrees
    monkeypatch.setattr(sys.modules["fgrad.check"], "jacobian", nearly)
    with pytest.raises(DerivativeError) as error:
        check_grad(f)(at)
    assert str(error.value).count("<- differs") == 2


def test_a_sweep_that_overflows_on_the_way_is_found() -> None:
    """Its infinity is not near the number that the other sweep and the differences give."""
    with pytest.raises(DerivativeError, match="<- differs") as error:
        check_grad(lambda x: 1e-200 * (1e200 * (1e200 * x)))(1e-200)
    first = str(error.value).splitlines()[2]
    assert first.split()[1:4] == ["inf", "1e+200", "1e+200"]


def test_a_number_of_any_real_kind_is_taken_as_grad_takes_it() -> None:
    numpy = pytest.importorskip("numpy")
    for number in (3, numpy.float64(3.0), numpy.int64(3)):
        assert grad(lambda x: x * x)(number) == 6.0
        assert entries(check_grad(lambda x: x * x)(number))["d/dx"] == 6.0


@pytest.mark.parametrize("x", [0.0, 1e-9, -1e-8, 3e-7, -1.3e-6, 1e-5, 7e-4])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: log(1 + x),
        lambda x: exp(x) - 1,
        lambda x: sqrt(1 + x) - 1,
        lambda x: (1 + x) ** 2 - 1,
        lambda x: 1 / (1 + x) - 1,
        lambda x: 1 - cos(x),
    ],
)
def test_what_is_rounded_on_the_way_is_no_disagreement(f: Any, x: float) -> None:
    """A small difference of two numbers of the size of 1 has lost most of its digits."""
    assert check_grad(f)(x).agrees
    with pytest.raises(DerivativeError):
        check_grad(lambda x: f(x) + 1e-4 * (x - constant(x)))(x)


def test_what_cannot_be_checked_is_refused_in_the_words_of_grad() -> None:
    def wave(height: Any) -> Any:
        return "s" if height > 0 else height

    for wrong, text in (
        (1.0, "wave returned str 's'"),
        ([1.0, 2], "height[1]: expected float, got int 2"),
        ({"a": 1j}, "height['a']: expected float, got complex 1j"),
    ):
        for operator in (grad, check_grad):
            with pytest.raises(TypeError, match=re.escape(text)):
                operator(wave)(wrong)
    with pytest.raises(ZeroDivisionError):
        check_grad(lambda x: 1 / (x - 1.0))(1.0)


# Rows of one's own.

sinc: Final = row("sinc", lambda x: math.sin(x) / x, lambda x, y: (cos(x) - y) / x)
mixed: Final = row(
    "mixed",
    lambda x, y: x * x * math.sin(y),
    lambda x, y, z: 2 * x * sin(y),
    lambda x, y, z: x * x * cos(y),
)
volume: Final = row(
    "volume",
    lambda x, y, z: x * y * z * z,
    lambda x, y, z, v: y * z * z,
    lambda x, y, z, v: x * z * z,
    lambda x, y, z, v: 2 * x * y * z,
    domain=(Interval(0.5, 2.0), Interval(0.5, 2.0), Interval(0.5, 2.0)),
)


@custom_derivative(lambda x, y, z: x / z, lambda x, y, z: y / z)
def norm(x: float, y: float) -> float:
    """The length of (x, y)."""
    return math.sqrt(x * x + y * y)


@custom_derivative(
    lambda x, y: where((x > 0) & (x < 1), 1, ZERO), kinks=(0.0, 1.0), convention="slope 0 at both"
)
def ramp(x: float) -> float:
    return min(max(x, 0.0), 1.0)


TWINS: Final[dict[str, tuple[Any, Callable[..., Any], tuple[float, ...]]]] = {
    "sinc": (sinc, lambda x: sin(x) / x, (2.0,)),
    "mixed": (mixed, lambda x, y: x * x * sin(y), (1.3, 0.4)),
    "volume": (volume, lambda x, y, z: x * y * z * z, (1.5, 0.75, 1.25)),
    "norm": (norm, fgrad.hypot, (3.0, 4.0)),
    "ramp": (ramp, lambda x: fgrad.clip(x, 0.0, 1.0), (0.3,)),
}
"""Rows of one's own, the same written with rows of the table, and where to compare them."""

twins = pytest.mark.parametrize(("mine", "same", "at"), TWINS.values(), ids=TWINS)


@twins
def test_a_row_of_ones_own_is_right_in_both_modes_at_every_order(
    mine: Any, same: Callable[..., Any], at: tuple[float, ...]
) -> None:
    def nested(f: Callable[..., Any], operators: tuple[Any, ...]) -> Any:
        g: Any = lambda t: f(*(x * t for x in at))  # noqa: E731 - wrapped over and over
        for operator in operators:
            g = operator(g)
        return g(1.0)

    modes = (grad, lambda f: lambda x: jvp(f, x, 1.0)[1])
    assert mine(*at) == pytest.approx(same(*at), rel=1e-15)
    assert type(mine(*at)) is float
    for order in (1, 2, 3, 4):
        for operators in product(modes, repeat=order):
            got = nested(mine, operators)
            assert type(got) is float
            assert got == pytest.approx(nested(same, operators), rel=1e-12, abs=1e-12)


@twins
def test_every_operator_takes_a_row_of_ones_own(
    mine: Any, same: Callable[..., Any], at: tuple[float, ...]
) -> None:
    v = tuple(0.5 + i for i in range(len(at)))
    close: Callable[[Any], Any] = lambda x: pytest.approx(x, rel=1e-13, abs=1e-13)  # noqa: E731
    assert grad(mine)(*at) == close(grad(same)(*at))
    assert jvp(lambda p: mine(*p), at, v) == close(jvp(lambda p: same(*p), at, v))
    assert vjp(lambda p: mine(*p), at)[1](2.0) == close(vjp(lambda p: same(*p), at)[1](2.0))
    assert hvp(lambda p: mine(*p), at, v) == close(hvp(lambda p: same(*p), at, v))
    for found, expected in zip(
        hessian(lambda p: mine(*p))(list(at)),
        hessian(lambda p: same(*p))(list(at)),
        strict=True,
    ):
        assert found == close(expected)
    assert jacobian(lambda p: [mine(*p)])(list(at))[0] == close(list(grad(lambda p: same(*p))(at)))
    assert check_grad(mine)(*at).agrees


@twins
def test_a_row_of_ones_own_takes_every_operand_and_is_drawn(
    mine: Any, same: Callable[..., Any], at: tuple[float, ...]
) -> None:
    nodes = [leaf(x) for x in at]
    node = mine(*nodes)
    assert isinstance(node, Node)
    assert node.value == mine(*at)
    assert id(node.primitive) == id(mine)
    assert isinstance(mine(nodes[0], *at[1:]), Node)
    assert mine.name in repr(node)
    for picture in (draw.dot, draw.mermaid, draw.svg):
        assert mine.name in picture(node * 2)
    values = [Value(x) for x in at]
    answer = mine(*values)
    answer.backwards()
    slopes = grad(lambda p: same(*p))(at)
    assert [x.grad for x in values] == pytest.approx(list(slopes), rel=1e-13)


def test_ints_become_floats_and_strangers_are_refused() -> None:
    assert sinc(2) == sinc(2.0)
    assert volume(1, 2, 1.5) == volume(1.0, 2.0, 1.5)
    stranger: Any = "2"
    for call in (partial_of(sinc, stranger), partial_of(norm, 1.0, stranger)):
        with pytest.raises(TypeError, match="expected a real number, got str '2'"):
            call()
    for wrong in ((), (1.0, 2.0), (1.0, 2.0, 3.0, 4.0)):
        with pytest.raises(TypeError, match=f"volume: expected 3 operands, got {len(wrong)}"):
            volume(*wrong)


def test_a_whole_function_is_seen_from_outside_only() -> None:
    """What it does with plain floats inside is its own affair: loops, math, numpy, memory."""
    calls: list[type] = []

    @custom_derivative(lambda x, y: 0.5 / y, domain=(Interval(0.1, 100.0),))
    def root(x: float) -> float:
        calls.append(type(x))
        guess = math.floor(x) + 1.0
        while abs(guess * guess - x) > 1e-15 * x:
            before, guess = guess, (guess + x / guess) / 2
            if guess >= before:
                break
        return guess

    calls.clear()
    assert grad(root)(9.0) == pytest.approx(1 / 6, rel=1e-14)
    assert grad(grad(root))(9.0) == pytest.approx(-1 / 108, rel=1e-13)
    assert set(calls) == {float}
    assert len(calls) == 2


def test_the_kinds_of_rows() -> None:
    assert [type(x) for x in (sinc, mixed, volume, norm, ramp)] == [
        Unary,
        Binary,
        Multiary,
        Binary,
        Unary,
    ]
    assert (ramp.kinks, ramp.convention) == ((0.0, 1.0), "slope 0 at both")
    assert norm.name == "norm"
    assert volume.domain == (Interval(0.5, 2.0),) * 3
    assert sinc.domain == (Interval(),)


@pytest.mark.parametrize("low", [0.0, 1e-9, 1.0, 1e3, 1e6, 1e9, -1e6])
def test_a_row_is_checked_in_a_narrow_domain_wherever_that_is(low: float) -> None:
    for width in (5.0, 1e-3):
        domain = (Interval(low, low + width),)
        row("q", math.sin, lambda x, y: cos(x), domain=domain)
        row("q", lambda x: abs(x) ** 0.5, lambda x, y: x / abs(x) / (2 * y), domain=domain)
        for wrong in (lambda x, y: 1.001 * cos(x), lambda x, y: -cos(x), lambda x, y: y):
            with pytest.raises(DerivativeError, match="q: wrong partial"):
                row("q", math.sin, wrong, domain=domain)


def test_a_row_whose_function_is_complex_beyond_its_domain_is_checked_within() -> None:
    domain = (Interval(0.0, 1e-3),)
    assert row("root", lambda x: x**0.5, lambda x, y: 0.5 / y, domain=domain)(4e-4) == 0.02
    with pytest.raises(DerivativeError, match="root: wrong partial"):
        row("root", lambda x: x**0.5, lambda x, y: 0.501 / y, domain=domain)


def test_a_kink_has_the_slope_that_the_row_says() -> None:
    assert [grad(ramp)(x) for x in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0.0, 0.0, 1.0, 0.0, 0.0]
    bent = row("bent", abs, lambda x, y: sign(x), kinks=(0.0,))
    assert grad(bent)(0.0) == 0.0


STEPS: Final[dict[str, tuple[Callable[..., float], float, float]]] = {
    "floor": (math.floor, 0.0, 40.0),
    "ceil": (math.ceil, 0.0, 40.0),
    "nearest": (round, 0.0, -7.5),
    "halves": (lambda x: math.floor(2 * x) / 2, 0.0, 7.5),
    "saw": (lambda x: x - math.floor(x), 1.0, 40.0),
    "late": (lambda x: float(x >= 2.3), 0.0, 2.3),
    "large": (lambda x: 1e6 * (x > 40.0) - 2.0 * x, -2.0, 40.0),
}
"""Functions that jump where rows are checked, their slope elsewhere, and one of the jumps."""


@pytest.mark.parametrize("name", STEPS)
def test_a_row_may_jump_where_it_is_checked(name: str) -> None:
    jumping, slope, jump = STEPS[name]
    assert grad(row(name, jumping, lambda x, y: slope))(jump) == slope
    for wrong in (slope + 1e-5, slope - 3.0):
        everywhere = partial_of(row, name, jumping, lambda *_, wrong=wrong: wrong)
        refusal(DerivativeError, f"{name}: wrong partial", everywhere)
        there = partial_of(row, name, jumping, lambda x, _, w=wrong: where(x == jump, w, slope))
        refusal(DerivativeError, f"{name}: wrong partial at ({jump})", there)


def test_a_row_of_two_operands_may_jump_where_they_meet() -> None:
    later = row("later", lambda x, y: float(x >= y), lambda *_: ZERO, lambda *_: ZERO)
    assert grad(later)(1.0, 1.0) == (0.0, 0.0)
    sloped = row(
        "sloped", lambda x, y: x * (x >= y), lambda x, y, z: where(x >= y, 1, 0), lambda *_: ZERO
    )
    assert grad(sloped)(1.0, 1.0) == (1.0, 0.0)
    with pytest.raises(DerivativeError, match="d/dy"):
        row("sloped", lambda x, y: x * (x >= y), lambda x, y, z: where(x >= y, 1, 0), lambda *_: 1)


def test_an_infinite_slope_is_no_jump() -> None:
    """Not on both sides, nor on one."""
    cube_root = lambda x: math.cbrt(x - 40.0)  # noqa: E731 - a value, twice
    row("root", cube_root, lambda x, y: 1 / (3 * y * y))
    for number in (0.0, 1.0):
        partial = lambda x, y, number=number: where(x == 40, number, 1 / (3 * y * y))  # noqa: E731
        with pytest.raises(DerivativeError, match=re.escape("root: wrong partial at (40.0)")):
            row("root", cube_root, partial)
    refusal(
        DerivativeError,
        "half: wrong partial at (40.0)",
        lambda: row(
            "half", lambda x: max(x - 40, 0) ** 0.5, lambda x, y: where(x > 40, 0.5 / y, 0)
        ),
    )


def test_nothing_flows_through_a_zero() -> None:
    gate = row("gate", lambda x, y: x, lambda x, y, z: 1, lambda x, y, z: ZERO)
    assert grad(lambda x: gate(x, sqrt(x)))(0.0) == 1.0
    assert grad(gate)(2.0, 3.0) == (1.0, 0.0)


# What is refused.


def refusal(error: type[Exception], text: str, define: Callable[[], object]) -> str:
    with pytest.raises(error, match=re.escape(text)) as refused:
        define()
    return str(refused.value)


def test_a_wrong_rule_is_refused_with_the_numbers() -> None:
    text = refusal(
        DerivativeError,
        "cube: wrong partial at (-7.5):",
        lambda: row("cube", lambda x: x**3, lambda x, y: 2 * x * x),
    )
    line = text.splitlines()[-1]
    assert line.startswith("d/dx")
    assert [float(x) for x in line.split()[1:4]] == pytest.approx([112.5, 112.5, 168.75])


@pytest.mark.parametrize(
    ("value_", "partials", "name"),
    [
        (lambda x, y: x * y, (lambda x, y, z: y, lambda x, y, z: y), "d/dy"),
        (lambda x, y: x * y, (lambda x, y, z: x, lambda x, y, z: x), "d/dx"),
        (lambda x, y: x + y, (lambda x, y, z: 1, lambda x, y, z: ZERO), "d/dy"),
        (lambda x, y: x - y, (lambda x, y, z: 1, lambda x, y, z: 1), "d/dy"),
        (
            lambda x, y, z: x * y * z,
            (lambda x, y, z, v: y * z, lambda x, y, z, v: x * z, lambda x, y, z, v: v),
            "d/dz",
        ),
    ],
)
def test_the_wrong_one_of_several_rules_is_named(
    value_: Callable[..., float], partials: tuple[Any, ...], name: str
) -> None:
    interval = Interval(0.5, 1.5)
    text = refusal(
        DerivativeError,
        "wrong: wrong partial at (0.9",
        lambda: row("wrong", value_, *partials, domain=(interval,) * len(partials)),
    )
    assert [line.split()[0] for line in text.splitlines()[2:]] == [name]


@pytest.mark.parametrize(
    "partial",
    [
        lambda x, y: -cos(x),
        lambda x, y: 2 * cos(x),
        lambda x, y: 1.00001 * cos(x),
        lambda x, y: cos(x) + 1e-6,
        lambda x, y: where(x > 7, 0, cos(x)),
        lambda x, y: where(x < -2, 0, cos(x)),
        lambda x, y: ZERO,
        lambda x, y: y,
        lambda x, y: 1,
    ],
)
def test_rules_that_are_a_little_or_somewhere_wrong_are_refused(partial: Any) -> None:
    refusal(DerivativeError, "wave: wrong partial at", lambda: row("wave", math.sin, partial))


def test_a_rule_is_checked_within_the_domain_only() -> None:
    row("upper", abs, lambda x, y: 1, domain=(Interval(0.0, 10.0),))
    row("lower", abs, lambda x, y: -1, domain=(Interval(-10.0, 0.0),))
    row("ln", math.log, lambda x, y: 1 / x)
    row("ln", math.log, lambda x, y: 1 / x, domain=(Interval(0.0, closed=False),))
    refusal(DerivativeError, "upper", lambda: row("upper", abs, lambda x, y: 1))


def test_a_row_that_can_be_checked_nowhere_is_refused() -> None:
    text = "nowhere: no point to check it at"
    refusal(DerivativeError, text, lambda: row("nowhere", lambda x: 1 / 0, lambda x, y: 1))


@pytest.mark.parametrize(
    "name",
    ["x", "y", "w", "answer", "inf", "nan", "ZERO", "lambda", "a b", "", "f_", "1f", "f.g", "é é"],
)
def test_a_name_that_cannot_be_used_in_a_rule_is_refused(name: str) -> None:
    refusal(
        ValueError,
        f"{name!r} cannot name a row",
        lambda: row(name, lambda x: x * x, lambda x, y: 2 * x),
    )


@pytest.mark.parametrize(
    "name",
    [
        *("sin", "print", "node", "node_2", "partial", "function", "cotangents", "row", "é"),
        *("None1", "float", "OlderNode", "UnseenNode"),
    ],
)
def test_any_other_name_will_do(name: str) -> None:
    """Those of rows, of builtins, and of what the machinery calls its own things."""
    mine = row(name, lambda x: x * x * x, lambda x, y: 3 * x * x)
    assert mine.name == name
    assert grad(lambda x: mine(x) * mine(x))(2.0) == 192.0
    assert grad(grad(lambda x: mine(fgrad.mul(x, x))))(1.0) == 30.0
    assert jvp(mine, 2.0, 1.0) == (8.0, 12.0)
    beside = (lambda x, y, z: 3 * x * x * y, lambda x, y, z: mine(x))
    outer = row("outer", lambda x, y: x * x * x * y, *beside)
    assert (grad(lambda y: outer(2.0, y))(1.0), grad(lambda x: outer(x, 2.0))(1.0)) == (8.0, 6.0)


def test_two_rows_of_one_name_do_not_disturb_each_other() -> None:
    mine = row("sin", lambda x: 2 * x, lambda x, y: 2)
    assert grad(lambda x: mine(x) * sin(x))(0.5) == pytest.approx(
        2 * math.sin(0.5) + math.cos(0.5), rel=1e-15
    )
    refusal(
        ValueError,
        "a rule uses two rows called sin: rename one",
        lambda: row("both", math.sin, lambda x, y: mine(x) * sin(x)),
    )


def test_a_row_may_use_another_of_ones_own_in_its_rules() -> None:
    primitive = row(
        "primitive_of_sinc",
        lambda x: integral_of_sinc(x),
        lambda x, y: sinc(x),
        domain=(Interval(0.5, 3.0),),
    )
    assert grad(primitive)(2.0) == sinc(2.0)
    assert grad(grad(primitive))(2.0) == grad(sinc)(2.0)
    assert jvp(grad(primitive), 2.0, 1.0)[1] == grad(sinc)(2.0)


def integral_of_sinc(x: float) -> float:
    """By its series."""
    return math.fsum(
        (-1) ** n * x ** (2 * n + 1) / ((2 * n + 1) * math.factorial(2 * n + 1)) for n in range(30)
    )


def test_what_is_no_rule_or_no_value_is_refused() -> None:
    square = lambda x: x * x  # noqa: E731 - a value, again and again
    refusal(TypeError, "math.cos", lambda: row("f", math.sin, lambda x, y: math.cos(x)))
    refusal(TypeError, "cannot branch", lambda: row("f", square, lambda x, y: 1 if x > 0 else 2))
    wrong: Any = row
    one = lambda x, y: 1  # noqa: E731 - a rule, again and again
    for partial in (lambda x, y: "s", lambda x, y: None, lambda x, y: 1j):
        refusal(TypeError, "expected a real number", partial_of(wrong, "f", square, partial))
    for bad in (lambda x: "s", lambda x: None, lambda x: 1j):
        refusal(TypeError, "f: expected a real number", partial_of(wrong, "f", bad, one))
    refusal(
        TypeError, "f: expected 1 to 6 rules, one per operand, got 0", lambda: wrong("f", square)
    )
    seven = [lambda *_: 1] * 7
    refusal(TypeError, "got 7", lambda: wrong("f", lambda *xs: sum(xs), *seven))
    for domain in (Interval(), (Interval(),) * 2, (), [Interval()], (0.0,)):
        refusal(
            TypeError,
            "f: domain: expected a tuple of 1 Interval, one per operand, got",
            partial_of(wrong, "f", square, one, domain=domain),
        )
    for kinks in (0.0, [0.0], ("0",)):
        refusal(
            TypeError,
            "f: kinks: expected a tuple of numbers, got",
            partial_of(wrong, "f", square, one, kinks=kinks),
        )
    bare: Any = custom_derivative()  # type: ignore[call-overload]  # that is the point
    refusal(TypeError, "log: expected 1 to 6 rules", lambda: bare(math.log))


def test_a_row_of_many_operands_is_checked_in_a_moment() -> None:
    """Not at every combination of the points of its operands: six have two million of them."""
    calls: list[tuple[float, ...]] = []

    def weighted(*xs: float) -> float:
        calls.append(xs)
        assert len(calls) < 50_000, "too many points"
        return math.fsum(i * x for i, x in enumerate(xs, 1))

    partials: list[Any] = [lambda *_, i=i: i for i in range(1, 7)]
    many = row("many", weighted, *partials)
    assert grad(lambda xs: many(*xs))((1.0,) * 6) == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    partials[4] = lambda *_: 4
    calls.clear()
    refusal(DerivativeError, "few: wrong partial", lambda: row("few", weighted, *partials))


# Copies and pickles.


@pytest.mark.parametrize("mine", [sinc, mixed, volume, norm, ramp], ids=lambda x: x.name)
def test_a_row_that_is_a_global_pickles_and_copies_to_itself(mine: Any) -> None:
    assert pickle.loads(pickle.dumps(mine)) is mine  # noqa: S301 - our own
    assert copy.copy(mine) is mine
    assert copy.deepcopy([mine])[0] is mine
    assert repr(mine) == f"<primitive {mine.name}>"


def test_a_graph_with_rows_of_ones_own_pickles() -> None:
    x = leaf(1.5)
    node = norm(sinc(x), volume(x, 2.0, x)) * ramp(x)
    back = pickle.loads(pickle.dumps(node))  # noqa: S301 - our own
    assert isinstance(back, Node)
    assert back.value == node.value
    assert back.primitive.name == "mul"


def test_a_row_is_pickled_with_the_module_that_holds_it_not_that_of_its_rule() -> None:
    assert borrowed.partials == (fgrad.calculus.exp.partials[0],)
    assert pickle.loads(pickle.dumps(borrowed)) is borrowed  # noqa: S301 - our own


def test_a_row_that_is_no_global_is_not_pickled() -> None:
    hidden = row("hidden", lambda x: x * x, lambda x, y: 2 * x)
    refusal(
        TypeError,
        "hidden: only a row that is a global, under its own name, can be pickled",
        lambda: pickle.dumps(hidden),
    )


def test_a_row_has_the_docstring_of_its_function_and_its_convention() -> None:
    assert norm.__doc__ == "The length of (x, y)."
    assert sin.__doc__ == "The sine of x radians; a ValueError at an infinity."
    assert borrowed.__doc__ == math.exp.__doc__
    assert str(Unary.__doc__).startswith("A row of one operand")
    assert sinc.__doc__ == Unary.__doc__
    assert fgrad.relu.__doc__ == "x above 0, else 0.0; nan stays nan.\n\nConvention: slope 0 at 0."


@pytest.mark.parametrize("name", fgrad.TABLE)
def test_a_row_of_the_table_says_in_words_of_our_own_what_it_computes(name: str) -> None:
    computed = fgrad.TABLE[name]
    said = str(computed.__doc__)
    if inspect.isbuiltin(computed.value):
        assert not said.startswith(str(computed.value.__doc__))
    assert not said.startswith("A row of ")


def test_help_on_what_holds_a_number_fixed_says_so_and_shows_it() -> None:
    said = str(constant.__doc__)
    assert said.startswith("x itself, held fixed: no derivative flows through it, at any order.\n")
    examples = doctest.DocTestParser().get_doctest(said, {}, "constant", None, None)
    assert doctest.DocTestRunner().run(examples) == (0, 2)


borrowed: Final = row("borrowed", math.exp, fgrad.calculus.exp.partials[0])
"""A row whose rule was written elsewhere."""


def test_a_row_has_the_signature_that_its_rules_have() -> None:
    expected = {
        "sin": "(x, /)",
        "atan2": "(x, y, /)",
        "polygamma": "(n, x, /)",
        "where": "(condition, x, y, /)",
        "total": "(xs, /)",
        "dot": "(ws, xs, /)",
        "hypot": "(*xs)",
        "log": f"(x, base={math.e!r}, /)",
    }
    rows: Mapping[str, Any] = fgrad.TABLE
    assert {name: str(inspect.signature(rows[name])) for name in expected} == expected
    assert str(inspect.signature(fgrad.Value(3).tanh)) == "()"
    assert str(inspect.signature(grad(fgrad.atan2))) == "(x, y, /)"
    assert "name" in inspect.signature(Unary).parameters


def test_a_row_of_ones_own_has_the_names_of_its_first_rule_if_it_has_one_for_each_operand() -> None:
    rules: list[tuple[Any, Any, str]] = [
        (lambda mass, _speed, z: z / mass, lambda m, v, _: m, "(mass, speed, /)"),
        (lambda x, _x, z: _x, lambda x, y, z: x, "(x_1, x_2, /)"),
        (lambda *xs: xs[1], lambda *xs: xs[0], "(x_1, x_2, /)"),
        (lambda _, __, z: z / _, lambda x, y, z: x, "(x_1, x_2, /)"),
    ]
    for first, second, expected in rules:
        product: Any = row("product", lambda x, y: x * y, first, second)
        assert str(inspect.signature(product)) == expected


def test_an_error_and_a_report_call_the_operand_of_a_row_by_its_name() -> None:
    bad: Any = "a"
    with pytest.raises(TypeError, match=r"^y: expected a float"):
        grad(fgrad.atan2)(1.0, bad)
    assert "d2/dx dy" in str(check_grad(fgrad.atan2)(1.0, 2.0))
