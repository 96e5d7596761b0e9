"""Derivatives in threads, tasks, generators at once, and broken off anywhere: nothing is left."""
# ruff: noqa: ARG005 - a rule names its operands and its answer, whether or not it reads them

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from typing import Any, Final, get_args

import pytest

import fgrad
from fgrad import sin, tanh
from fgrad.calculus import TABLE
from fgrad.codegen import Kind, compile_pull
from tests.switching import switching

# Handed lambdas of anything: what types these have is tested in tests/typing.
grad: Any = fgrad.grad
hessian: Any = fgrad.hessian
hvp: Any = fgrad.hvp
jacobian: Any = fgrad.jacobian
jvp: Any = fgrad.jvp
linearize: Any = fgrad.linearize
row: Any = fgrad.row
value_and_grad: Any = fgrad.value_and_grad
vjp: Any = fgrad.vjp

DEEP: Final = os.environ.get("HYPOTHESIS_PROFILE") == "deep"


def f(x: Any) -> Any:
    """Sharing, a branch, and a derivative inside."""
    y = sin(x) * x
    inner = grad(lambda t: t * t * y + x)(x)
    z = y / (1 + x * x) + inner
    return tanh(z) * y if z > 0 else y


EVERY: Final[dict[str, Callable[[Callable[[Any], Any]], Any]]] = {
    "grad": lambda f: grad(f)(0.7),
    "value_and_grad": lambda f: value_and_grad(f)(0.7),
    "jvp": lambda f: jvp(f, 0.7, 1.0),
    "vjp": lambda f: vjp(f, 0.7)[1](1.0),
    "linearize": lambda f: linearize(f, 0.7)[1](1.0),
    "jacobian_up": lambda f: jacobian(lambda p: [f(p[0]), p[0]], mode="forward")([0.7]),
    "jacobian_down": lambda f: jacobian(lambda p: [f(p[0]), p[0]], mode="reverse")([0.7]),
    "hvp": lambda f: hvp(f, 0.7, 1.0),
    "hessian": lambda f: hessian(f)(0.7),
    "nested": lambda f: grad(lambda s: jvp(grad(f), s, s)[1])(0.7),
}
every = pytest.mark.parametrize("operator", EVERY.values(), ids=EVERY)
ALONE: Final = {name: operator(f) for name, operator in EVERY.items()}


# Threads and tasks.


def test_every_operator_in_threads_at_once_gives_what_it_gives_alone() -> None:
    start = threading.Barrier(len(EVERY))

    def work(name: str) -> int:
        start.wait()
        return sum(EVERY[name](f) != ALONE[name] for _ in range(100))

    with switching(1e-6), ThreadPoolExecutor(len(EVERY)) as pool:
        assert list(pool.map(work, EVERY)) == [0] * len(EVERY)


def test_threads_inside_one_differentiation() -> None:
    """Each differentiates for itself, at numbers of the differentiation around them all."""
    with switching(1e-6), ThreadPoolExecutor(8) as pool:

        def g(x: Any) -> Any:
            slopes = pool.map(lambda k: grad(lambda t: t * t * sin(x * k))(x), range(1, 9))
            return sum(slopes)

        def same(x: Any) -> Any:
            return sum(2 * x * sin(x * k) for k in range(1, 9))

        for _ in range(20):
            assert grad(g)(0.3) == pytest.approx(grad(same)(0.3), rel=1e-14)
            assert jvp(g, 0.3, 1.0)[1] == pytest.approx(grad(same)(0.3), rel=1e-14)


def test_a_row_is_first_used_by_many_threads_at_once() -> None:
    """Its steps are compiled when they are first needed."""
    for turn in range(10):
        mine = row(f"fresh{turn}", lambda x: x * x * x, lambda x, y: 3 * x * x)
        start = threading.Barrier(8)

        def work(mode: int, mine: Any = mine, start: threading.Barrier = start) -> float:
            start.wait()
            slope: float = grad(mine)(2.0) if mode else jvp(mine, 2.0, 1.0)[1]
            curvature: float = grad(grad(mine))(2.0)
            return slope + curvature

        with switching(1e-6), ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, [0, 1] * 4)) == [24.0] * 8


