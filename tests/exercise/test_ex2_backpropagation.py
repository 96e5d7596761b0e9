"""The second exercise: `backwards` gives every Value beneath its gradient, by the chain rule."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import pytest

from fgrad.exercise import Value

pytestmark = pytest.mark.ex2


def check_grad(value: Value, wanted: float, what: str, rule: str) -> None:
    """The grad of `value` is `wanted`, but for rounding."""
    close = math.isclose(value.grad, wanted, rel_tol=1e-12, abs_tol=1e-15)
    assert close, f"grad of {what} should be {wanted} ({rule}), got {value.grad}"


def finish(action: Callable[[], object], otherwise: str) -> None:
    """Do it, and fail as `otherwise` says if it is not done after 1,000,000 calls of functions."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls > 1_000_000:
            sys.setprofile(None)
            pytest.fail(otherwise)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)


def test_the_root_has_gradient_1() -> None:
    value = Value(3)
    value.backwards()
    check_grad(value, 1.0, "the value itself", "definition: dl/dl")


def test_constant() -> None:
    a, b = Value(3), Value(4)
    (a * 1).backwards()
    check_grad(b, 0.0, "b in a * 1", "constant: what does not occur has no part in it")


def test_sum() -> None:
    a, b = Value(3), Value(4)
    (a + b).backwards()
    check_grad(a, 1.0, "a in a + b", "sum rule")
    check_grad(b, 1.0, "b in a + b", "sum rule")


def test_difference() -> None:
    a, b = Value(3), Value(4)
    (a - b).backwards()
    check_grad(a, 1.0, "a in a - b", "sum rule")
    check_grad(b, -1.0, "b in a - b", "sum rule")


def test_product() -> None:
    a, b = Value(3), Value(4)
    (a * b).backwards()
    check_grad(a, 4.0, "a in a * b", "product rule")
    check_grad(b, 3.0, "b in a * b", "product rule")


def test_constant_multiple() -> None:
    a, b = Value(3), Value(4)
    (5 * a).backwards()
    check_grad(a, 5.0, "a in 5 * a", "constant multiple rule")
    (b * -2.5).backwards()
    check_grad(b, -2.5, "b in b * -2.5", "constant multiple rule")


@pytest.mark.parametrize(("x", "n", "wanted"), [(3, 2, 6.0), (2, 3, 12.0), (4, -1, -0.0625)])
def test_power(x: float, n: float, wanted: float) -> None:
    value = Value(x)
    (value**n).backwards()
    check_grad(value, wanted, f"x in x ** {n} at {x}", "power rule: n * x ** (n - 1)")


def test_power_of_a_negative_base() -> None:
    x = Value(-3)
    (x**2).backwards()
    check_grad(x, -6.0, "x in x ** 2 at -3", "power rule")


def test_exponential() -> None:
    v = Value(3)
    (2**v).backwards()
    check_grad(v, 8 * math.log(2), "v in 2 ** v at 3", "2 ** v * log(2)")


def test_power_of_two_values() -> None:
    v, w = Value(2), Value(3)
    (v**w).backwards()
    check_grad(v, 12.0, "v in v ** w at 2, 3", "w * v ** (w - 1)")
    check_grad(w, 8 * math.log(2), "w in v ** w at 2, 3", "v ** w * log(v)")


def test_quotient() -> None:
    a, b = Value(3), Value(4)
    (a / b).backwards()
    check_grad(a, 0.25, "a in a / b", "1 / b")
    check_grad(b, -0.1875, "b in a / b", "-a / b ** 2")


def test_quotient_of_a_number() -> None:
    x = Value(3)
    (-21 / x).backwards()
    check_grad(x, 21 / 9, "x in -21 / x at 3", "21 / x ** 2")


def test_signs() -> None:
    a, b = Value(3), Value(-4)
    (-a).backwards()
    check_grad(a, -1.0, "a in -a", "constant multiple rule")
    abs(b).backwards()
    check_grad(b, -1.0, "b in abs(b) at -4", "the sign of b")


