"""Exercise 3: neurons, layers and a network that learns."""

from __future__ import annotations

import math
import random

import pytest

from fgrad import Value
from fgrad.exercise import MLP, Layer, Neuron

pytestmark = pytest.mark.ex3

INPUTS = [(0, 1), (1, 1), (0, 0), (1, 0)]
TARGETS = [1, 0, 1, 0]


def loss_of(network: MLP) -> Value:
    errors = [(network(x)[0] - t) ** 2 for x, t in zip(INPUTS, TARGETS, strict=True)]
    return sum(errors, Value(0)) / len(errors)


def test_a_neuron_is_tanh_of_its_weighted_sum() -> None:
    neuron = Neuron(2)
    *weights, bias = [p.data for p in neuron.parameters()]
    expected = math.tanh(weights[0] * 0.5 + weights[1] * -1.0 + bias)
    got = neuron([0.5, -1.0]).data
    assert got == pytest.approx(expected), f"tanh(b + sum(w_i x_i)): expected {expected}, got {got}"


def test_a_linear_neuron_has_no_tanh() -> None:
    neuron = Neuron(1, non_linear=False)
    weight, bias = [p.data for p in neuron.parameters()]
    assert neuron([100]).data == pytest.approx(100 * weight + bias)


def test_a_layer_maps_a_list_to_a_list() -> None:
    answers = Layer(3, 2)([1, 2, 3])
    assert isinstance(answers, list)
    assert len(answers) == 2, f"Layer(3, 2) should give 2 Values, got {len(answers)}"


@pytest.mark.parametrize(
    ("sizes", "count"), [([2, 4, 4, 1], 37), ([3, 1], 4), ([2, 16, 16, 1], 337)]
)
def test_every_weight_and_bias_is_a_parameter(sizes: list[int], count: int) -> None:
    got = len(MLP(sizes).parameters())
    assert got == count, f"MLP({sizes}) should have {count} parameters, got {got}"


def test_a_network_gives_a_list_of_values_within_tanh() -> None:
    answers = MLP([2, 4, 4, 1])([Value(100), -100])
    assert isinstance(answers, list)
    assert all(isinstance(answer, Value) and -1 <= answer.data <= 1 for answer in answers)


def test_random_seed_makes_it_repeatable() -> None:
    networks = []
    for _ in range(2):
        random.seed(0)
        networks.append([p.data for p in MLP([2, 4, 1]).parameters()])
    assert networks[0] == networks[1], "random.seed(0) should give the same network again"
    assert [p.data for p in MLP([2, 4, 1], seed=1).parameters()] != networks[0]


def test_zero_grad_begins_anew() -> None:
    network = MLP([2, 4, 4, 1], seed=0)
    loss_of(network).backwards()
    assert any(p.grad != 0.0 for p in network.parameters())
    network.zero_grad()
    assert all(p.grad == 0.0 for p in network.parameters())


@pytest.mark.parametrize("seed", range(10))
def test_fifty_steps_learn_the_four_points(seed: int) -> None:
    network = MLP([2, 4, 4, 1], seed=seed)
    for _ in range(50):
        loss = loss_of(network)
        network.zero_grad()
        loss.backwards()
        for p in network.parameters():
            p.data += -0.1 * p.grad
    after = loss_of(network).data
    assert after <= 0.05, f"after 50 steps the loss should be at most 0.05, got {after}"
