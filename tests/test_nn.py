"""fgrad.nn: networks as frozen trees, their first weights, and the losses."""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import assert_type

import pytest
from attrs.exceptions import FrozenInstanceError

from fgrad import (
    Node,
    Scalar,
    exercise,
    grad,
    hessian,
    relu,
    sigmoid,
    tanh,
    tree_map,
    value_and_grad,
)
from fgrad.exercise import Value
from fgrad.graph import ancestors, leaf
from fgrad.nn import MLP, Activation, Layer, Neuron, cross_entropy, linear, mean_squared_error
from fgrad.tree import flatten

INPUTS = [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0)]
TARGETS = [1.0, 0.0, 1.0, 0.0]


def loss(mlp: MLP[float]) -> float:
    return mean_squared_error([mlp(x)[0] for x in INPUTS], TARGETS)


def parameters(mlp: MLP[float]) -> list[float]:
    return [x for x in flatten(mlp)[0] if isinstance(x, float)]


def moved(mlp: MLP[float], place: int, by: float) -> MLP[float]:
    steps = iter([by if i == place else 0.0 for i in range(len(parameters(mlp)))])
    return tree_map(lambda p: p + next(steps), mlp)


def test_a_neuron_is_the_tanh_if_the_weighted_sum() -> None:
    neuron = Neuron((0.5, -2.0), 0.25)
    assert neuron([3.0, 1.0]) == math.tanh(0.5 * 3.0 + -2.0 * 1.0 + 0.25)
    assert Neuron((0.5, -2.0), 0.25, relu)([3.0, 1.0]) == 0.0
    assert Neuron((0.5, -2.0), 0.25, linear)((3, 1)) == -0.25


def test_a_network_is_its_layers_one_after_another() -> None:
    mlp = MLP.init([3, 4, 2], seed=0, activation=[sigmoid, linear])
    first, second = mlp.layers
    xs = [0.5, -1.0, 2.0]
    assert mlp(xs) == second(first(xs))
    assert [len(layer.neurons) for layer in mlp.layers] == [4, 2]
    assert [neuron.activation for neuron in first.neurons] == [sigmoid] * 4
    assert [neuron.activation for neuron in second.neurons] == [linear] * 2


def test_a_network_of_floats_gives_floats() -> None:
    mlp = MLP.init([2, 3, 1], seed=0)
    assert_type(mlp, MLP[float])
    assert_type(mlp([1.0, 2.0]), list[float])
    assert [type(y) for y in mlp([1, 2])] == [float]


def test_a_network_of_floats_on_nodes_gives_nodes() -> None:
    mlp = MLP.init([2, 3, 1], seed=0)

    def f(x: Scalar) -> Scalar:
        assert_type(mlp([x, 1.0]), list[Scalar])
        return mlp([x, 1.0])[0]

    h = 1e-5
    assert grad(f)(0.3) == pytest.approx(
        (mlp([0.3 + h, 1.0])[0] - mlp([0.3 - h, 1.0])[0]) / (2 * h), rel=1e-6
    )


def test_a_network_of_values_gives_values() -> None:
    neuron = Neuron((Value(2), Value(3)), Value(1), linear)
    answer = neuron([5.0, Value(7)])
    assert_type(answer, Value)
    answer.backwards()
    assert answer.data == 32.0
    assert [w.grad for w in neuron.weights] == [5.0, 7.0]
    assert neuron.bias.grad == 1.0


def test_one_node_a_neuron_but_for_its_activation() -> None:
    neuron = Neuron(tuple(map(leaf, (0.1, 0.2, 0.3))), leaf(0.4))
    answer = neuron([1.0, 2.0, 3.0])
    assert_type(answer, Node)
    assert [node.primitive.name for node in ancestors(answer)] == ["leaf"] * 4 + ["dot", "tanh"]


def test_the_gradient_of_a_network_is_a_network() -> None:
    mlp = MLP.init([2, 4, 4, 1], seed=0)
    gradient = grad(loss)(mlp)
    assert_type(gradient, MLP[float])
    assert flatten(gradient)[1] == flatten(mlp)[1]
    slopes = parameters(gradient)
    assert len(slopes) == 37
    h = 1e-5
    for i, slope in enumerate(slopes):
        difference = (loss(moved(mlp, i, h)) - loss(moved(mlp, i, -h))) / (2 * h)
        assert slope == pytest.approx(difference, rel=1e-5, abs=1e-10)


