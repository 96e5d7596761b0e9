"""Exercise 2: backwards() gives every Value its gradient. One test for each rule."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from fgrad import Value

pytestmark = pytest.mark.ex2


def check(rule: str, expected: float, got: float) -> None:
    assert got == pytest.approx(expected, rel=1e-12), f"{rule}: expected {expected}, got {got}"


def test_definition_the_gradient_of_a_value_by_itself_is_1() -> None:
    x = Value(3)
    x.backwards()
    check("definition: d x / d x", 1.0, x.grad)


def test_constant_rule_what_is_not_beneath_gets_nothing() -> None:
    x, y = Value(3), Value(4)
    (x * 2).backwards()
    check("constant rule: d (2 x) / d y", 0.0, y.grad)


def test_sum_rule() -> None:
    x, y = Value(3), Value(4)
    (x + y - 2).backwards()
    check("sum rule: d (x + y - 2) / d x", 1.0, x.grad)
    check("sum rule: d (x + y - 2) / d y", 1.0, y.grad)


def test_product_rule() -> None:
    x, y = Value(3), Value(4)
    (x * y).backwards()
    check("product rule: d (x y) / d x = y", 4.0, x.grad)
    check("product rule: d (x y) / d y = x", 3.0, y.grad)


def test_constant_multiple_rule() -> None:
    x = Value(3)
    (5 * x).backwards()
    check("constant multiple rule: d (5 x) / d x", 5.0, x.grad)


@pytest.mark.parametrize(("n", "expected"), [(2, 6.0), (3, 27.0), (-1, -1 / 9), (0, 0.0)])
def test_power_rule(n: int, expected: float) -> None:
    x = Value(3)
    (x**n).backwards()
    check(f"power rule: d (x ** {n}) / d x at 3", expected, x.grad)


def test_quotient() -> None:
    x, y = Value(3), Value(4)
    (x / y).backwards()
    check("quotient: d (x / y) / d x", 0.25, x.grad)
    check("quotient: d (x / y) / d y", -3 / 16, y.grad)


def test_chain_rule() -> None:
    x = Value(3)
    ((2 * x + 1) ** 2).backwards()
    check("chain rule: d (2 x + 1)² / d x at 3", 28.0, x.grad)


@pytest.mark.parametrize("x", [-1.0, 0.0, 1.0])
def test_tanh_rule_to_the_last_bit(x: float) -> None:
    value = Value(x)
    value.tanh().backwards()
    expected = 1 - math.tanh(x) ** 2
    assert value.grad == expected, f"tanh rule at {x}: expected {expected!r}, got {value.grad!r}"


def test_exponential_of_a_value() -> None:
    x = Value(3)
    (2**x).backwards()
    check("d (2 ** x) / d x at 3", 8 * math.log(2), x.grad)


def test_the_gradients_of_the_picture() -> None:
    x_1, x_2, x_4, x_6 = Value(3), Value(4), Value(5), Value(2)
    x_3 = x_1 * x_2
    x_5 = x_4 + x_3
    l = x_5 * x_6  # noqa: E741 - the exercise calls it so
    l.backwards()
    named = {"x_1": (x_1, 8.0), "x_2": (x_2, 6.0), "x_3": (x_3, 2.0), "x_4": (x_4, 2.0)}
    named |= {"x_5": (x_5, 2.0), "x_6": (x_6, 17.0), "l": (l, 1.0)}
    for name, (value, expected) in named.items():
        check(f"the gradient of {name} in the picture", expected, value.grad)


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_a_value_used_n_times_gets_n_gradients(n: int) -> None:
    value, out = Value(1), Value(1)
    for _ in range(n):
        out += value
    out.backwards()
    check(f"{n} uses of one Value", float(n), value.grad)


def test_a_shared_value_is_gone_through_once() -> None:
    x = Value(1)
    y = x
    for _ in range(60):  # 2 ** 60 ways from the end to the beginning
        y = y + y
    y.backwards()
    check("a diamond of 60 levels", 2.0**60, x.grad)


def test_a_second_call_doubles() -> None:
    x = Value(3)
    y = x * x
    for times in (1, 2, 3):
        y.backwards()
        check(f"after {times} calls", 6.0 * times, x.grad)
        check(f"the root after {times} calls", float(times), y.grad)


def test_backward_is_backwards() -> None:
    x = Value(3)
    (x * x).backward()
    check("backward()", 6.0, x.grad)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: (x * x - 1) / (x + 2), 1.3),
        (lambda x: (x**3).tanh() * x, 0.7),
        (lambda x: 2**x - x**-2, 1.1),
    ],
)
def test_gradients_are_slopes(f: Callable[[Value], Value], at: float) -> None:
    """Against differences of the function's own numbers, which know no rule."""
    x = Value(at)
    f(x).backwards()
    h = 1e-6
    slope = (f(Value(at + h)).data - f(Value(at - h)).data) / (2 * h)
    assert x.grad == pytest.approx(slope, rel=1e-7), f"slope {slope}, gradient {x.grad}"


def test_new_data_begins_a_new_graph() -> None:
    x = Value(2)
    y = x * x
    x.data = 5.0
    y.backwards()
    check("the gradient belongs to the number that y was computed from", 4.0, x.grad)
