"""Forward plus gradient, eager, against micrograd and HIPS autograd, side by side.

Run it pinned to one core: `taskset -c 0 python tests/bench/eager.py`. Each figure is the ratio of
medians, peer over fgrad, of rounds in which the two take turns.
"""

from __future__ import annotations

import random
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import TypeVar

import autograd
from micrograd import engine
from micrograd import nn as micrograd_nn

from fgrad import grad, nn, relu, value_and_grad
from fgrad.exercise import Value
from fgrad.graph import leaf

ROUNDS = 15
SIZES = (2, 16, 16, 1)
T = TypeVar("T", float, Value, engine.Value)

sys.setrecursionlimit(20_000)  # micrograd's sweep is recursive


def chain(x: T) -> T:
    """1,000 operations, each on the one before."""
    t = x
    for _ in range(500):
        t = t * 1.001
        t = t + x
    return t


def quotients(x: T, y: T) -> T:
    """100 operations on two variables: 25 each of + * - and /."""
    t = x
    for _ in range(25):
        t = ((t + y) * x - 0.5) / y
    return t


def roots(x: T, y: T) -> T:
    """100 operations on two variables: 20 each of + * - / and **."""
    t = x
    for _ in range(20):
        t = (((t + y) * x - 0.5) / y) ** 0.5
    return t


def seconds(run: Callable[[], object]) -> float:
    """The median time of one call, of calls in a row that take about 20 ms."""
    begin = perf_counter()
    run()
    count = max(1, int(0.02 / (perf_counter() - begin)))
    times = []
    for _ in range(count):
        begin = perf_counter()
        run()
        times.append(perf_counter() - begin)
    return statistics.median(times)


def compare(
    name: str, target: float, peer: Callable[[], object], ours: Callable[[], object]
) -> None:
    """Print the medians of both, taking turns, and their ratio."""
    pairs = [(seconds(peer), seconds(ours)) for _ in range(ROUNDS)]
    theirs, mine = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{name:48} {theirs * 1e6:12.1f} {mine * 1e6:12.1f} {theirs / mine:8.2f} {target:6g}")


def micrograd_gradient(f: Callable[..., engine.Value], *xs: float) -> None:
    """One forward and one backward pass with micrograd."""
    f(*map(engine.Value, xs)).backward()


def facade_gradient(f: Callable[..., Value], *xs: float) -> None:
    """One forward and one backward pass through the exercise's Value."""
    f(*map(Value, xs)).backwards()


def networks() -> None:
    """A multilayer perceptron on one sample and on a batch of 100."""
    random.seed(0)
    theirs = micrograd_nn.MLP(2, list(SIZES[1:]))  # its last layer is linear
    ours = nn.MLP.init(SIZES, seed=0, activation=[relu, relu, nn.linear])
    samples = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(100)]

    def their_loss(batch: Sequence[Sequence[float]]) -> None:
        theirs.zero_grad()
        loss = engine.Value(0.0)
        for x in batch:
            loss = loss + (theirs(x) - 1.0) ** 2  # type: ignore[operator]  # one output: no list
        loss.backward()

    def our_loss(mlp: nn.MLP[float], batch: Sequence[Sequence[float]]) -> float:
        return sum([(mlp(x)[0] - 1.0) ** 2 for x in batch], 0.0)

    gradient = value_and_grad(our_loss, argnums=0)
    for name, count, target in (("one sample", 1, 5.0), ("batch of 100", 100, 25.0)):
        batch = samples[:count]
        title = f"MLP 2-16-16-1, {name}"
        compare(title, target, partial(their_loss, batch), partial(gradient, ours, batch))


def memory(make: Callable[[float], object]) -> float:
    """Bytes an operation of a live chain of 100,000 operations."""
    tracemalloc.start()
    t = make(1.5)
    for _ in range(50_000):
        t = t * 1.0001 + 0.5  # type: ignore[operator]  # an operand of whichever library
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / 100_000


def main() -> None:
    """Print the table."""
    print(f"{'median of one call, microseconds':48} {'peer':>12} {'fgrad':>12} {'ratio':>8} target")
    for name, f, xs, targets in (
        ("chain of 1,000 operations", chain, (1.5,), (3.0, 1.5)),
        ("100 operations of + * - /", quotients, (1.2, 0.7), (4.0, 2.5)),
        ("100 operations of + * - / **", roots, (1.2, 0.7), (4.0, 2.5)),
    ):
        peer = partial(micrograd_gradient, f, *xs)
        ours = partial(grad(f), *xs)
        compare(f"{name}, grad", targets[0], peer, ours)
        compare(f"{name}, Value", targets[1], peer, partial(facade_gradient, f, *xs))
        every = tuple(range(len(xs)))
        their_gradient = autograd.grad(f, argnum=every)  # type: ignore[arg-type]  # a tuple too
        compare(f"{name}, autograd", 25.0, partial(their_gradient, *xs), ours)
    networks()
    row = "bytes an operation, live chain of 100,000"
    theirs, mine = memory(engine.Value), memory(leaf)
    print(f"{row:48} {theirs:12.0f} {mine:12.0f} {theirs / mine:8.2f} {4:6g}")


if __name__ == "__main__":
    main()
