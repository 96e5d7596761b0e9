"""The exercise's Value, beyond what the exercise asks of it."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import new_class
from typing import TypeVar, assert_type

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad
from fgrad import Node, Scalar, calculus, copysign, dot, grad, logsumexp, mean, total, where
from fgrad.exercise import MLP, Value
from fgrad.graph import leaf
from fgrad.primitive import Unary
from tests.switching import switching

DEPTH = 1_000_000
T = TypeVar("T", Scalar, Value)
LIMITS = {row.limit for row in calculus.TABLE.values() if row.limit is not None}
METHODS = {
    name: row
    for name, row in calculus.TABLE.items()
    if isinstance(row, Unary) and row not in LIMITS
}


# Functions and operators.


@pytest.mark.parametrize("name", METHODS)
def test_every_row_of_one_operand_is_a_method(name: str) -> None:
    assert getattr(Value, name) is METHODS[name]


def test_the_rows_that_stand_for_limits_are_no_methods() -> None:
    assert not any(hasattr(Value, row.name) for row in LIMITS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_function(name: str) -> None:
    row = METHODS[name]
    x = next(x for x in (0.4, 1.6) if x in row.domain[0])
    value = Value(x)
    answer = getattr(value, name)()
    assert type(answer) is Value
    assert answer.data == row(x)
    answer.backwards()
    assert value.grad == grad(row)(x)


def test_methods_and_operators_are_typed() -> None:
    x = Value(2)
    assert_type(x.tanh(), Value)
    assert_type(x + 1, Value)
    assert_type(1 - x, Value)
    assert_type(2**x, Value)
    assert_type(abs(-x), Value)
    assert_type(x.data, float)
    assert_type(x.children, tuple[Value, ...])
    assert_type(dot([x, x], [1.0, 2.0]), Value)


def test_functions_of_many_operands_take_values_and_numbers() -> None:
    x, y = Value(2), Value(3)
    answer = dot([x, y, y], [y, 5, 4.0]) + total([x, y]) + logsumexp(x, x)
    answer.backwards()
    assert answer.data == pytest.approx(6 + 15 + 12 + 5 + 2 + math.log(2))
    assert x.grad == pytest.approx(3 + 1 + 1)
    assert y.grad == pytest.approx(2 + 5 + 4 + 1)
    chosen = where(x < y, x * x, y)
    chosen.backwards()
    assert x.grad == pytest.approx(5 + 4)


def test_the_method_log_takes_a_base() -> None:
    x, base = Value(8), Value(2)
    x.log(base).backwards()
    assert (x.log(2).data, x.log().data) == (3.0, math.log(8.0))
    assert x.grad == pytest.approx(1 / (8 * math.log(2)))
    assert base.grad == pytest.approx(-math.log(8) / (2 * math.log(2) ** 2))


def test_mean_of_values() -> None:
    values = [Value(1), Value(2), Value(6)]
    mean(values).backwards()
    assert [value.grad for value in values] == [1 / 3] * 3


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), True])
def test_numbers_of_other_kinds(number: float) -> None:
    x = Value(3)
    for answer, wanted in (
        (x * number, 3.0 * float(number)),
        (number * x, 3.0 * float(number)),
        (x - number, 3.0 - float(number)),
        (number - x, float(number) - 3.0),
    ):
        assert type(answer) is Value
        assert type(answer.data) is float
        assert answer.data == wanted


def test_remainders() -> None:
    x = Value(7.5)
    answer = x % 2 + x // 2 + 10 % x
    assert answer.data == 7.5 % 2 + 7.5 // 2 + 10 % 7.5
    answer.backwards()
    assert x.grad == 1 + 0 - 1


@pytest.mark.parametrize(
    "operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
)
def test_a_value_and_a_node_do_not_mix(operate: Callable[[object, object], object]) -> None:
    for a, b in ((Value(2), leaf(3.0)), (leaf(3.0), Value(2))):
        with pytest.raises(TypeError):
            operate(a, b)
        with pytest.raises(TypeError):
            fgrad.pow.apply((a, b))
        with pytest.raises(TypeError):
            dot.apply((a, b))


def test_arrays_are_refused() -> None:
    with pytest.raises(TypeError):
        np.array([1.0, 2.0]) * Value(2)
    with pytest.raises(TypeError):
        Value(2) * np.array([1.0, 2.0])


@pytest.mark.parametrize("data", ["3", None, 1j, [1.0], Value(3)])
def test_data_is_a_real_number(data: float) -> None:
    with pytest.raises(TypeError, match=r"data: expected a real number, got"):
        Value(data)
    with pytest.raises(TypeError, match=r"data: expected a real number, got"):
        Value(1).data = data


def test_a_value_is_no_float() -> None:
    with pytest.raises(TypeError):
        math.sin(Value(1))  # type: ignore[arg-type]  # that it is refused is the point
    with pytest.raises(TypeError):
        float(Value(1))  # type: ignore[arg-type]  # as above


# Gradients.


def program(x: T, y: T) -> T:
    t = x * y + x / y
    for _ in range(20):
        t = t * 0.9 + fgrad.tanh(t - y) ** 2 - x
    return t


def test_the_gradient_is_that_of_grad() -> None:
    x, y = Value(1.3), Value(0.7)
    program(x, y).backwards()
    assert (x.grad, y.grad) == grad(program)(1.3, 0.7)


def test_a_leaf_with_several_numbers_collects_the_gradients_of_all() -> None:
    """Each parent knows the number that its operand had when it was built."""
    x = Value(3)
    first = x * x
    x.data = 5.0
    root = first + x * x
    x.data = 7.0
    root.backwards()
    assert root.data == 9.0 + 25.0
    assert x.grad == 2 * 3 + 2 * 5
    assert x.data == 7.0


def test_the_data_of_a_computed_value_cannot_be_assigned() -> None:
    y = Value(3) * 2
    with pytest.raises(AttributeError, match=r"computed \(mul\) and cannot be assigned"):
        y.data = 1.0
    assert y.data == 6.0


@pytest.mark.parametrize(
    ("base", "exponent", "slopes"),
    [
        (-2.0, 2.0, (-4.0, math.nan)),  # log(-2.0) raises a ValueError
        (0.0, 0.5, (math.inf, 0.0)),  # 0.0 ** -0.5 a ZeroDivisionError
        (0.0, 0.0, (0.0, 0.0)),  # nothing flows either way
    ],
)
def test_a_slope_that_is_a_limit(base: float, exponent: float, slopes: tuple[float, float]) -> None:
    x, y = Value(base), Value(exponent)
    (x**y).backwards()
    assert (x.grad, y.grad) == pytest.approx(slopes, nan_ok=True)


def test_what_flows_nowhere_adds_nothing() -> None:
    x = Value(0)
    where(x > 0, x.sqrt(), x * 2).backwards()
    assert x.grad == 2.0
    y = Value(0)
    y.relu().backwards()
    assert y.grad == 0.0


def test_a_value_much_older_than_the_rest_of_its_graph() -> None:
    old = Value(3)
    for _ in range(100_000):
        leaf(0.0)
    (old * old + 1).backwards()
    assert old.grad == 6.0


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 99), st.integers(0, 99))))
def test_programs_with_sharing_agree_with_integers(lines: list[tuple[str, int, int]]) -> None:
    """Forward in pairs of (value, slope), on integers, which round nothing."""
    x = Value(3)
    values, pairs = [x, Value(2)], [(3, 1), (2, 0)]
    for sign, i, j in lines:
        a, b = values[i % len(values)], values[j % len(values)]
        (p, dp), (q, dq) = pairs[i % len(pairs)], pairs[j % len(pairs)]
        if sign == "+":
            values.append(a + b)
            pairs.append((p + q, dp + dq))
        elif sign == "-":
            values.append(a - b)
            pairs.append((p - q, dp - dq))
        else:
            values.append(a * b)
            pairs.append((p * q, dp * q + p * dq))
        if max(map(abs, pairs[-1])) > 2**50:
            values.pop()
            pairs.pop()
    values[-1].backwards()
    assert values[-1].data == pairs[-1][0]
    assert x.grad == pairs[-1][1]


def test_two_threads_at_once() -> None:
    x = Value(2)
    wrong: list[float] = []

    def work() -> None:
        for _ in range(300):
            y = Value(3)
            (y * y * x + y).backwards()
            if y.grad != 13.0:
                wrong.append(y.grad)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Copies and pickles.


def roundtrip(value: Value) -> Value:
    back = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own
    assert isinstance(back, Value)
    return back


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, roundtrip])
def test_a_copied_leaf_is_a_leaf_of_its_own(duplicate: Callable[[Value], Value]) -> None:
    x = Value(3, name="x")
    x.grad = 2.0
    twin = duplicate(x)
    assert (twin.data, twin.grad, twin.name, twin.children) == (3.0, 2.0, "x", ())
    twin.data = 5.0
    assert x.data == 3.0
    twin.data = 3.0
    x.grad = twin.grad = 0.0
    (x * twin).backwards()
    assert (x.grad, twin.grad) == (3.0, 3.0)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, roundtrip])
def test_a_copy_and_its_original_in_one_graph(duplicate: Callable[[Value], Value]) -> None:
    x = Value(3)
    y = x * x
    twin = duplicate(y)
    (y * 2 + twin * 5).backwards()
    assert (y.grad, twin.grad) == (2.0, 5.0)
    assert x.grad == (42.0 if duplicate is copy.copy else 12.0)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, roundtrip])
def test_a_copied_graph_is_independent(duplicate: Callable[[Value], Value]) -> None:
    x = Value(3, name="x")
    y = (x * x + 1) * x
    y.backwards()
    twin = duplicate(y)
    assert (twin.data, twin.grad) == (30.0, 1.0)
    inner, x_twin = twin.children
    assert (inner.data, inner.grad) == (10.0, 3.0)
    assert (x_twin.data, x_twin.grad, x_twin.name) == (3.0, 28.0, "x")
    twin.backwards()
    assert (x_twin.grad, x.grad) == (56.0, 28.0)
    x_twin.data = 4.0
    assert x.data == 3.0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, roundtrip])
def test_a_copied_graph_keeps_the_numbers_of_a_reassigned_leaf(
    duplicate: Callable[[Value], Value],
) -> None:
    x = Value(3)
    first = x * x
    x.data = 5.0
    twin = duplicate(first + x)
    twin.backwards()
    square, x_twin = twin.children
    assert square.children == (x_twin, x_twin)
    assert (x_twin.data, x_twin.grad) == (5.0, 7.0)
    assert x.grad == 0.0


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, roundtrip])
def test_a_copy_goes_down_to_the_old_number_of_a_reassigned_leaf(
    duplicate: Callable[[Value], Value],
) -> None:
    x = Value(3.0)
    y = x * x
    x.data = 5.0
    twin = duplicate(y)
    (duplicate(twin) + 1).backwards()
    twin.backwards()
    y.backwards()
    assert (twin.grad, y.grad) == (1.0, 1.0)
    assert x.grad in (6.0, 18.0)  # a shallow copy has the same leaf


def test_a_pickle_keeps_the_sign_of_a_zero_before_and_after() -> None:
    x = Value(0.0)
    y = copysign(x, -1.0)
    x.data = -0.0
    z, w = pickle.loads(pickle.dumps((y, x)))  # noqa: S301 - our own
    z.backwards()
    assert (w.grad, math.copysign(1.0, w.data)) == (-1.0, -1.0)


@pytest.mark.parametrize("between", [0, 70_000])
def test_the_order_of_addition_does_not_hang_on_what_was_made_in_between(between: int) -> None:
    x = Value(1.0)
    a = x * 0.1
    for _ in range(between):
        Value(0.0)
    x.data = 1.0
    b = x * 0.2
    x.data = 1.0
    (a + b + x * 0.3).backwards()
    assert x.grad == 0.3 + 0.2 + 0.1


def gradients(between: int, x: float, y: float) -> list[float]:
    """Of Values of several rows, all but the first two made after so many others."""
    first, second = Value(x), Value(y)
    for _ in range(between):
        Value(0.0)
    product = first * second
    chosen = where(first > 0.0, product, second.sqrt())
    kept = fgrad.constant(chosen)
    summed = dot([first, chosen, second], [second, 2.0, kept])
    root = fgrad.maximum(summed, first) ** 2 + second.relu() - second.sqrt()
    root.backwards()
    return [v.grad for v in (first, second, product, chosen, kept, summed, root)]


@pytest.mark.parametrize("y", [2.0, 0.0])
def test_what_lies_far_back_has_the_same_gradient(y: float) -> None:
    """Where a slope is a limit, too: that of the root at 0."""
    found = gradients(70_000, 3.0, y)
    assert repr(found) == repr(gradients(0, 3.0, y))
    assert math.isfinite(found[1]) == (y > 0.0)


def test_a_leaf_may_be_assigned_while_another_thread_computes_with_it() -> None:
    x = Value(2.0)
    done = threading.Event()

    def assign() -> None:
        while not done.is_set():
            x.data = 3.0

    with switching(1e-6):
        thread = threading.Thread(target=assign)
        thread.start()
        try:
            for _ in range(3_000):
                x.tanh().backwards()
                (2.0 * x).backwards()
        finally:
            done.set()
            thread.join()


def test_what_is_copied_together_stays_together() -> None:
    x = Value(3)
    y = x * x
    root = y + x
    for twins in (copy.deepcopy((x, y, root)), copy.deepcopy((root, y, x))):
        by_data = {twin.data: twin for twin in twins}
        by_data[12.0].backwards()
        assert by_data[12.0].children == (by_data[9.0], by_data[3.0])
        assert (by_data[9.0].grad, by_data[3.0].grad) == (1.0, 7.0)
    assert x.grad == 0.0


def test_leaves_pickled_together_stay_together() -> None:
    x = Value(3)
    y, z = x * x, x + 1
    x_back, y_back, z_back = pickle.loads(pickle.dumps((x, y, z)))  # noqa: S301 - our own
    y_back.backwards()
    z_back.backwards()
    assert x_back.grad == 7.0
    assert x.grad == 0.0


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_what_is_pickled_together_stays_together(order: slice) -> None:
    x = Value(3)
    h = x * x
    h.name = "h"
    both = h + x
    values = [x, h, both, both * h]
    x_back, h_back, sum_back, y_back = pickle.loads(pickle.dumps(values[order]))[order]  # noqa: S301 - our own
    assert y_back.children == (sum_back, h_back)
    assert sum_back.children == (h_back, x_back)
    y_back.backwards()
    assert (x_back.grad, h_back.grad, sum_back.grad) == (9 + 21 * 6, 21.0, 9.0)
    assert h_back.name == "h"
    assert x.grad == h.grad == 0.0


def test_a_value_and_its_node_can_be_in_one_pickle() -> None:
    y = Value(3) * 2
    value, node = pickle.loads(pickle.dumps((y, y.node)))  # noqa: S301 - our own
    assert (type(value), type(node), value.data, node.value) == (Value, Node, 6.0, 6.0)


def test_the_old_node_of_a_leaf_may_be_loaded_before_the_values_above_it() -> None:
    x = Value(2)
    old = x.node
    y = x * 3
    x.data = 5.0
    _, loaded = pickle.loads(pickle.dumps([old, y]))  # noqa: S301 - our own
    loaded.backwards()
    assert (loaded.data, loaded.grad, loaded.children[0].data) == (6.0, 1.0, 5.0)


def test_a_copied_network_is_independent() -> None:
    network = MLP([2, 3, 1], seed=0)
    before = [p.data for p in network.parameters()]
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):  # noqa: S301 - our own
        assert [p.data for p in twin.parameters()] == before
        assert twin([0.5, 1])[0].data == network([0.5, 1])[0].data
        twin([0.5, 1])[0].backwards()
        for p in twin.parameters():
            p.data -= p.grad
        assert [p.data for p in network.parameters()] == before
        assert {p.grad for p in network.parameters()} == {0.0}


# Pictures.


@pytest.mark.parametrize("suffix", ["svg", "dot", "mmd"])
def test_a_value_draws_itself(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("fast_sugiyama")
    x = Value(3, name="the x")
    y = Value(4)
    root = x * y
    root.backwards()
    file = tmp_path / f"graph.{suffix}"
    root.draw(file, names={"the y": y})
    text = file.read_text(encoding="utf-8")
    assert all(part in text for part in ("the x", "the y", "12.0"))
    root.draw(str(file))
    assert "the y" not in file.read_text(encoding="utf-8")


def test_a_picture_has_a_limit(tmp_path: Path) -> None:
    root = total([Value(i) for i in range(300)])
    with pytest.raises(ValueError, match="limit"):
        root.draw(tmp_path / "graph.dot")
    root.draw(tmp_path / "graph.dot", limit=1000)


def test_a_notebook_shows_a_value_as_a_picture_unless_it_is_too_large() -> None:
    pytest.importorskip("fast_sugiyama")
    picture = (Value(3, name="x") * 2)._repr_svg_()
    assert picture is not None
    assert picture.startswith("<svg")
    assert total([Value(i) for i in range(300)])._repr_svg_() is None


# Depth.


@pytest.fixture
def quiet_collector() -> Iterator[None]:
    """No pauses of the collector while millions of objects are made: only for time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("quiet_collector")
