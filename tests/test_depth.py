"""Depth: a chain of a million operations, at the recursion limit that Python begins with."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Iterator

import pytest

from fgrad import Node, Scalar, dot, grad, sin, value, value_and_grad
from fgrad.graph import ancestors, leaf

DEPTH = 1_000_000


@pytest.fixture(autouse=True)
def usual_limit() -> Iterator[None]:
    """The limit is far below the depth, and nothing raises it."""
    before = sys.getrecursionlimit()
    assert before <= 10_000
    yield
    assert sys.getrecursionlimit() == before


@pytest.fixture
def quiet_collector() -> Iterator[None]:
    """No pauses of the collector while a million objects are made: only for time."""
    gc.disable()
    yield
    gc.enable()


def chain(x: Scalar, length: int) -> Scalar:
    """x + 1 + 1 + …, each second operation a product."""
    for _ in range(length // 2):
        x = x * 1.0
        x = x + 1.0
    return x


@pytest.mark.usefixtures("quiet_collector")
def test_a_chain_is_built_printed_copied_compared_and_deleted() -> None:
    x = leaf(0.5)
    root = chain(x, DEPTH)
    assert isinstance(root, Node)
    assert root.value == DEPTH / 2 + 0.5
    assert repr(root) == "Node(500000.5, add)"
    assert copy.copy(root) is root
    assert copy.deepcopy(root) is root
    assert root == root.value
    assert root > x
    assert len({root, x}) == 2
    del root
    assert x.value == 0.5


@pytest.mark.usefixtures("quiet_collector")
def test_a_chain_is_differentiated() -> None:
    assert value_and_grad(lambda x: chain(x, DEPTH))(0.5) == (DEPTH / 2 + 0.5, 1.0)


@pytest.mark.usefixtures("quiet_collector")
def test_a_chain_of_sums_of_one_leaf_counts_its_uses() -> None:
    def f(x: Scalar) -> Scalar:
        out: Scalar = 1.0
        for _ in range(100_000):
            out = out + x
        return out

    assert grad(f)(1.0) == 100_000


@pytest.mark.usefixtures("quiet_collector")
def test_a_chain_is_pickled_and_loaded() -> None:
    root = chain(leaf(0.5), DEPTH)
    text = pickle.dumps(root)
    del root
    back = pickle.loads(text)  # noqa: S301 - our own
    del text
    assert type(back) is Node
    assert back.value == DEPTH / 2 + 0.5
    nodes = ancestors(back)
    assert len(nodes) == DEPTH + 1
    assert nodes[0].value == 0.5
    assert nodes[1].operands[0] is nodes[0]


def test_a_million_operands() -> None:
    def f(x: Scalar) -> Scalar:
        return dot([x] * DEPTH, [0.5] * DEPTH)

    assert value_and_grad(f)(2.0) == (DEPTH, DEPTH / 2)


def test_a_diamond_of_sixty_levels() -> None:
    """2 ** 60 paths, in every walk over a graph: to build, sweep, pickle and look back."""
    x = leaf(0.7)
    y = x
    for _ in range(60):
        y = (y + y) * 0.5
    assert len(ancestors(y)) == 121
    back = pickle.loads(pickle.dumps(y))  # noqa: S301 - our own
    assert len(ancestors(back)) == 121
    assert copy.deepcopy(y) is y
    assert len(repr(y)) < 40


def test_a_diamond_of_sixty_levels_differentiated_three_times() -> None:
    def f(x: Scalar) -> Scalar:
        y = x * x * x
        for _ in range(60):
            y = (y + y) * 0.5
        return y

    assert grad(f)(2.0) == 12.0
    assert grad(grad(f))(2.0) == 12.0
    assert grad(grad(grad(f)))(2.0) == 6.0


def test_a_deep_second_derivative() -> None:
    """The graph of a gradient is as deep as the graph, and is differentiated as well."""
    length = 10_000

    def f(x: Scalar) -> Scalar:
        y = x
        for _ in range(length):
            y = y * 1.0001
        return y * y

    factor = 1.0001**length
    assert grad(grad(f))(2.0) == pytest.approx(2 * factor * factor, rel=1e-9)
    assert grad(grad(grad(f)))(2.0) == 0.0


def test_a_deep_second_derivative_past_what_is_swept_densely() -> None:
    length = 100_000

    def f(x: Scalar) -> Scalar:
        y = x * x
        for _ in range(length):
            y = y + x
        return y

    assert grad(grad(f))(2.0) == 2.0


def test_a_deep_chain_of_sines() -> None:
    def f(x: Scalar) -> Scalar:
        for _ in range(100_000):
            x = sin(x)
        return x

    assert grad(f)(1.0) == pytest.approx(1.25501359861729e-07, rel=1e-8)


def test_differentiations_nest_deeply() -> None:
    """As deep as Python's own calls do: some ten frames a level."""

    def tower(x: Scalar, height: int) -> Scalar:
        if height == 0:
            return x * x
        return x * grad(lambda y: tower(y, height - 1))(x)

    # t(n) = x t(n - 1)': x², 2x², 4x², …
    assert value(tower(3.0, 8)) == 9.0 * 2**8
