"""What people read when they err: which argument it was, what it was, what to write instead."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import fgrad
from fgrad import exercise, nn
from fgrad.calculus import TABLE
from fgrad.datasets import Sample, iris, split, standardise
from fgrad.graph import leaf
from fgrad.primitive import Binary, Multiary, Pairing, Reduction, Selection, Unary, Variadic

# What is wrong here is the point: what types they take is tested in tests/typing.
clip: Any = fgrad.clip
cross_entropy: Any = nn.cross_entropy
dist: Any = fgrad.dist
mean: Any = fgrad.mean
mean_squared_error: Any = nn.mean_squared_error
node: Any = leaf(3.0)
rows: Any = fgrad
softmax: Any = fgrad.softmax
tree_map: Any = fgrad.tree_map
Layer: Any = exercise.Layer
MLP: Any = exercise.MLP
Neuron: Any = exercise.Neuron
Value: Any = exercise.Value


def said(
    call: Callable[..., object], *arguments: object, error: type[Exception] = TypeError
) -> str:
    """What the error says, which is one line."""
    with pytest.raises(error) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def words(call: Callable[..., object], *arguments: object) -> str:
    """What Python says of it, which every version has in words of its own."""
    with pytest.raises((ArithmeticError, ValueError)) as caught:
        call(*arguments)
    return str(caught.value)


# Rows.

OPERANDS = {Unary: "1 operand", Binary: "2 operands", Selection: "3 operands"}
SEQUENCES = {Reduction: "1 sequence", Pairing: "2 sequences"}


@pytest.mark.parametrize("name", [name for name in TABLE if name != "log"])  # which has a base
def test_a_row_of_too_few_or_too_many_operands_counts_them(name: str) -> None:
    row: Any = TABLE[name]
    if isinstance(row, Variadic):
        assert said(row) == f"{name}: expected at least 1 operand, got 0"
        return
    expected = (OPERANDS | SEQUENCES)[type(row)]
    operand = [1.0] if type(row) in SEQUENCES else 1.0
    for count in {0, 1, 2, 3, 4} - {int(expected[0])}:
        message = said(row, *[operand] * count)
        assert message.startswith(f"{name}: expected {expected}")
        assert message.endswith(f", got {count}")


@pytest.mark.parametrize("x", [3.0, 3, leaf(3.0), Value(3), None])
def test_operands_are_counted_whatever_they_are(x: Any) -> None:
    assert said(lambda: rows.exp(x, 2)) == "exp: expected 1 operand, got 2"
    assert said(lambda: rows.log(x, 2, 3)).endswith("its base if that is not e, got 3")
    assert said(lambda: rows.maximum(x, 2, 3)) == "maximum: expected 2 operands, got 3"
    assert said(lambda: rows.maximum([x, 2])) == "maximum: expected 2 operands, got 1"
    assert said(lambda: rows.total(x, 2)).endswith("as in total([x, y]), got 2")


@pytest.mark.parametrize("x", [3.0, leaf(3.0), Value(3)])
def test_hypot_of_two_is_called_as_it_was_called(x: Any) -> None:
    """Though it is the row hypotenuse."""
    for operands in ((x, "4"), ("4", x), (x, "4", 1.0)):
        assert said(rows.hypot, *operands).endswith(
            "] of hypot: expected a real number, got str '4'"
        )


def test_a_method_counts_its_operand() -> None:
    assert Value(3.4).round().data == 3.0
    assert said(lambda: Value(3.4).round(1)) == "round: expected 1 operand, got 2"


def test_a_row_of_three_operands_counts_them() -> None:
    make: Any = fgrad.row
    row = make(
        "product",
        lambda x, y, z: x * y * z,
        lambda x, _y, _z, p: p / x,
        lambda _x, y, _z, p: p / y,
        lambda _x, _y, z, p: p / z,
        domain=(fgrad.Interval(1.0), fgrad.Interval(1.0), fgrad.Interval(1.0)),
    )
    assert isinstance(row, Multiary)
    short = said(lambda: row(1.0, 2.0))  # type: ignore[call-overload]  # an operand is missing
    assert short == "product: expected 3 operands, got 2"


def test_a_number_where_a_sequence_is_due_is_shown() -> None:
    assert said(lambda: rows.total(3.0)) == "xs of total: expected a sequence, got float 3.0"
    assert said(lambda: rows.dot(2.0, [1.0])) == "ws of dot: expected a sequence, got float 2.0"
    assert said(lambda: rows.dot([1.0], node)).startswith("xs of dot: expected a sequence, got Nod")
    assert said(lambda: mean(3.0)) == "xs of mean: expected a sequence, got float 3.0"
    assert said(lambda: softmax(None)) == "xs of softmax: expected a sequence, got NoneType None"
    assert said(lambda: rows.prod(2.0)) == "xs of prod: expected a sequence, got float 2.0"
    assert said(lambda: dist([1.0], 2)) == "q of dist: expected a sequence, got int 2"
    assert said(lambda: mean_squared_error(1.0, [1.0])).startswith("predictions: expected a seq")
    assert said(lambda: mean_squared_error([1.0], 1.0)).startswith("targets: expected a sequence")
    assert said(lambda: cross_entropy(1.0, 0)) == "logits: expected a sequence, got float 1.0"


@pytest.mark.parametrize("stranger", ["a", None, [1.0], 1j])
@pytest.mark.parametrize("other", [1.0, leaf(1.0), Value(1)])
def test_a_row_names_the_operand_that_is_no_number(stranger: Any, other: Any) -> None:
    got = f"expected a real number, got {type(stranger).__name__} {stranger!r}"
    for row in (rows.total, rows.fsum):
        assert said(lambda row=row: row([other, 2, stranger])) == f"xs[2] of {row.name}: {got}"
    assert said(lambda: rows.dot([other, 2], [1.0, stranger])) == f"xs[1] of dot: {got}"
    assert said(lambda: rows.dot([1.0, stranger], [other, 2])) == f"ws[1] of dot: {got}"
    assert said(lambda: rows.hypot(other, stranger, 2)) == f"xs[1] of hypot: {got}"
    for row in (rows.maximum, rows.pow, rows.atan2):
        assert said(lambda row=row: row(other, stranger)) == f"y of {row.name}: {got}"
        assert said(lambda row=row: row(stranger, other)) == f"x of {row.name}: {got}"
    assert said(lambda: rows.log(stranger, other)) == f"x of log: {got}"
    assert said(lambda: rows.log(other, stranger)) == f"base of log: {got}"
    assert said(lambda: rows.polygamma(stranger, other)) == f"n of polygamma: {got}"
    assert said(lambda: rows.where(True, other, stranger)) == f"y of where: {got}"  # noqa: FBT003 - as comparisons give


def test_an_error_within_a_sequence_is_its_own() -> None:
    assert said(lambda: mean(x + "" for x in (1.0, 2.0))).startswith("unsupported operand type")  # type: ignore[operator]  # the point
    assert said(lambda: rows.total(map(len, [1.0]))).endswith("has no len()")  # type: ignore[arg-type]  # the point


# Compositions.


@pytest.mark.parametrize("function", [mean, softmax])
def test_nothing_to_take_a_mean_of(function: Any) -> None:
    empties: list[Any] = [[], iter(())]
    for empty in empties:
        message = said(function, empty, error=ValueError)
        assert message.startswith(f"{function.__name__}: expected at least one item")


@pytest.mark.parametrize("stranger", ["a", None, [1.0]])
@pytest.mark.parametrize("other", [1.0, leaf(1.0), Value(1)])
def test_a_composition_names_the_argument_that_is_no_number(stranger: Any, other: Any) -> None:
    got = f"expected a real number, got {type(stranger).__name__} {stranger!r}"
    assert said(lambda: clip(stranger, other, 2)) == f"x of clip: {got}"
    assert said(lambda: clip(other, stranger, 2)) == f"low of clip: {got}"
    assert said(lambda: clip(other, 0, stranger)) == f"high of clip: {got}"
    assert said(lambda: rows.logsumexp(other, stranger)) == f"xs[1] of logsumexp: {got}"
    assert said(lambda: softmax([other, stranger])) == f"xs[1] of softmax: {got}"
    assert said(lambda: mean([other, other, stranger])) == f"xs[2] of mean: {got}"
    assert said(lambda: dist([other, 1], [1, stranger])) == f"q[1] of dist: {got}"
    assert said(lambda: dist([stranger], [other])) == f"p[0] of dist: {got}"
    found = said(lambda: cross_entropy([other, stranger], 0))
    assert found == f"logits[1] of cross_entropy: {got}"
    found = said(lambda: mean_squared_error([other], [stranger]))
    assert found == f"targets[0] of mean_squared_error: {got}"


def test_numbers_of_two_kinds_keep_the_error_that_says_so() -> None:
    assert "beside a Value, got Value, Node" in said(lambda: mean([Value(1), node]))


def test_points_of_unequal_lengths_are_counted() -> None:
    expected = "dist: expected two points of as many coordinates, got 1 and 2"
    assert said(lambda: dist([1.0], [1.0, 2.0]), error=ValueError) == expected


@pytest.mark.parametrize("other", [1.0, leaf(1.0), Value(1)])
def test_a_bound_that_is_an_array_is_named(other: Any) -> None:
    bound = np.array([0.0, 1.0])
    got = f"expected a real number, got ndarray {bound!r}"
    assert said(lambda: clip(other, bound, 2)) == f"low of clip: {got}"
    assert said(lambda: clip(other, 0, bound)) == f"high of clip: {got}"


# Numbers too large for a float.


def test_a_number_too_large_for_a_float_is_named() -> None:
    huge: Any = 10**400
    too_large = words(float, huge)
    assert said(Value, huge, error=OverflowError) == f"data: {too_large}"
    assert said(clip, 1.0, huge, 2, error=OverflowError) == f"y of maximum: {too_large}"
    assert said(rows.total, [1.0, huge], error=OverflowError) == f"xs[1] of total: {too_large}"
    assert said(rows.hypot, huge, 1, error=OverflowError) == f"xs[0] of hypot: {too_large}"
    assert rows.log(huge) == math.log(huge)


# Checks and rows of one's own.


@pytest.mark.parametrize("stranger", ["a", None, [1.0], 1.0, Value(3)])
def test_what_is_no_function_is_named(stranger: Any) -> None:
    got = f"got {type(stranger).__name__} {stranger!r}"
    row: Any = fgrad.row
    assert said(row, "f", stranger, abs) == f"f: value: expected a function, {got}"
    found = said(row, "f", math.hypot, abs, stranger)
    assert found == f"f: partials[1]: expected a function, {got}"
    custom: Any = fgrad.custom_derivative(lambda _x, y: y)
    expected = "custom_derivative: expected a function that has a name"
    assert said(custom, stranger) == f"{expected}, {got}"


@pytest.mark.parametrize("stranger", ["a", None, [1.0], 1.0, leaf(3.0), Value(3), np.array([1.0])])
def test_an_operator_is_given_a_function(stranger: Any) -> None:
    """The slip is `grad(f(x))`: it is told at once, and not when the gradient is called."""
    got = f"got {type(stranger).__name__} {stranger!r}"
    expected = f"f: expected a function, {got} (hand over f itself, not its answer)"
    for name in ("grad", "value_and_grad", "jacobian", "hessian", "check_grad", "jit"):
        assert said(getattr(fgrad, name), stranger) == expected
    for name in ("linearize", "vjp"):
        assert said(getattr(fgrad, name), stranger, 1.0) == expected
    for name in ("jvp", "hvp"):
        assert said(getattr(fgrad, name), stranger, 1.0, 1.0) == expected


def test_a_function_without_a_name_makes_no_row() -> None:
    custom: Any = fgrad.custom_derivative(lambda _x, y: y)
    assert said(custom, partial(pow, 2.0)).startswith("custom_derivative: expected a function that")


@pytest.mark.parametrize("stranger", [None, 3, ["a"], math.sin])
def test_the_name_of_a_row_is_a_string(stranger: Any) -> None:
    row: Any = fgrad.row
    got = f"got {type(stranger).__name__} {stranger!r}"
    assert said(row, stranger, math.exp, lambda _x, y: y) == f"name: expected a str, {got}"


@pytest.mark.parametrize("name", ["grad", "value_and_grad", "jacobian", "hessian", "check_grad"])
def test_a_call_by_keywords_alone_is_refused(name: str) -> None:
    """It would have the gradient of nothing: an empty tuple, and a check that agrees."""

    def square(x: float) -> float:
        return x * x

    transformed: Any = getattr(fgrad, name)(square)
    assert said(lambda: transformed(x=1.0), error=ValueError) == (
        "square was called without positional arguments, which are what is differentiated "
        "(got the keywords ['x']; give them by position, or argnames to grad)"
    )


@pytest.mark.parametrize("stranger", ["a", [1.0], 1j, np.array([1.0])])
@pytest.mark.parametrize("end", ["low", "high", "hole"])
def test_the_ends_of_an_interval_are_numbers(end: str, stranger: Any) -> None:
    interval: Any = fgrad.Interval
    expected = f"{end} of Interval: expected a number, got {type(stranger).__name__} {stranger!r}"
    assert said(lambda: interval(**{end: stranger})) == expected


def test_the_low_end_of_an_interval_is_not_above_the_high_one() -> None:
    expected = "Interval: expected low <= high, got low 2.0 and high 1.0"
    assert said(fgrad.Interval, 2.0, 1.0, error=ValueError) == expected
    assert "got low nan" in said(fgrad.Interval, math.nan, error=ValueError)
    assert 1.0 in fgrad.Interval(1, 1)


# Values.


@pytest.mark.parametrize("stranger", ["x", None, 1j, Value(3)])
@pytest.mark.parametrize("attribute", ["data", "grad"])
def test_what_is_assigned_to_a_value_is_a_number(attribute: str, stranger: Any) -> None:
    x = Value(3)
    y = x * x
    y.backwards()
    got = f"{type(stranger).__name__} {stranger!r}"
    expected = f"{attribute}: expected a real number, got {got}"
    assert said(lambda: setattr(x, attribute, stranger)) == expected
    assert (x.data, x.grad) == (3.0, 6.0)
    y.backwards()
    assert (x.grad, y.grad) == (12.0, 2.0)


def test_a_gradient_that_is_assigned_becomes_a_float() -> None:
    x = Value(3)
    x.grad = 2
    assert repr(x) == "Value(data=3.0, grad=2.0)"


def test_the_name_of_a_value_is_a_string() -> None:
    assert said(lambda: Value(3, name=5)) == "name: expected a str, got int 5"
    assert said(lambda: Value(3, 4)) == "name: expected a str, got int 4"


# Networks.


def test_sizes_that_are_no_sequence() -> None:
    for make in (MLP, nn.MLP.init):
        expected = "sizes: expected two or more positive ints, as in [2, 4, 1], got int 2"
        assert said(make, 2) == expected


def test_a_size_is_named_as_the_argument_is() -> None:
    expected = "n_features: expected a positive int, got int 0"
    assert said(lambda: Neuron(0), error=ValueError) == expected
    assert said(lambda: Layer(0, 1), error=ValueError) == "n_in: expected a positive int, got int 0"
    assert (
        said(lambda: Layer(1, 2.0), error=ValueError)
        == "n_out: expected a positive int, got float 2.0"
    )


def test_a_second_size_of_a_neuron_is_no_bool() -> None:
    assert said(lambda: Neuron(2, 5)) == "non_linear: expected a bool, got int 5"
    assert said(lambda: Layer(2, 3, 1)) == "non_linear: expected a bool, got int 1"


@pytest.mark.parametrize(
    "network",
    [Neuron(2), Layer(2, 1), MLP([2, 1]), nn.Layer.init(2, 1), nn.MLP.init([2, 3, 1])],
)
def test_an_input_that_is_no_number_is_named(network: Any) -> None:
    assert said(network, 3) == "inputs: expected a sequence, got int 3"
    expected = "inputs[1] of Neuron: expected a real number, got NoneType None"
    assert said(network, [1, None]) == expected
    assert said(network, "ab") == "inputs[0] of Neuron: expected a real number, got str 'a'"


def test_a_weight_that_is_no_number_is_named() -> None:
    neuron: Any = nn.Neuron
    got = "of Neuron: expected a real number, got str 'a'"
    assert said(neuron((1.0, "a"), 0.0), [1, 2]) == f"weights[1] {got}"
    assert said(neuron((1.0, 2.0), "a"), [1, 2]) == f"bias {got}"


def test_a_network_of_values_takes_no_node() -> None:
    for network in (Neuron(2), MLP([2, 1])):
        got = said(network, [1, node])
        assert got.startswith("dot: expected real numbers beside a Value, got ")


@pytest.mark.parametrize("seed", ["x", [1], 1.5, True])
def test_a_seed_is_an_int(seed: Any) -> None:
    got = f"seed: expected an int or None, got {type(seed).__name__} {seed!r}"
    assert said(lambda: MLP([2, 1], seed=seed)) == got
    assert said(lambda: Layer(2, 1, seed=seed)) == got
    assert said(lambda: Neuron(2, seed=seed)) == got
    assert said(lambda: nn.MLP.init([2, 1], seed=seed)) == got


def test_sizes_that_are_no_ints_are_shown() -> None:
    for sizes in (["a", "b"], [2.5, 1], [], [2, 0], [2, True]):
        expected = "sizes: expected two or more positive ints, as in [2, 4, 1], got "
        assert said(MLP, sizes, error=ValueError) == expected + repr(sizes)
    got = "expected a positive int, got str 'a'"
    assert said(Neuron, "a", error=ValueError) == f"n_features: {got}"
    assert said(lambda: Layer(2, "a"), error=ValueError) == f"n_out: {got}"


def test_an_activation_is_a_function() -> None:
    init: Any = nn.MLP.init
    expected = "expected a function of one number, such as fgrad.tanh, got"
    assert said(lambda: init([2, 1], activation="tanh")) == f"activation: {expected} str 'tanh'"
    assert said(lambda: init([2, 1], activation=None)) == f"activation: {expected} NoneType None"
    two = [fgrad.tanh, "tanh"]
    assert said(lambda: init([2, 2, 1], activation=two)) == f"activation[1]: {expected} str 'tanh'"
    layer: Any = nn.Layer.init
    assert said(lambda: layer(2, 1, activation="relu")) == f"activation: {expected} str 'relu'"


def test_a_network_of_nothing_says_so() -> None:
    got = "got none (MLP.init makes a network from its sizes)"
    expected = "expected a tuple of at least one"
    assert said(nn.MLP, (), error=ValueError) == f"layers: {expected} Layer, {got}"
    assert said(nn.Layer, (), error=ValueError) == f"neurons: {expected} Neuron, {got}"


@pytest.mark.parametrize("stranger", ["tanh", None, 3, (1.0,)])
def test_what_is_no_part_of_a_network_is_named(stranger: Any) -> None:
    neuron = nn.Neuron((1.0,), 0.0)
    got = f"got {type(stranger).__name__} {stranger!r}"
    assert said(nn.Layer, [neuron, stranger]) == f"neurons[1]: expected a Neuron, {got}"
    assert said(nn.MLP, [stranger]) == f"layers[0]: expected a Layer, {got}"
    found = said(nn.Neuron, (1.0,), 0.0, stranger)
    assert found == f"activation: expected a function of one number, such as fgrad.tanh, {got}"


def test_a_network_is_made_of_tuples() -> None:
    neurons: Any = iter([nn.Neuron((1.0,), 0.0)])
    assert said(nn.Layer, neurons).startswith("neurons: expected a tuple of at least one Neuron, ")
    assert said(nn.MLP, 3) == "layers: expected a tuple of at least one Layer, got int 3"
    assert said(nn.Neuron, 3, 0.0) == "weights: expected a tuple of numbers, got int 3"


@pytest.mark.parametrize(
    ("activation", "error", "got"),
    [
        (fgrad.log, ValueError, f"ValueError: {words(math.log, -8.0)}, at -8.0 "),
        (lambda x: 1 / x, ValueError, f"ZeroDivisionError: {words(op.truediv, 1, 0.0)}, at 0.0 "),
        (lambda x: 0.0 * x, ValueError, "squares that are all 0 "),
        (lambda _: math.nan, ValueError, "nan at -8.0 "),
        (lambda x: 1e200 * x, ValueError, "-8e+200 at -8.0 "),
        (lambda _: "a", TypeError, "str 'a' at -8.0 "),
        (lambda _: None, TypeError, "NoneType None at -8.0 "),
    ],
)
def test_an_activation_that_has_no_gain_is_named(
    activation: Any, error: type[Exception], got: str
) -> None:
    init: Any = nn.MLP.init
    expected = (
        "expected a function whose squares from -8 to 8, where its gain is measured, are finite "
        f"and not all 0, got {got}(or make each layer with Layer.init, which measures none)"
    )
    one = said(lambda: init([2, 3, 3, 1], seed=0, activation=activation), error=error)
    assert one == f"activation: {expected}"
    several = [fgrad.tanh, activation, fgrad.tanh, activation]
    found = said(lambda: init([2, 3, 3, 3, 1], seed=0, activation=several), error=error)
    assert found == f"activation[1]: {expected}"
    layer: Any = nn.Layer.init
    assert len(layer(2, 3, activation=activation).neurons) == 3  # as the remedy says


@pytest.mark.parametrize("label", [1.0, "1", None, leaf(1.0), np.array([0, 1])])
def test_a_label_is_an_int(label: Any) -> None:
    message = said(lambda: cross_entropy([1.0, 2.0], label))
    expected = "label: expected an int from 0 up to, not including, 2, got"
    assert message == f"{expected} {type(label).__name__} {label!r}"


def test_a_label_of_no_logits_is_not_to_blame() -> None:
    expected = "logits: expected at least one number, got none"
    assert said(lambda: cross_entropy([], 0), error=ValueError) == expected


# Samples.


@pytest.mark.parametrize("share", [30, -0.1, math.nan])
def test_a_share_is_from_0_to_1(share: float) -> None:
    message = said(lambda: split(iris(), held_out=share, seed=0), error=ValueError)
    assert message == f"held_out: expected a share from 0.0 to 1.0, as 0.3 is, got {share!r}"
    for whole in (0.0, 1):
        assert sorted(map(len, split(iris(), held_out=whole, seed=0))) == [0, 150]


@pytest.mark.parametrize("stranger", ["x", None, [1], 1.5, True])
def test_the_seed_of_a_split_is_an_int(stranger: Any) -> None:
    got = f"seed: expected an int, got {type(stranger).__name__} {stranger!r}"
    assert said(lambda: split(iris(), held_out=0.3, seed=stranger)) == got


@pytest.mark.parametrize("stranger", ["a", None, 3, (1.0, 2.0)])
def test_what_is_no_sample_is_named(stranger: Any) -> None:
    one = Sample((1.0, 2.0), 0)
    got = f"expected a Sample, got {type(stranger).__name__} {stranger!r}"
    found = said(lambda: split([one, stranger], held_out=0.3, seed=0))
    assert found == f"samples[1]: {got}"
    assert said(standardise, [stranger], [one]) == f"samples[0]: {got}"
    assert said(standardise, [one], [one, one, stranger]) == f"by[2]: {got}"
    lone: Any = 3
    assert said(standardise, [one], lone) == "by: expected a sequence, got int 3"


def test_samples_to_go_by_are_some_of_as_many_features_that_vary() -> None:
    one, other, short = Sample((1.0, 2.0), 0), Sample((3.0, 2.0), 0), Sample((1.0,), 0)
    found = said(standardise, [one], [], error=ValueError)
    assert found == "by: expected at least one sample, got none"
    found = said(standardise, [one, short], [one, other], error=ValueError)
    assert found == "samples[1]: expected 2 features, as by[0] has, got 1"
    found = said(standardise, [one], [one, short], error=ValueError)
    assert found == "by[1]: expected 2 features, as by[0] has, got 1"
    found = said(standardise, [one], [one, other], error=ValueError)
    assert found == "by: feature 1 is 2.0 in every sample: leave it out"


# Nodes and Values where floats are due.


@pytest.mark.parametrize("use", [float, complex, math.sin, "%.2f".__mod__])
def test_a_value_where_a_float_is_due_says_what_to_write(use: Callable[[Any], object]) -> None:
    message = said(lambda: use(Value(3)))
    for remedy in ("a Value is no float", "x.sin()", "fgrad.sin(x)", "x.data"):
        assert remedy in message
    assert not hasattr(Value(3), "__float__")


@pytest.mark.parametrize("use", [math.floor, math.ceil, math.trunc, round])
def test_what_rounds_has_a_row_of_its_name(use: Callable[[Any], object]) -> None:
    message = said(lambda: use(Value(3)))
    assert f"write x.{use.__name__}() or fgrad.{use.__name__}(x) instead of" in message
    assert "x.data" in message
    assert f"write fgrad.{use.__name__}(x) instead of" in said(lambda: use(node))


def test_a_format_says_what_to_write_and_none_is_the_text() -> None:
    assert "fgrad.value(x) for the plain number" in said(lambda: f"{node:.2f}")
    assert "x.data for the plain number" in said(lambda: f"{Value(3):.2f}")
    assert f"{node} {Value(3)}" == "Node(3.0, leaf) Value(data=3.0, grad=0.0)"


@pytest.mark.parametrize("stranger", [Value(3), "a", None, [1.0], 1j])
def test_value_says_what_it_takes(stranger: Any) -> None:
    message = said(lambda: fgrad.value(stranger))
    kind = type(stranger).__name__
    assert message.startswith(f"value: expected a Node or a number, got {kind} {stranger!r}")
    assert "x.data" in message


def test_value_gives_a_float() -> None:
    for number in (3, 3.0, node):
        assert type(fgrad.value(number)) is float


def test_tree_map_of_no_tree() -> None:
    expected = "tree_map: expected a function and at least one tree, got no tree"
    assert said(lambda: tree_map(abs)) == expected


def test_of_a_value_the_gradient_is_asked_for_at_its_data() -> None:
    def square(x: Any) -> Any:
        return x * x

    assert said(lambda: fgrad.grad(square)(Value(3))) == (
        "x: expected a float or a tree of floats, got Value Value(data=3.0, grad=0.0) "
        "(of a Value write x.data)"
    )