def test_a_million_operations() -> None:
    """Built, differentiated, printed, copied, pickled and deleted, without recursion."""
    assert sys.getrecursionlimit() <= 10_000
    x = root = Value(0.5)
    for _ in range(DEPTH // 2):
        root = root * 1.0 + x
    root.backwards()
    assert repr(root) == f"Value(data={DEPTH / 4 + 0.5}, grad=1.0)"
    assert x.grad == DEPTH / 2 + 1
    for duplicate in (copy.copy, copy.deepcopy, roundtrip):
        twin = duplicate(root)
        assert (twin.data, twin.grad) == (root.data, 1.0)
        del twin
    del root
    assert x.data == 0.5


def test_a_diamond_of_sixty_levels() -> None:
    x = root = Value(0.5)
    for _ in range(60):
        root = (root + root) * 0.5
    root.backwards()
    assert x.grad == 1.0
    assert copy.deepcopy(root).data == roundtrip(root).data == 0.5


def test_nothing_is_left_to_the_collector() -> None:
    """A graph holds no cycle: it goes when the last reference to it goes."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            x = Value(random.random())
            (x * x + x.tanh()).backwards()
        del x
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [Value, Node])
def test_a_subclass_is_refused(kind: type) -> None:
    """The sweeps look for Values and Nodes: what is of another class would have no gradient."""
    with pytest.raises(TypeError) as caught:
        new_class("Twice", (kind,))
    name = kind.__name__
    assert str(caught.value) == (
        f"class Twice: {name} cannot have subclasses, whose gradients would be missed: write "
        f"functions of {name}s instead"
    )
