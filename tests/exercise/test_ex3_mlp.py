"""The third exercise: neurons, layers and networks of Values, which learn."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from copy import deepcopy

import pytest

from fgrad.exercise import MLP, Layer, Neuron, Value

pytestmark = pytest.mark.ex3

INPUTS = [(0, 1), (1, 1), (0, 0), (1, 0)]
TARGETS = [1, 0, 1, 0]


@pytest.fixture(autouse=True)
def _repeatable() -> None:
    """The weights are those of `random`: only one test needs the argument `seed`."""
    random.seed(0)


def mean_loss(network: MLP) -> Value:
    errors = [network(x)[0] - target for x, target in zip(INPUTS, TARGETS, strict=True)]
    return sum([error**2 for error in errors], Value(0)) / 4


def sum_loss(network: MLP) -> Value:
    return mean_loss(network) * 4


def train(network: MLP, loss: Callable[[MLP], Value] = mean_loss, steps: int = 50) -> float:
    for _ in range(steps):
        network.zero_grad()
        loss(network).backwards()
        for p in network.parameters():
            p.data += -0.1 * p.grad
    return loss(network).data


def data(values: Sequence[Value]) -> list[float]:
    return [value.data for value in values]


def test_a_neuron_has_a_weight_a_feature_and_a_bias() -> None:
    for n in (1, 2, 7):
        got = Neuron(n).parameters()
        assert len(got) == n + 1, f"Neuron({n}) should have {n + 1} parameters, got {len(got)}"
        assert all(isinstance(p, Value) for p in got), "parameters should be Values"


@pytest.mark.parametrize("non_linear", [True, False])
def test_a_neuron_computes_the_weighted_sum(non_linear: bool) -> None:  # noqa: FBT001 - the exercise's flag
    neuron = Neuron(3, non_linear=non_linear)
    for i, p in enumerate(neuron.parameters()):
        p.data = 0.5  # whatever the order of weights and bias
        p.name = f"p_{i}"
    got = neuron([1, 2.0, Value(-4)])
    wanted = 0.5 + 0.5 * (1 + 2 - 4)
    wanted = math.tanh(wanted) if non_linear else wanted
    assert isinstance(got, Value), f"a neuron should give a Value, got {type(got).__name__}"
    assert got.data == pytest.approx(wanted), (
        f"Neuron(3, non_linear={non_linear}) with all parameters 0.5 should give {wanted} "
        f"at [1, 2, -4], got {got.data}"
    )


def test_a_neuron_is_tanh_by_default() -> None:
    neuron = Neuron(1)
    for p in neuron.parameters():
        p.data = 100.0
    assert neuron([1.0]).data == 1.0, "a neuron should be tanh unless non_linear is False"


def test_the_inputs_have_gradients_too() -> None:
    neuron = Neuron(2, False)  # noqa: FBT003 - positional, as the exercise has it
    x = [Value(1), Value(2)]
    neuron(x).backwards()
    grads = [value.grad for value in x]
    weights = data(neuron.parameters())
    assert set(grads) <= set(weights), f"the grads of the inputs should be weights, got {grads}"


@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (2, 3), (5, 2)])
def test_a_layer_maps_a_list_to_a_list(n_in: int, n_out: int) -> None:
    layer = Layer(n_in, n_out)
    got = layer([0.5] * n_in)
    assert isinstance(got, list), f"a layer should give a list, got {type(got).__name__}"
    assert len(got) == n_out, f"Layer({n_in}, {n_out}) should give {n_out} Values, got {len(got)}"
    count = len(layer.parameters())
    wanted = n_out * (n_in + 1)
    assert count == wanted, f"Layer({n_in}, {n_out}) should have {wanted} parameters, got {count}"


def test_a_layer_without_tanh() -> None:
    linear = Layer(2, 2, non_linear=False)
    for p in linear.parameters():
        p.data = 10.0
    assert data(linear([1, 2])) == [40.0, 40.0], "10 + 10 * 1 + 10 * 2 in both neurons"


@pytest.mark.parametrize(
    ("sizes", "wanted"), [([2, 4, 4, 1], 37), ([2, 1], 3), ([3, 4, 2], 26), ([1, 1, 1, 1], 6)]
)
def test_a_network_has_layers_of_the_sizes(sizes: list[int], wanted: int) -> None:
    network = MLP(sizes)
    count = len(network.parameters())
    assert count == wanted, f"MLP({sizes}) should have {wanted} parameters, got {count}"
    assert len(set(network.parameters())) == wanted, "no parameter should be counted twice"
    got = network([1.0] * sizes[0])
    assert isinstance(got, list), f"a network should give a list, got {type(got).__name__}"
    assert len(got) == sizes[-1], f"MLP({sizes}) should give {sizes[-1]} Values, got {len(got)}"
    assert all(isinstance(y, Value) for y in got), "the predictions should be Values"


def test_every_layer_is_tanh_the_last_included() -> None:
    network = MLP([2, 3, 1])
    for p in network.parameters():
        p.data = 50.0
    got = network([1, 1])[0].data
    assert got == 1.0, f"the last layer should be tanh too: 1.0 for large weights, got {got}"


def test_every_parameter_has_a_gradient() -> None:
    network = MLP([2, 4, 4, 1])
    network([0.5, -1.5])[0].backwards()
    without = [p for p in network.parameters() if p.grad == 0.0]
    assert not without, f"every parameter should have a gradient, {len(without)} have none"


def test_gradients_agree_with_finite_differences() -> None:
    network = MLP([2, 3, 1])
    mean_loss(network).backwards()
    h = 1e-5
    for i, p in enumerate(network.parameters()):
        kept = p.data
        p.data = kept + h
        above = mean_loss(network).data
        p.data = kept - h
        below = mean_loss(network).data
        p.data = kept
        wanted = (above - below) / (2 * h)
        assert p.grad == pytest.approx(wanted, rel=1e-6, abs=1e-9), (
            f"the grad of parameter {i} should be {wanted} by finite differences, got {p.grad}"
        )


def test_zero_grad_begins_anew() -> None:
    for part in (Neuron(2), Layer(2, 2), MLP([2, 2, 1])):
        for p in part.parameters():
            p.grad = 7.0
        part.zero_grad()
        grads = {p.grad for p in part.parameters()}
        assert grads == {0.0}, f"zero_grad should set every grad to 0.0, got {grads}"


def test_the_weights_follow_the_state_of_random() -> None:
    random.seed(0)
    first = data(MLP([2, 4, 1]).parameters())
    second = data(MLP([2, 4, 1]).parameters())
    random.seed(0)
    again = data(MLP([2, 4, 1]).parameters())
    assert first == again, "random.seed(0) should make the weights repeatable"
    assert first != second, "without a seed in between the weights should differ"


def test_a_seed_makes_the_weights_repeatable() -> None:
    for make in (
        lambda seed: MLP([2, 4, 1], seed=seed),
        lambda seed: Layer(2, 3, seed=seed),
        lambda seed: Neuron(2, seed=seed),
    ):
        state = random.getstate()
        first, again, other = (data(make(seed).parameters()) for seed in (1, 1, 2))
        assert first == again, f"the same seed should give the same weights: {first}, {again}"
        assert first != other, f"another seed should give other weights, got {first} twice"
        assert random.getstate() == state, "with a seed the state of random should stay as it is"


@pytest.mark.parametrize("seed", range(20))
def test_a_network_learns(seed: int) -> None:
    random.seed(seed)
    loss = train(MLP([2, 4, 4, 1]))
    assert loss <= 0.05, (
        f"random.seed({seed}): 50 steps of 0.1 should leave a mean squared error of at most 0.05, "
        f"got {loss:.4f}"
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_network_learns_from_the_sum_of_the_errors_too(seed: int) -> None:
    random.seed(seed)
    loss = train(MLP([2, 4, 4, 1]), sum_loss)
    assert loss <= 0.05, f"the sum of the squared errors should end at most at 0.05, got {loss:.4f}"


def test_one_step_makes_the_loss_smaller() -> None:
    network = MLP([2, 4, 4, 1])
    before = mean_loss(network).data
    after = train(network, steps=1)
    assert after < before, f"one step should make the loss {before} smaller, got {after}"


def test_a_copy_learns_alone() -> None:
    network = MLP([2, 4, 1])
    before = data(network.parameters())
    copied = deepcopy(network)
    train(copied, steps=5)
    assert data(network.parameters()) == before, "training a deep copy should leave the original"
    assert data(copied.parameters()) != before, "the deep copy should have learned"


def test_a_wrong_number_of_inputs_is_refused() -> None:
    for part in (Neuron(2), Layer(2, 2), MLP([2, 2, 1])):
        what = f"a {type(part).__name__} of 2 inputs called with 3"
        try:
            got: object = part([1, 2, 3])
        except ValueError as error:
            got = str(error)
        assert isinstance(got, str), f"{what} should raise a ValueError, got {got!r}"
        assert "3" in got, f"the error of {what} should say so, got: {got}"
