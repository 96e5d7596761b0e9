"""Purity: a gradient depends on the function and the numbers, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import fgrad
from fgrad import Node, dot, value
from fgrad.graph import leaf
from tests.switching import switching

# Here it counts what they do; tests/typing has what types they give.
grad: Any = fgrad.grad
value_and_grad: Any = fgrad.value_and_grad
tree_map: Any = fgrad.tree_map

SCRIPT = """
from fgrad import *

def f(p, x):
    hidden = [tanh(dot(w, x) + b) for w, b in zip(p["w"], p["b"])]
    shared = {name: sin(h) * h for name, h in zip(["c", "a", "b"], hidden)}
    out = sum(shared.values()) + sum(h * s for h in hidden for s in shared.values())
    return out * log(1 + out * out) / (2 + x[0] ** 2)

p = {"w": [(0.1, -0.2), (0.3, 0.7), (-0.9, 0.4)], "b": [0.01, 0.02, 0.03]}
first = grad(f)(p, (0.37, -1.21))
second = grad(lambda x: sum(grad(f)(p, x)[1]) * total(grad(f)(p, x)[0]["b"]))((0.37, -1.21))
print(tree_map(lambda x: x, first), second)
print([x.hex() for x in (*first[0]["b"], *first[1], *second)])
"""


def program(x: Any, y: Any) -> Any:
    """Sharing, nesting, and an answer whose last bits depend on the order of every sum."""
    shared = [fgrad.sin(x * i) * y for i in range(1, 6)]
    inner = grad(lambda z: dot(shared, [z * 0.1, z * z, 0.3, z / 7, 0.7]))(x)
    return sum(shared) * inner + fgrad.exp(-inner * inner) / (1 + x * x)


# The same bits.


def test_the_same_call_gives_the_same_bits() -> None:
    first = value_and_grad(program)(0.3, 0.7)
    for _ in range(20):
        number, (by_x, by_y) = value_and_grad(program)(0.3, 0.7)
        assert [x.hex() for x in (number, by_x, by_y)] == [x.hex() for x in (first[0], *first[1])]


def test_what_came_before_changes_nothing() -> None:
    """Not the number of nodes made so far, nor how many are alive."""
    first = grad(program)(0.3, 0.7)
    kept = [leaf(1.0) for _ in range(100_000)]
    assert grad(program)(0.3, 0.7) == first
    del kept
    assert grad(program)(0.3, 0.7) == first


def test_the_same_bits_whatever_the_seed_of_the_hashes() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert "0x" in outputs.pop()


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("grad(f)(3.0)", "39.0"),
        ("jvp(f, 3.0, 1.0)", "(45.0, 39.0)"),
        ("jvp(grad(f), 3.0, 1.0)", "(39.0, 22.0)"),
        ("grad(grad(f))(3.0)", "22.0"),
    ],
)
def test_the_first_derivative_of_a_process(call: str, answer: str) -> None:
    """Its leaf has the index 0, and so has its offset."""
    script = f"from fgrad import grad, jvp; f = lambda x: x * x * (x + 2); print({call})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == answer


def test_a_graph_is_not_changed_by_being_differentiated() -> None:
    before: list[object] = []
    nodes: list[Node] = []

    def f(x: Any) -> Any:
        y = x * x + fgrad.sin(x)
        nodes[:] = [x, y]
        before[:] = [(n.value, n.primitive, n.operands, n.index, hash(n)) for n in nodes]
        return y

    grad(f)(0.3)
    grad(grad(f))(0.3)
    assert [(n.value, n.primitive, n.operands, n.index, hash(n)) for n in nodes] == before


# Threads.


def test_threads_differentiating_at_once_give_what_each_gives_alone() -> None:
    def nested(x: float) -> Any:
        return grad(lambda a: a * grad(lambda b: fgrad.tanh(a * b) * b)(a))(x)

    points = [0.1 + 0.1 * i for i in range(8)]
    alone = [nested(x) for x in points]
    start = threading.Barrier(len(points))

    def work(i: int) -> int:
        start.wait()
        return sum(nested(points[i]) != alone[i] for _ in range(2_000))

    with switching(1e-6), ThreadPoolExecutor(len(points)) as pool:
        wrong = list(pool.map(work, range(len(points))))
    assert wrong == [0] * len(points)


def test_threads_interleaved_between_leaves_of_one_differentiation() -> None:
    """Their leaves then are no neighbours in the order of making."""

    def many(xs: tuple[float, ...]) -> Any:
        return dot(xs, xs[::-1])

    at = [tuple(float(i + j) for i in range(40)) for j in range(6)]
    alone = [grad(many)(x) for x in at]
    start = threading.Barrier(len(at))

    def work(i: int) -> int:
        start.wait()
        return sum(grad(many)(at[i]) != alone[i] for _ in range(200))

    with switching(1e-6), ThreadPoolExecutor(len(at)) as pool:
        wrong = list(pool.map(work, range(len(at))))
    assert wrong == [0] * len(at)


class Slow(int):
    """A number that takes its time to become a float: others make nodes meanwhile."""

    def __float__(self) -> float:
        for _ in range(self):
            leaf(0.0)
        return 3.0


@pytest.mark.parametrize("meanwhile", range(4))
def test_leaves_that_are_no_neighbours(meanwhile: int) -> None:
    product: Any = grad(lambda x, y: x * x * y)
    assert product(2.0, Slow(meanwhile)) == (12.0, 4.0)
    assert product(Slow(meanwhile), 2.0) == (12.0, 9.0)
    assert grad(lambda x: product(x, Slow(meanwhile))[0])(2.0) == 6.0


def test_one_thread_finishes_what_another_began() -> None:
    """A differentiation belongs to no thread: its function may compute in several."""
    with ThreadPoolExecutor(4) as pool:

        def f(x: Any) -> Any:
            parts = pool.map(lambda i: fgrad.sin(x * i), range(1, 5))
            return sum(parts) * pool.submit(grad(lambda y: x * y * y), x).result()

        def g(x: Any) -> Any:
            return sum(fgrad.sin(x * i) for i in range(1, 5)) * (2 * x * x)

        assert grad(f)(0.3) == pytest.approx(grad(g)(0.3), rel=1e-14)
        assert grad(grad(f))(0.3) == pytest.approx(grad(grad(g))(0.3), rel=1e-13)


# Interrupted, suspended, resumed.


def test_a_gradient_inside_a_generator() -> None:
    """Two differentiations in turns: each step of one lies between steps of the other."""

    def slopes(f: Callable[[Any], Any], x: Any) -> Generator[Any, None, None]:
        for i in range(5):
            yield grad(lambda y, i=i: f(y) * y**i)(x)

    def f(x: Any) -> Any:
        first, second = slopes(fgrad.sin, x), slopes(lambda y: x * y, x)
        out = 0.0
        for a, b in zip(first, second, strict=True):
            out = out + a * b
        return out

    def g(x: Any) -> Any:
        out = 0.0
        for i in range(5):
            sine = fgrad.cos(x) * x**i + fgrad.sin(x) * i * x ** (i - 1)
            out = out + sine * (x * x**i + x * x * i * x ** (i - 1))
        return out

    assert grad(f)(0.7) == pytest.approx(grad(g)(0.7), rel=1e-13)


def test_a_generator_that_outlives_its_differentiation() -> None:
    """What it holds of the differentiation is a number still, and disturbs no other."""
    started: list[Generator[Any, None, None]] = []

    def steps(x: Any) -> Generator[Any, None, None]:
        y = x
        while True:
            y = y * x
            yield y

    def f(x: Any) -> Any:
        started.append(steps(x))
        return next(started[-1])

    assert grad(f)(3.0) == 6.0
    assert value(next(started[0])) == 27.0
    assert grad(f)(3.0) == 6.0
    assert value(next(started[0])) == 81.0


def test_gradients_inside_coroutines() -> None:
    """Tasks that wait between their gradients give what each gives alone."""

    async def slope(i: int) -> list[float]:
        found = []
        for n in range(5):
            found.append(grad(lambda x, n=n: x**n * fgrad.sin(x * i))(0.3))
            await asyncio.sleep(0)
        return found

    async def together() -> list[list[float]]:
        return await asyncio.gather(*(slope(i) for i in range(10)))

    def alone(i: int) -> list[float]:
        return [grad(lambda x, n=n: x**n * fgrad.sin(x * i))(0.3) for n in range(5)]

    assert asyncio.run(together()) == [alone(i) for i in range(10)]


def test_a_gradient_inside_a_callback() -> None:
    found: list[float] = []

    def key(x: Any) -> Any:
        found.append(grad(lambda y: y * y)(value(x)))
        return grad(lambda y: x * y * y)(x)

    def f(x: Any) -> Any:
        best = max([x * 0.5, x, x * 2], key=key)
        return best * min(3.0 * x, x, key=key)

    assert grad(f)(2.0) == 8.0
    assert found == [2.0, 4.0, 8.0, 12.0, 4.0]


# Nothing is left behind.


def living_nodes() -> int:
    return sum(type(thing) is Node for thing in gc.get_objects())


def test_an_exception_in_the_function_leaves_nothing_behind() -> None:
    """At whichever operation it is thrown, and from however deep."""

    class StopHereError(Exception):
        pass

    def broken(x: Any, last: int) -> Any:
        y = x
        for i in range(6):
            if i == last:
                raise StopHereError
            y = y * grad(lambda z, y=y: broken_inner(z * y, last - 6))(y)
        return y

    def broken_inner(z: Any, last: int) -> Any:
        for i in range(6):
            if i == last:
                raise StopHereError
            z = z * z
        return z

    expected = grad(program)(0.3, 0.7)
    gc.collect()
    before = living_nodes()
    for last in range(12):
        with pytest.raises(StopHereError):
            grad(broken, argnums=0)(1.1, last)
        assert grad(program)(0.3, 0.7) == expected
    gc.collect()
    assert living_nodes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError])
def test_whatever_is_thrown_passes_through(error: type[BaseException]) -> None:
    def f(_x: float) -> float:
        raise error

    with pytest.raises(error):
        grad(f)(1.0)
    with pytest.raises(error):
        grad(lambda x: x * grad(f)(x))(1.0)
    assert grad(lambda x: x * x)(3.0) == 6.0


def test_an_error_keeps_its_traceback_and_cause() -> None:
    def f(x: float) -> float:
        try:
            return x / 0
        except ZeroDivisionError as error:
            raise LookupError("here") from error

    with pytest.raises(LookupError, match="here") as caught:
        grad(grad(f))(1.0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.traceback[-1].name == "f"


def test_gradients_leave_no_reference_cycles() -> None:
    """So memory is given back at once, and the collector has nothing to do."""
    layer: Any = {"w": [(0.1, 0.2), (0.3, 0.4)], "b": [0.1, 0.2]}

    def work() -> None:
        for _ in range(50):
            grad(program)(0.3, 0.7)
            grad(grad(lambda x: program(x, 0.7)))(0.3)
            value_and_grad(lambda p: sum(dot(w, (1.0, 2.0)) ** 2 for w in p["w"]))(layer)
            tree_map(lambda p, g: p - g, layer, layer)

    work()  # what is made once, such as compiled rules, is made here
    gc.collect()
    gc.disable()
    try:
        work()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_leave_no_nodes_alive() -> None:
    gc.collect()
    before = living_nodes()
    for _ in range(20):
        grad(grad(lambda x: program(x, 0.7)))(0.3)
    gc.collect()
    assert living_nodes() == before


def test_memory_does_not_grow() -> None:
    f = grad(grad(lambda x: program(x, 0.7)))
    f(0.3)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(200):
        f(0.3)
    gc.collect()
    assert len(gc.get_objects()) <= before + 5