@pytest.mark.parametrize("x", [-1.0, 0.0, 1.0])
def test_tanh_to_the_last_bit(x: float) -> None:
    value = Value(x)
    value.tanh().backwards()
    wanted = 1 - math.tanh(x) ** 2
    assert value.grad == wanted, (
        f"grad of x in x.tanh() at {x} should be 1 - tanh(x) ** 2 = {wanted!r}, got {value.grad!r}"
    )


def test_chain() -> None:
    x = Value(0.5)
    inner = 3 * x
    outer = inner.tanh()
    (outer**2).backwards()
    slope = 2 * math.tanh(1.5)
    check_grad(outer, slope, "tanh(3 x) in tanh(3 x) ** 2", "power rule")
    slope *= 1 - math.tanh(1.5) ** 2
    check_grad(inner, slope, "3 x in tanh(3 x) ** 2", "chain rule")
    check_grad(x, 3 * slope, "x in tanh(3 x) ** 2", "chain rule")


def test_the_graph_of_the_exercise() -> None:
    """l = (x_4 + x_1 * x_2) * x_6, with every number of the picture."""
    x_1, x_2, x_4, x_6 = Value(3), Value(4), Value(5), Value(2)
    x_3 = x_1 * x_2
    x_5 = x_4 + x_3
    l = x_5 * x_6  # noqa: E741 - as in the picture
    l.backwards()
    assert l.data == 34.0, f"the data of l should be 34.0, got {l.data}"
    check_grad(l, 1.0, "l", "definition")
    check_grad(x_5, 2.0, "x_5", "product rule: x_6")
    check_grad(x_6, 17.0, "x_6", "product rule: x_5")
    check_grad(x_4, 2.0, "x_4", "sum rule after product rule")
    check_grad(x_3, 2.0, "x_3", "sum rule after product rule")
    check_grad(x_1, 8.0, "x_1", "chain rule: x_2 * 2")
    check_grad(x_2, 6.0, "x_2", "chain rule: x_1 * 2")


def test_a_value_used_twice_has_the_sum_of_both_ways() -> None:
    x = Value(3)
    (x + x).backwards()
    check_grad(x, 2.0, "x in x + x", "one for each use")
    y = Value(3)
    (y * y).backwards()
    check_grad(y, 6.0, "y in y * y", "product rule, both ways added")


def test_a_value_used_on_two_levels() -> None:
    a, b = Value(-2), Value(3)
    d, e = a * b, a + b
    (d * e).backwards()
    check_grad(a, 3 * 1 + (-6) * 1, "a in (a * b) * (a + b)", "product rule, both ways added")
    check_grad(b, -2 * 1 + (-6) * 1, "b in (a * b) * (a + b)", "product rule, both ways added")


def test_an_inner_value_waits_for_all_that_use_it() -> None:
    """y must be complete before it hands on: the visit is in topological order."""
    x = Value(2)
    y = x * x
    z = y * 3
    (y + z * y).backwards()
    check_grad(y, 1 + 2 * 3 * 4, "y in y + 3 y * y at 4", "1 + 6 y")
    check_grad(x, 25 * 4, "x in x² + 3 x⁴ at 2", "chain rule")


def test_a_diamond_is_walked_once() -> None:
    """2 ** 40 ways lead from the root to x: following each would never end."""
    x = value = Value(1)
    for _ in range(40):
        value = value + value
    finish(
        value.backwards,
        "backwards() of 40 doublings is not done after 1,000,000 calls: does it follow each of the "
        "2 ** 40 ways to x, instead of going through each Value once?",
    )
    check_grad(x, 2.0**40, "x in 40 doublings", "one for each way")


@pytest.mark.parametrize("n", [1, 2, 10, 1000, 5000])
def test_a_loop_of_sums(n: int) -> None:
    value, out = Value(1), Value(1)
    for _ in range(n):
        out += value
    out.backwards()
    check_grad(value, float(n), f"value in {n} times out += value", "one for each sum")