def test_the_gradients_of_floats_are_those_of_values() -> None:
    mlp = MLP.init([2, 3, 1], seed=1)
    values = tree_map(Value, mlp)
    root = mean_squared_error([values(x)[0] for x in INPUTS], TARGETS)
    assert isinstance(root, Value)
    root.backwards()
    found = [x.grad for x in flatten(values)[0] if isinstance(x, Value)]
    assert found == parameters(grad(loss)(mlp))


def test_second_derivatives_go_through_a_network() -> None:
    neuron = Neuron((0.5,), 0.25)

    def f(x: float) -> float:
        return neuron([x])

    y = math.tanh(0.5 * 2.0 + 0.25)
    assert hessian(f)(2.0) == pytest.approx(0.25 * -2 * y * (1 - y * y))


def test_networks_are_frozen_copied_and_pickled() -> None:
    mlp = MLP.init([2, 3, 1], seed=0)
    with pytest.raises(FrozenInstanceError):
        mlp.layers = ()  # type: ignore[misc]  # that it is refused is the point
    assert mlp == MLP.init([2, 3, 1], seed=0)
    assert deepcopy(mlp) == mlp
    assert pickle.loads(pickle.dumps(mlp)) == mlp  # noqa: S301 - our own


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_inputs_is_refused(count: int) -> None:
    mlp = MLP.init([2, 3, 1], seed=0)
    complaint = f"inputs: expected as many as the neuron has weights, 2, got {count}"
    with pytest.raises(ValueError, match=complaint):
        mlp([1.0] * count)
    with pytest.raises(ValueError, match=complaint):
        exercise.MLP([2, 3, 1])([1.0] * count)


@pytest.mark.parametrize("sizes", [[], [2], [2, 0, 1], [2, -1], [2, 3.0], [2, True], "24"])
def test_sizes_that_make_no_network_are_refused(sizes: Sequence[int]) -> None:
    with pytest.raises(ValueError, match=r"sizes: expected two or more positive ints"):
        MLP.init(sizes)


def test_a_layer_of_no_neurons_is_refused() -> None:
    with pytest.raises(ValueError, match=r"n_out: expected a positive int, got int 0"):
        Layer.init(2, 0)


def test_activations_are_as_many_as_the_layers() -> None:
    with pytest.raises(ValueError, match=r"activation: expected one, or 2, got 3"):
        MLP.init([2, 3, 1], activation=(tanh, tanh, linear))


def test_any_function_of_one_number_is_an_activation() -> None:
    def swish(x: Scalar) -> Scalar:
        return x * sigmoid(x)

    mlp = MLP.init([2, 3, 1], seed=0, activation=(swish, lambda x: x * x))
    assert grad(loss)(mlp).layers[0].neurons[0].activation is swish


# The first weights.


def test_a_seed_repeats_and_leaves_random_alone() -> None:
    state = random.getstate()
    assert MLP.init([2, 4, 1], seed=7) == MLP.init([2, 4, 1], seed=7)
    assert MLP.init([2, 4, 1], seed=7) != MLP.init([2, 4, 1], seed=8)
    assert random.getstate() == state


def test_without_a_seed_random_is_asked() -> None:
    random.seed(7)
    first, second = MLP.init([2, 4, 1]), MLP.init([2, 4, 1])
    assert first == MLP.init([2, 4, 1], seed=7)
    assert second != first


@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (2, 4), (4, 4), (5, 3), (16, 16)])
def test_weights_are_orthogonal(n_in: int, n_out: int) -> None:
    rows = [neuron.weights for neuron in Layer.init(n_in, n_out, seed=3).neurons]
    vectors = rows if n_out <= n_in else list(zip(*rows, strict=True))
    length = 0.49 * max(1.0, n_out / n_in)
    for i, v in enumerate(vectors):
        for j, w in enumerate(vectors):
            product = math.fsum(x * y for x, y in zip(v, w, strict=True))
            assert product == pytest.approx(length if i == j else 0.0, abs=1e-12)


def test_no_direction_is_preferred() -> None:
    """The mean of many first weights is 0, and each coordinate is as large as any other."""
    rows = [Layer.init(3, 2, seed=seed).neurons[0].weights for seed in range(4000)]
    for column in zip(*rows, strict=True):
        assert math.fsum(column) / 4000 == pytest.approx(0.0, abs=0.03)
        assert math.fsum(x * x for x in column) / 4000 == pytest.approx(0.49 / 3, rel=0.06)