def test_tasks_that_interleave_within_their_functions() -> None:
    """A function is suspended in the midst of its graph while others go on with theirs."""

    async def steps(x: Any, k: int) -> Any:
        y = x
        for i in range(20):
            y = sin(y) * x + k * 0.1
            if (i + k) % 3 == 0:
                await asyncio.sleep(0)
            y = y + grad(lambda t, y=y: t * y)(x)
        return y

    def finish(coroutine: Any) -> Any:
        """Run a coroutine by hand to its end."""
        while True:
            try:
                coroutine.send(None)
            except StopIteration as done:
                return done.value

    def alone(k: int) -> tuple[float, float]:
        g = lambda x: finish(steps(x, k))  # noqa: E731 - in two modes
        return grad(g)(0.3), jvp(g, 0.3, 1.0)[1]

    async def task(k: int) -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        found = alone(k)
        await asyncio.sleep(0)
        return found if loop.is_running() else (0.0, 0.0)

    async def together() -> list[tuple[float, float]]:
        return await asyncio.gather(*(task(k) for k in range(10)))

    assert asyncio.run(together()) == [alone(k) for k in range(10)]


def test_differentiations_begun_in_one_task_and_ended_in_another() -> None:
    """Linear maps are made in turns, and used in turns, in another order."""

    async def make(k: int, made: asyncio.Queue[Any]) -> None:
        for i in range(10):
            at = 0.1 * (k + i + 1)
            await made.put((at, linearize(f, at)[1], vjp(f, at)[1]))
            await asyncio.sleep(0)

    async def use(made: asyncio.Queue[Any]) -> int:
        right = 0
        for _ in range(50):
            at, push, pull = await made.get()
            expected = grad(f)(at)
            right += push(1.0) == pytest.approx(expected, rel=1e-14)
            right += pull(1.0) == expected
        return right

    async def together() -> int:
        made: asyncio.Queue[Any] = asyncio.Queue(7)
        makers = [asyncio.create_task(make(k, made)) for k in range(5)]
        right = await use(made)
        await asyncio.gather(*makers)
        return right

    assert asyncio.run(together()) == 100


def test_an_asynchronous_generator_of_derivatives() -> None:
    async def slopes(x: Any) -> AsyncIterator[Any]:
        for i in range(5):
            yield hvp(lambda t, i=i: t ** (i + 2), x, 1.0)
            await asyncio.sleep(0)

    async def both(x: Any) -> Any:
        total: Any = 0.0
        async for slope in slopes(x):
            total = total + slope
        return total

    def g(x: Any) -> Any:
        return sum((i + 2) * (i + 1) * x**i for i in range(5))

    assert asyncio.run(both(0.7)) == pytest.approx(g(0.7), rel=1e-14)


def test_generators_that_take_turns_in_both_modes() -> None:
    def derivatives(operator: Callable[..., Any], x: Any) -> Generator[Any, Any, None]:
        scale = 1.0
        for _ in range(6):
            scale = yield operator(lambda t, s=scale: f(t) * s, x)

    def g(x: Any) -> Any:
        up = derivatives(lambda h, x: jvp(h, x, 1.0)[1], x)
        down = derivatives(lambda h, x: grad(h)(x), x)
        total = next(up) - next(down)
        for i in range(1, 6):
            total = total + up.send(x * i) * down.send(1.0 / i)
        return total

    def same(x: Any) -> Any:
        slope = grad(f)(x)
        return sum(slope * (x * i) * slope / i for i in range(1, 6))

    assert grad(g)(0.4) == pytest.approx(grad(same)(0.4), rel=1e-12)
    assert jvp(g, 0.4, 1.0)[1] == pytest.approx(grad(same)(0.4), rel=1e-12)


# Broken off.


