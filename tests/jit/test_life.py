"""The life of compiled functions: threads, tasks, pickles, forks, how many there are."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import resource
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from multiprocessing import get_context
from operator import length_hint
from types import FrameType
from typing import Any, Final

import pytest

from fgrad import Scalar, grad, hessian, hvp, jacobian, jit, sin, tanh, value_and_grad
from fgrad.watch import WATCHERS
from tests.jit.runners import Runner, bits
from tests.switching import switching


def wave(x: Any, y: Any) -> Any:
    """A function of many paths."""
    total = x * 0.0
    for k in range(1, 6):
        total = total + (sin(k * x) if total + x > y / k else tanh(y - k * x))
    return total


POINTS = [(0.37 * i % 3 - 1, 0.61 * i % 2) for i in range(200)]
EXPECTED = [bits(value_and_grad(wave)(*point)) for point in POINTS]

quick_wave = jit(wave)


@jit
def decorated(x: float) -> float:
    return x * x


class Holder:
    @jit
    def method(self, x: float) -> float:
        return x * 2


@pytest.fixture
def _quick_switches() -> Iterator[None]:
    with switching(1e-6):
        yield


# Threads and tasks.


@pytest.mark.usefixtures("_quick_switches")
def test_threads_that_trace_at_once_give_what_each_gives_alone(runner: Runner) -> None:
    """First calls and misses at once, each thread beginning somewhere else."""
    for _ in range(3):
        run, start = runner(value_and_grad(wave)), threading.Barrier(4)

        def all_points(offset: int, run: Any = run, start: Any = start) -> list[object]:
            start.wait()
            found = [bits(run(*point)) for point in POINTS[offset:] + POINTS[:offset]]
            return found[len(POINTS) - offset :] + found[: len(POINTS) - offset]

        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(all_points, (0, 50, 100, 150)):
                assert found == EXPECTED
    assert WATCHERS == []


@pytest.mark.usefixtures("_quick_switches")
def test_a_trace_hears_nothing_of_other_threads() -> None:
    """Others differentiate, compare and leave the graph, while one thread traces and traces."""
    done = threading.Event()
    errors: list[BaseException] = []

    def disturb() -> None:
        try:
            while not done.is_set():
                assert grad(lambda x: wave(x, 1.0) if x > 0 else x)(0.5) != 0
                grad(lambda x: x * len(repr(x)) * hash(x))(0.5)
        except BaseException as error:  # noqa: BLE001 - told of below
            errors.append(error)

    threads = [threading.Thread(target=disturb) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        lines = {str(jit(value_and_grad(wave)).program(0.3, 0.7)) for _ in range(40)}
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(lines) == 1


def test_tasks_that_take_turns(runner: Runner) -> None:
    run = runner(grad(wave))

    async def task(offset: int) -> list[object]:
        found = []
        for point in POINTS[offset::10]:
            found.append(bits(run(*point)))
            await asyncio.sleep(0)
        return found

    async def main() -> list[list[object]]:
        return await asyncio.gather(*map(task, range(10)))

    expected = [[bits(grad(wave)(*p)) for p in POINTS[offset::10]] for offset in range(10)]
    assert asyncio.run(main()) == expected


def test_a_coroutine_function_is_left_alone(runner: Runner) -> None:
    async def f(x: float) -> float:
        await asyncio.sleep(0)
        return x * 2

    run = runner(f)
    assert [asyncio.run(run(x)) for x in (1.0, 2.0)] == [2.0, 4.0]
    gc.collect()


def test_generators_are_consumed_within_and_left_alone_without(runner: Runner) -> None:
    run = runner(lambda x: sum(x * k for k in range(5)))
    assert [run(1.5), run(2.5)] == [15.0, 25.0]
    numbers = runner(lambda x: (x * k for k in range(3)))
    assert [list(numbers(x)) for x in (1.0, 2.0)] == [[0.0, 1.0, 2.0], [0.0, 2.0, 4.0]]


# Pickles, copies, forks.


@pytest.mark.parametrize("quick", [quick_wave, decorated, jit(wave, native=False)])
def test_a_compiled_function_is_pickled_by_the_name_of_its_function(quick: Any) -> None:
    args = (0.5,) if quick is decorated else (0.5, 0.25)
    again = pickle.loads(pickle.dumps(quick))  # noqa: S301 - our own
    assert bits(again(*args)) == bits(quick(*args))
    assert again.__name__ == quick.__name__


class Scale:
    def __init__(self, k: float) -> None:
        self.k = k
        self.quick = jit(self.times, native=False)

    def times(self, x: float) -> float:
        return self.k * x


def product(x: Any) -> Any:
    return x * x * sin(x)


@pytest.mark.parametrize(
    "make",
    [
        *(grad, value_and_grad, hessian, jacobian),
        lambda f: grad(f, argnums=(0,)),
        lambda f: grad(grad(f)),
        lambda f: hessian(jit(f)),
        lambda f: grad(jit(grad(f))),
        lambda f: partial(hvp, f, v=1.0),
    ],
)
def test_a_derivative_of_a_function_is_pickled_as_that(make: Any) -> None:
    quick = jit(make(product), native=False)
    quick(1.0)
    again = pickle.loads(pickle.dumps(quick))  # noqa: S301 - our own
    for x in (0.5, -2.0):
        assert bits(again(x)) == bits(make(product)(x))
    assert repr(again) == repr(quick)
    assert copy.copy(quick) is quick


def test_a_pool_of_processes_takes_a_derivative() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(jit(value_and_grad(product)), [0.5, -2.0]))
    assert found == [value_and_grad(product)(x) for x in (0.5, -2.0)]


def test_what_cannot_be_pickled_is_what_python_cannot_pickle() -> None:
    for quick in (jit(lambda x: x), jit(grad(lambda x: x))):
        with pytest.raises((pickle.PicklingError, AttributeError), match="<lambda>"):
            pickle.dumps(quick)


def test_the_copy_of_an_object_computes_with_the_copy() -> None:
    one = Scale(2.0)
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):  # noqa: S301 - our own
        other.k = 5.0
        assert [one.quick(3.0), other.quick(3.0)] == [6.0, 15.0]


def test_a_decorated_function_unpickles_as_itself() -> None:
    for thing in (decorated, Holder.method):
        assert pickle.loads(pickle.dumps(thing)) is thing  # noqa: S301 - our own
        assert copy.deepcopy(thing) is thing


def test_a_copy_keeps_what_was_asked_of_the_compiler() -> None:
    again = copy.deepcopy(jit(wave, native=False))
    assert again._native is False  # noqa: SLF001 - as no user sees it
    assert copy.copy(again)(0.5, 0.25) == wave(0.5, 0.25)


def test_a_bound_method_is_pickled() -> None:
    bound = pickle.loads(pickle.dumps(Holder().method))  # noqa: S301 - our own
    assert bound(1.5) == 3.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_goes_on_with_what_is_compiled(runner: Runner) -> None:
    run = runner(value_and_grad(wave))
    for point in POINTS[:5]:
        run(*point)
    child = os.fork()
    if child == 0:
        try:
            right = [bits(run(*point)) for point in POINTS] == EXPECTED
        finally:
            os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# How many.


@pytest.mark.parametrize("at", range(5))
def test_an_interrupt_leaves_the_garbage_collector_on(at: int) -> None:
    """At each line of what turns it off while a function is traced."""
    seen = count()

    def interrupt(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_name != "_without_collector":
            return interrupt if event == "call" else None
        if event == "line" and next(seen) == at:
            sys.settrace(None)
            raise KeyboardInterrupt
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        with suppress(KeyboardInterrupt):
            jit(sin)(1.0)
    finally:
        sys.settrace(before)
    off = not gc.isenabled()
    gc.enable()
    assert not off
    assert next(seen) > at


def test_compiled_functions_that_are_dropped_are_collected() -> None:
    def make(k: float) -> Callable[[float], float]:
        quick = jit(lambda x: x * k + sin(x) if x > 0 else k, native=False)
        quick(1.0)
        quick(-1.0)
        return quick

    some = weakref.ref(make(1.0))
    gc.collect()
    assert some() is None
    for _ in range(2):  # the second time nothing is new
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for i in range(500):
            make(float(i))
        gc.collect()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_000


def test_many_functions_made_and_never_called_are_collected() -> None:
    before = len(gc.get_objects())
    for i in range(10_000):
        jit(lambda x, i=i: x * i)
    gc.collect()
    assert len(gc.get_objects()) - before < 1_000


def test_after_64_paths_new_ones_run_uncompiled_and_one_warning_says_so(runner: Runner) -> None:
    def steps(x: Any) -> Any:
        count = 0.0
        while x > 1:
            x, count = x - 1, count + 1
        return x + count

    run = runner(steps)
    points = [k + 0.5 for k in range(100)]
    if run is steps:
        return
    with pytest.warns(RuntimeWarning, match="64 paths") as warned:
        answers = [run(x) for x in points + points]
    assert answers == [steps(x) for x in points + points]
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_after_256_kinds_of_arguments_new_ones_run_uncompiled() -> None:
    quick = jit(lambda x, n: x * n, native=False)
    with pytest.warns(RuntimeWarning, match="256 kinds") as warned:
        answers = [quick(1.5, n) for n in [*range(400), *range(400)]]
    assert answers == [1.5 * n for n in [*range(400), *range(400)]]
    assert len(warned) == 1


MANY: Final = 10_000


@pytest.mark.filterwarnings("ignore:.*256 kinds")
def test_a_kind_too_many_is_compiled_once_it_has_come_often() -> None:
    own = iter(range(MANY))  # which nobody looks into

    def f(x: Any, n: int) -> Any:
        next(own)
        return x * n

    quick = jit(f, native=False)
    for n in range(300):
        quick(1.5, n)
    for kind in (299, 298, 299):
        answers = [quick(float(x), kind) for x in range(20)]
        assert answers == [float(x) * kind for x in range(20)]
    before = length_hint(own)
    assert [quick(float(x), kind) for x in range(20) for kind in (298, 299)]
    assert length_hint(own) == before
    assert [quick(2.0, 0), quick(2.0, 1)] == [0.0, 2.0]
    assert length_hint(own) == before - 2  # the oldest had to go


@pytest.mark.filterwarnings("ignore:.*256 kinds")
def test_captured_values_that_have_come_to_rest_are_compiled_again() -> None:
    own, box = iter(range(MANY)), [0.0]

    def f(x: Any) -> Any:
        next(own)
        return x * box[0]

    quick = jit(f, native=False)
    for i in range(1_000):
        box[0] = float(i)
        assert quick(2.0) == 2.0 * i
    runs = MANY - length_hint(own)
    assert runs < 2 * 256 + 744 + 10  # of those too many only few are traced
    assert [quick(2.0) for _ in range(1_000)] == [1998.0] * 1_000
    before = length_hint(own)
    assert quick(3.0) == 2997.0
    assert length_hint(own) == before


def test_no_more_than_256_kinds_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["fgrad.compiler.jit"], "_MOST_KINDS", 8)
    quick: Any = jit(lambda x, n: x * n, native=False)
    points = [(float(x), n) for n in range(40) for x in range(40)]
    with pytest.warns(RuntimeWarning, match="more than 8 kinds"):
        answers = [quick(*point) for point in points]
    assert answers == [x * n for x, n in points]
    assert len(quick._compiled) == 8  # noqa: SLF001 - as no user sees it
    for n in range(1_000):
        quick(1.0, n)
    assert len(quick._left) <= 8  # noqa: SLF001 - as above


def test_a_nested_function_of_a_function_that_is_traced_is_part_of_it() -> None:
    inner = jit(lambda x, y: x * y, native=False)

    def outer(x: Scalar) -> Scalar:
        return inner(x, x) + inner(2.0, 3.0)

    quick = jit(outer, native=False)
    assert [quick(2.0), quick(3.0)] == [10.0, 15.0]
    assert [line.row.name for line in quick.program(2.0).lines] == ["mul", "add"]