@pytest.mark.parametrize(
    ("activation", "gain"), [(tanh, 1.5925), (relu, math.sqrt(2)), (linear, 1.0)]
)
def test_a_hidden_layer_makes_up_for_the_activation_before_it(
    activation: Activation, gain: float
) -> None:
    """He et al. (2015) for relu; for tanh, 1 / sqrt of the mean of tanh² over a normal variable."""
    hidden = MLP.init([2, 4, 4, 1], seed=0, activation=(activation, tanh, tanh)).layers[1]
    for neuron in hidden.neurons:
        assert math.hypot(*neuron.weights) == pytest.approx(gain, rel=1e-4)


def test_the_last_layer_and_the_biases_start_small() -> None:
    mlp = MLP.init([2, 4, 4, 1], seed=0)
    assert math.hypot(*mlp.layers[-1].neurons[0].weights) == pytest.approx(0.01)
    assert {neuron.bias for layer in mlp.layers for neuron in layer.neurons} == {0.0}


@pytest.mark.parametrize("seed", range(40))
def test_fifty_steps_learn_the_targets_of_the_exercise(seed: int) -> None:
    mlp = MLP.init([2, 4, 4, 1], seed=seed)
    for _ in range(50):
        mlp = tree_map(lambda p, g: p - 0.1 * g, mlp, grad(loss)(mlp))
    assert loss(mlp) <= 0.035


def test_a_network_learns_xor() -> None:
    def xor_loss(mlp: MLP[float]) -> float:
        return mean_squared_error([mlp(x)[0] for x in INPUTS], [1.0, 0.0, 0.0, 1.0])

    for seed in range(3):
        mlp = MLP.init([2, 4, 4, 1], seed=seed)
        for _ in range(500):
            mlp = tree_map(lambda p, g: p - 0.5 * g, mlp, grad(xor_loss)(mlp))
        assert xor_loss(mlp) <= 0.01


# The losses.


def test_mean_squared_error() -> None:
    assert mean_squared_error([1.0, 2.0, 4.0], [1.0, 4.0, 1.0]) == 13 / 3
    assert mean_squared_error((x for x in (3,)), [1]) == 4.0


def test_the_gradient_of_the_mean_squared_error() -> None:
    def f(predictions: list[float], targets: list[float]) -> float:
        return mean_squared_error(predictions, targets)

    assert grad(f)([1.0, 2.0], [0.0, 4.0]) == ([1.0, -2.0], [-1.0, 2.0])


@pytest.mark.parametrize(("count", "other"), [(0, 0), (1, 2), (2, 1), (0, 1)])
def test_predictions_and_targets_are_as_many(count: int, other: int) -> None:
    with pytest.raises(ValueError, match=rf"got {count} predictions and {other} targets"):
        mean_squared_error([1.0] * count, [1.0] * other)


def test_cross_entropy() -> None:
    logits = [1.0, 2.0, 3.0]
    whole = math.fsum(math.exp(x) for x in logits)
    for label, logit in enumerate(logits):
        wanted = -math.log(math.exp(logit) / whole)
        assert cross_entropy(logits, label) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("far", [1e3, 1e6, 1e300])
def test_cross_entropy_does_not_overflow(far: float) -> None:
    assert cross_entropy([far, 0.0], 0) == 0.0
    assert cross_entropy([far, 0.0], 1) == far
    assert cross_entropy([-far, -far], 0) == pytest.approx(math.log(2))


def test_the_tail_of_the_cross_entropy_has_all_its_digits() -> None:
    """log(1 + 2 exp(-50)), where the difference of a logsumexp and a logit would be 0."""
    assert cross_entropy([50.0, 0.0, 0.0], 0) == pytest.approx(2 * math.exp(-50), rel=1e-14)
    assert cross_entropy([3.0], 0) == 0.0

    def lone(logits: list[float]) -> float:
        return cross_entropy(logits, 0)

    assert grad(lone)([3.0]) == [0.0]


def test_the_gradient_of_the_cross_entropy_is_softmax_minus_the_label() -> None:
    def f(logits: list[float]) -> float:
        return cross_entropy(logits, 1)

    logits = [0.5, -1.0, 2.0]
    whole = math.fsum(map(math.exp, logits))
    wanted = [math.exp(x) / whole - (i == 1) for i, x in enumerate(logits)]
    value, found = value_and_grad(f)(logits)
    assert value == f(logits)
    assert found == pytest.approx(wanted, rel=1e-13)
    assert grad(f)([1000.0, 0.0, 0.0]) == [1.0, -1.0, 0.0]


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_is_an_index_of_the_logits(label: int) -> None:
    with pytest.raises(ValueError, match=rf"from 0 up to, not including, 3, got {label}"):
        cross_entropy([1.0, 2.0, 3.0], label)
