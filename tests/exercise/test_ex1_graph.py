"""The first exercise: a Value computes, and remembers what it was computed from."""

from __future__ import annotations

import math
import operator
import pickle
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import pytest

from fgrad.exercise import Value

pytestmark = pytest.mark.ex1

OPERATIONS: list[tuple[str, Callable[..., Value | float], float, float]] = [
    ("a + b", operator.add, 3.0, 4.0),
    ("a - b", operator.sub, 3.0, 4.0),
    ("a * b", operator.mul, 3.0, 4.0),
    ("a / b", operator.truediv, 3.0, 4.0),
    ("a ** b", operator.pow, 3.0, 4.0),
    ("a + b", operator.add, -2.5, 0.1),
    ("a - b", operator.sub, 0.1, 0.3),
    ("a / b", operator.truediv, 3.0, 2.0),
    ("a ** b", operator.pow, 2.0, 0.5),
]


def check_data(got: object, wanted: float, what: str) -> None:
    """`got` is a Value whose data is exactly `wanted`."""
    assert isinstance(got, Value), f"{what} should be a Value, got {type(got).__name__} {got!r}"
    assert got.data == wanted, f"the data of {what} should be {wanted}, got {got.data}"


def test_a_value_holds_its_data() -> None:
    for data in (3, 3.0, -0.5, True, Fraction(1, 2)):
        check_data(Value(data), float(data), f"Value({data!r})")


def test_a_fresh_value_has_no_gradient_yet() -> None:
    got = Value(3.0).grad
    assert got == 0.0, f"the grad of a fresh Value should be 0.0, got {got!r}"


def test_a_fresh_value_has_no_children() -> None:
    got = Value(3.0).children
    assert len(got) == 0, f"a Value made from a number should have no children, got {got!r}"


@pytest.mark.parametrize(("text", "operate", "a", "b"), OPERATIONS)
def test_an_operation_gives_what_it_gives_on_numbers(
    text: str, operate: Callable[..., Value | float], a: float, b: float
) -> None:
    wanted = operate(a, b)
    assert isinstance(wanted, float)
    check_data(operate(Value(a), Value(b)), wanted, f"{text} at a = Value({a}), b = Value({b})")
    check_data(operate(Value(a), b), wanted, f"{text} at a = Value({a}), b = {b}")
    check_data(operate(a, Value(b)), wanted, f"{text} at a = {a}, b = Value({b})")


def test_an_operation_with_an_int() -> None:
    check_data(Value(3) + 1, 4.0, "Value(3) + 1")
    check_data(1 - Value(3), -2.0, "1 - Value(3)")
    check_data(2 ** Value(3), 8.0, "2 ** Value(3)")


def test_what_is_exact_stays_exact() -> None:
    check_data(Value(3) ** -1, 1 / 3, "Value(3) ** -1")
    check_data(Value(3) / Value(2), 1.5, "Value(3) / Value(2)")
    check_data(-21 / Value(3), -7.0, "-21 / Value(3)")
    check_data(1 / Value(3), 1 / 3, "1 / Value(3)")
    check_data(Value(0.1) - 0.3, 0.1 - 0.3, "Value(0.1) - 0.3")


def test_signs() -> None:
    check_data(-Value(3), -3.0, "-Value(3)")
    check_data(+Value(-3), -3.0, "+Value(-3)")
    check_data(abs(Value(-3)), 3.0, "abs(Value(-3))")


@pytest.mark.parametrize("x", [-2.0, -1.0, 0.0, 0.5, 1.0, 30.0])
def test_tanh(x: float) -> None:
    check_data(Value(x).tanh(), math.tanh(x), f"Value({x}).tanh()")


def test_sum_begins_with_the_int_0() -> None:
    check_data(sum([Value(1), Value(2), Value(3)]), 6.0, "sum([Value(1), Value(2), Value(3)])")


def test_adding_in_place_gives_a_new_value() -> None:
    first = total = Value(1)
    total += Value(2)
    check_data(total, 3.0, "total after total += Value(2)")
    check_data(first, 1.0, "the Value that total was before (+= should make a new one)")