class Breaking:
    """A stand-in for the value of a row, which raises when it is called for the n-th time."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error
        self.left = -1
        self.calls = 0

    def __call__(self, x: float) -> float:
        self.calls += 1
        if self.left == 0:
            raise self.error("broken off here")
        self.left -= 1
        return x * x * x


BREAKING: Final = Breaking(RuntimeError)
same_cube: Final = fgrad.primitive.unary("same_cube", BREAKING, lambda x, y: 3 * x * x)
breaking: Final = fgrad.primitive.unary("breaking", BREAKING, lambda x, y: 3 * same_cube(x) / x)


def breakable(x: Any) -> Any:
    """Every operation may be broken off: in the function, and in the rules of the sweeps."""
    y = x
    for _ in range(4):
        y = breaking(y) * 0.5 + breaking(x) * y
    return y + grad(lambda t: breaking(t * y))(x)


@every
@pytest.mark.parametrize(
    "error", [RuntimeError, ZeroDivisionError, KeyboardInterrupt, GeneratorExit, MemoryError]
)
def test_an_exception_at_every_operation_leaves_nothing_behind(
    operator: Callable[..., Any], error: type[BaseException]
) -> None:
    """In the function, in a rule, in either sweep; the next derivative is right to the bit."""
    BREAKING.error, BREAKING.left, BREAKING.calls = error, -1, 0
    expected = operator(breakable)
    count = BREAKING.calls
    assert count > 10
    for primitive, kind in product(TABLE.values(), get_args(Kind)):
        compile_pull(primitive, kind)  # a sweep broken off may be the first to need one
    before = {name: dict(primitive.compiled) for name, primitive in TABLE.items()}
    for index in range(0, count, max(1, count // 40)):
        BREAKING.left = index
        with pytest.raises(error, match="broken off here"):
            operator(breakable)
        BREAKING.left = -1
        assert operator(breakable) == expected
        assert operator(f) == ALONE[next(n for n, o in EVERY.items() if o is operator)]
    assert {name: dict(primitive.compiled) for name, primitive in TABLE.items()} == before


def test_a_linear_map_broken_off_can_be_used_again() -> None:
    BREAKING.error, BREAKING.left = KeyboardInterrupt, -1
    _, push = linearize(breakable, 0.7)
    _, pull = vjp(breakable, 0.7)
    for linear in (push, pull):
        BREAKING.left, BREAKING.calls = -1, 0
        expected = linear(1.0)
        for index in range(BREAKING.calls):
            BREAKING.left = index
            with pytest.raises(KeyboardInterrupt):
                linear(1.0)
            BREAKING.left = -1
            assert linear(1.0) == expected


def test_an_interrupt_from_another_thread_leaves_nothing_behind() -> None:
    """Wherever in the machinery it strikes: between any two instructions."""
    expected = ALONE["nested"]
    caught: list[int] = []
    running = threading.Event()

    def work() -> None:
        while len(caught) < 20:
            try:
                running.set()
                while True:
                    assert EVERY["nested"](f) == expected
            except KeyboardInterrupt:
                caught.append(1)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    with switching(1e-5):
        while thread.is_alive() and len(caught) < 20:
            running.wait(1)
            running.clear()
            raise_in(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(KeyboardInterrupt))
            thread.join(0.002)
    thread.join(10)
    assert len(caught) == 20
    assert EVERY["nested"](f) == expected


# Memory.


@pytest.fixture
def quiet_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@every
@pytest.mark.usefixtures("quiet_collector")
def test_many_derivatives_leave_no_cycles_and_no_memory(operator: Callable[..., Any]) -> None:
    """100,000 gradients under HYPOTHESIS_PROFILE=deep, some hundreds of each operator else."""
    count = 100_000 if DEEP and operator is EVERY["grad"] else 300
    held: list[int] = []
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(3):
            for _ in range(count):
                operator(f)
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert gc.collect() == 0
    assert held[2] - held[1] < 2_000  # the first fills the lists of free objects


@pytest.mark.usefixtures("quiet_collector")
def test_derivatives_broken_off_leave_no_cycles() -> None:
    BREAKING.error = ZeroDivisionError
    for index in range(0, 200, 7):
        BREAKING.left = index % 40
        with suppress(ZeroDivisionError):
            grad(breakable)(0.7)
    BREAKING.left = -1
    assert gc.collect() == 0
