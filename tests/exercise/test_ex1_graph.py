"""Exercise 1: a Value keeps its number and the graph that it was computed from."""

from __future__ import annotations

import math

import pytest

from fgrad import Value

pytestmark = pytest.mark.ex1


def test_a_value_of_a_number_is_a_leaf() -> None:
    x = Value(3)
    assert x.data == 3.0, f"Value(3).data should be 3.0, got {x.data}"
    assert x.grad == 0.0, f"grad should be 0.0 before backwards(), got {x.grad}"
    assert tuple(x.children) == (), f"a leaf has no children, got {x.children}"


def test_an_answer_knows_its_operands() -> None:
    x, y = Value(3), Value(4)
    product = x * y
    assert product.data == 12.0, f"3 * 4 should be 12.0, got {product.data}"
    assert tuple(product.children) == (x, y), (
        f"the children of x * y are x and y, got {product.children}"
    )


def test_the_example_of_the_exercise() -> None:
    x_1, x_2 = Value(3), Value(4)
    x_3 = x_1 * x_2
    x_4 = Value(5)
    x_5 = x_4 + x_3
    x_6 = Value(2)
    l = x_5 * x_6  # noqa: E741 - the exercise calls it so
    values = [x_1, x_2, x_3, x_4, x_5, x_6, l]
    assert [v.data for v in values] == [3.0, 4.0, 12.0, 5.0, 17.0, 2.0, 34.0]


@pytest.mark.parametrize(
    ("what", "made", "expected"),
    [
        ("Value(3) + 2", lambda: Value(3) + 2, 5.0),
        ("2 + Value(3)", lambda: 2 + Value(3), 5.0),
        ("Value(3) - 5", lambda: Value(3) - 5, -2.0),
        ("5 - Value(3)", lambda: 5 - Value(3), 2.0),
        ("2 * Value(3)", lambda: 2 * Value(3), 6.0),
        ("Value(3) / Value(2)", lambda: Value(3) / Value(2), 1.5),
        ("-21 / Value(3)", lambda: -21 / Value(3), -7.0),
        ("Value(3) ** -1", lambda: Value(3) ** -1, 1 / 3),
        ("2 ** Value(3)", lambda: 2 ** Value(3), 8.0),
        ("Value(2) ** Value(3)", lambda: Value(2) ** Value(3), 8.0),
        ("-Value(3)", lambda: -Value(3), -3.0),
        ("Value(1).tanh()", lambda: Value(1).tanh(), math.tanh(1.0)),
        ("sum of Values", lambda: sum([Value(1), Value(2), Value(3)], Value(0)), 6.0),
    ],
)
def test_each_operator_gives_the_number_that_python_gives(
    what: str, made: object, expected: float
) -> None:
    answer = made()  # type: ignore[operator]  # a function of the table above
    assert answer.data == expected, f"{what} should be {expected}, got {answer.data}"


def test_sum_begins_at_an_int() -> None:
    answer = sum([Value(1), Value(2)])
    assert isinstance(answer, Value), f"sum of Values should be a Value, got {answer!r}"
    assert answer.data == 3.0


def test_values_are_equal_only_to_themselves() -> None:
    x, y = Value(3), Value(3)
    assert x != y, "two Values of the same number are two Values"
    assert len({x, y, x}) == 2, "a Value can be in a set, once"


def test_adding_in_place_makes_a_new_value() -> None:
    x = Value(1)
    before = x
    x += 2
    assert (before.data, x.data) == (1.0, 3.0), "+= should leave the old Value as it was"


def test_the_text_shows_data_and_gradient() -> None:
    assert repr(Value(34)) == "Value(data=34.0, grad=0.0)"