def test_sum_of_a_list() -> None:
    values = [Value(1), Value(2), Value(3)]
    total = sum(values)
    assert isinstance(total, Value), f"sum(values) should be a Value, got {total!r}"
    total.backwards()
    for i, value in enumerate(values):
        check_grad(value, 1.0, f"values[{i}] in sum(values)", "sum rule")


def test_going_backwards_twice_doubles_every_gradient() -> None:
    a, b = Value(3), Value(4)
    c = a * b
    root = c + a
    root.backwards()
    root.backwards()
    check_grad(root, 2.0, "the root after two times backwards", "1 each time")
    check_grad(
        c, 2.0, "a * b after two times backwards", "1 each time: an old grad is not handed on"
    )
    check_grad(a, 10.0, "a in a * b + a after two times backwards", "5 each time")
    check_grad(b, 6.0, "b in a * b + a after two times backwards", "3 each time")


def test_gradients_of_two_roots_add_up() -> None:
    a, b = Value(3), Value(4)
    c = a * b
    (c + 1).backwards()
    (c * 10).backwards()
    check_grad(c, 11.0, "c after (c + 1) and (c * 10) went backwards", "1 + 10")
    check_grad(a, 44.0, "a after both", "(1 + 10) * b")


def test_a_gradient_can_be_set_to_zero() -> None:
    x = Value(3)
    square = x * x
    square.backwards()
    x.grad = 0.0
    square.backwards()
    check_grad(x, 6.0, "x in x * x after x.grad = 0.0 and backwards again", "2 x")


def test_only_what_is_beneath_is_touched() -> None:
    x = Value(3)
    y = x * 2
    above = y + 1
    y.backwards()
    check_grad(above, 0.0, "what was computed from y when y goes backwards", "it is not beneath")
    check_grad(x, 2.0, "x in x * 2", "constant multiple rule")


def test_a_gradient_belongs_to_the_numbers_of_its_graph() -> None:
    x = Value(3)
    square = x * x
    x.data = 5.0
    square.backwards()
    check_grad(x, 6.0, "x in x * x built at 3", "2 * 3, though x.data is 5.0 by now")


def test_backward_is_backwards() -> None:
    x = Value(3)
    (x * x).backward()
    check_grad(x, 6.0, "x in x * x by backward()", "the same method")


FUNCTIONS: list[Callable[[Value, Value], Value]] = [
    lambda x, y: x * y + x / y - y**3,
    lambda x, y: (x * 2 + y).tanh() * x - 1 / y,
    lambda x, y: (x**2 + y**2) ** 0.5 + 2**x,
    lambda x, y: (x - y) * (x - y) / (1 + x * x) - (-y).tanh() ** 3,
    lambda x, y: x**y * abs(y - x) + sum([x, y, x]),
]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize(("x", "y"), [(0.7, 1.3), (2.0, 0.4), (1.5, 3.0)])
def test_gradients_agree_with_finite_differences(
    f: Callable[[Value, Value], Value], x: float, y: float
) -> None:
    a, b = Value(x), Value(y)
    f(a, b).backwards()
    h = 1e-5
    wanted = [
        (f(Value(x + h), Value(y)).data - f(Value(x - h), Value(y)).data) / (2 * h),
        (f(Value(x), Value(y + h)).data - f(Value(x), Value(y - h)).data) / (2 * h),
    ]
    got = [a.grad, b.grad]
    assert got == pytest.approx(wanted, rel=1e-7), f"finite differences give {wanted}, got {got}"


def test_a_long_chain_goes_backwards() -> None:
    x = total = Value(1)
    for _ in range(20_000):
        total = total * 1.0 + x
    total.backwards()
    check_grad(x, 20_001.0, "x in a chain of 40,000 operations", "one for each use (no recursion!)")