def test_the_children_are_the_operands_that_are_values() -> None:
    a, b = Value(3), Value(4)
    for name, got in {"a + b": a + b, "a * b": a * b, "a - b": a - b, "a / b": a / b}.items():
        assert list(got.children) == [a, b], f"the children of {name} should be a and b"
    assert list((a * 2).children) == [a], "the children of a * 2 should be a alone"
    assert list((2 * a).children) == [a], "the children of 2 * a should be a alone"
    assert list((2**a).children) == [a], "the children of 2 ** a should be a alone"
    assert list(a.tanh().children) == [a], "the children of a.tanh() should be a alone"


def test_the_graph_of_the_exercise() -> None:
    """l = (x_4 + x_1 * x_2) * x_6, as in the picture."""
    x_1, x_2, x_4, x_6 = Value(3), Value(4), Value(5), Value(2)
    x_3 = x_1 * x_2
    x_5 = x_4 + x_3
    l = x_5 * x_6  # noqa: E741 - as in the picture
    for name, value, wanted in (("x_3", x_3, 12.0), ("x_5", x_5, 17.0), ("l", l, 34.0)):
        check_data(value, wanted, name)
    assert set(l.children) == {x_5, x_6}, "the children of l should be x_5 and x_6"
    assert set(x_5.children) == {x_4, x_3}, "the children of x_5 should be x_4 and x_3"
    assert set(x_3.children) == {x_1, x_2}, "the children of x_3 should be x_1 and x_2"


def test_a_value_shows_its_data_and_its_gradient() -> None:
    value = Value(34)
    value.grad = 1.0
    wanted = "Value(data=34.0, grad=1.0)"
    assert repr(value) == wanted, f"repr should be {wanted}, got {value!r}"


def test_a_value_equals_only_itself() -> None:
    a, twin = Value(3), Value(3)
    assert a == a  # noqa: PLR0124 - itself
    assert a != twin, "two Values of the same data should not be equal: equality is identity"
    assert len({a, twin, a}) == 2, "a set should hold two Values of the same data as two"
    assert {a: "a"}[a] == "a", "a Value should be a key of a dict"


@pytest.mark.parametrize("relation", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparisons_compare_the_data(relation: Callable[[object, object], bool]) -> None:
    for a, b in ((2.0, 3.0), (3.0, 2.0), (3.0, 3.0)):
        wanted = relation(a, b)
        for left, right in ((Value(a), Value(b)), (Value(a), b), (a, Value(b))):
            got = relation(left, right)
            assert got is wanted, (
                f"{relation.__name__}({left}, {right}) should be {wanted}, got {got}"
            )


def test_a_name_is_optional() -> None:
    got = Value(3, name="x_1").name
    assert got == "x_1", f"the name of Value(3, name='x_1') should be 'x_1', got {got!r}"
    assert Value(3).name is None, "a Value made without a name should have None"


def test_the_data_of_a_leaf_can_be_assigned() -> None:
    x = Value(3)
    x.data = 5
    check_data(x, 5.0, "x after x.data = 5")
    x.data -= 1.5
    check_data(x * 2, 7.0, "x * 2 after x.data -= 1.5")


def test_a_graph_built_before_keeps_its_numbers() -> None:
    x = Value(3)
    before = x * x
    x.data = 5.0
    check_data(before, 9.0, "x * x computed before x.data = 5")


def check_refused(error: type[Exception], do: Callable[[], object], what: str) -> None:
    """`do` raises this error."""
    try:
        got = do()
    except error:
        return
    pytest.fail(f"{what} should raise a {error.__name__}, got {got!r}")


@pytest.mark.parametrize("other", ["3", None, [1.0], 1j])
def test_what_is_no_real_number_is_refused(other: object) -> None:
    for operate in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for x, y in ((Value(3), other), (other, Value(3))):
            check_refused(TypeError, partial(operate, x, y), f"{operate.__name__}({x!r}, {y!r})")


def test_errors_are_those_of_python() -> None:
    check_refused(ZeroDivisionError, lambda: Value(1) / Value(0), "Value(1) / Value(0)")
    check_refused(OverflowError, lambda: Value(1000).exp(), "Value(1000).exp()")


def test_a_long_chain_is_built_printed_and_pickled() -> None:
    total = Value(0)
    for _ in range(20_000):
        total = total + 1
    check_data(total, 20_000.0, "the sum of 20,000 ones")
    assert len(repr(total)) < 100, "repr should show one Value, not the graph beneath"
    check_data(pickle.loads(pickle.dumps(total)), 20_000.0, "the sum, pickled and loaded")  # noqa: S301 - our own
