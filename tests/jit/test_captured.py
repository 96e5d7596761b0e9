"""What a compiled function captures: when that has changed, no answer is stale."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from fgrad import Node, Scalar, grad, jit, tanh
from fgrad.compiler.captured import Captured
from tests.jit.captures import CASES, Case, Plain, restore


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    restore()


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_is_noticed(case: Callable[[], Case], *, native: bool) -> None:
    f, change = case()
    quick = jit(f, native=native)
    before = [quick(1.5), quick(1.5), quick(2.5)]
    assert before == [f(1.5), f(1.5), f(2.5)]
    change()
    after = [quick(1.5), quick(1.5), quick(2.5)]
    assert after == [f(1.5), f(1.5), f(2.5)]
    assert after != before


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nothing_changes_by_itself(case: Callable[[], Case]) -> None:
    f, _ = case()
    f(1.5)  # fills what is filled once
    captured = Captured(f)
    f(1.5)
    assert not captured.changed()


def test_a_callable_argument_may_change_within() -> None:
    thing = Plain(2.0)
    quick = jit(lambda f, x: f(x), native=False)
    assert [quick(thing, 3.0), quick(thing, 4.0)] == [6.0, 8.0]
    thing.k = 5.0
    assert [quick(thing, 3.0), quick(thing.method, 4.0)] == [15.0, 20.0]


def test_the_self_of_a_method_may_change() -> None:
    class Line:
        def __init__(self, slope: float) -> None:
            self.slope = slope

        @jit
        def at(self, x: float) -> float:
            return self.slope * x

    line, other = Line(2.0), Line(3.0)
    assert [line.at(1.0), other.at(1.0), line.at(2.0)] == [2.0, 3.0, 4.0]
    line.slope = 7.0
    assert [line.at(1.0), other.at(1.0), line.at(2.0)] == [7.0, 3.0, 14.0]


def test_a_derivative_taken_around_is_never_lost() -> None:
    """A compiled function that reads a number of a differentiation around it, directly or not."""
    box = SimpleNamespace(k=1.0)
    through_box = jit(lambda y: box.k * y * y, native=False)
    assert through_box(3.0) == 9.0

    def outer(x: Scalar) -> Scalar:
        box.k = x
        through_cell = jit(lambda y: x * tanh(y), native=False)
        return through_box(3.0) + through_cell(2.0) + through_cell(2.0) * through_box(1.0)

    plain = tanh(2.0)
    assert grad(outer)(2.0) == 9.0 + plain + 2.0 * plain + plain * 2.0
    box.k = 4.0
    assert through_box(3.0) == 36.0


def test_a_function_that_writes_what_it_reads_is_left_alone() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return x * len(calls)

    quick = jit(f, native=False)
    assert [quick(2.0), quick(2.0), quick(2.0)] == [2.0, 4.0, 6.0]
    assert calls == [2.0, 2.0, 2.0]
    assert not any(isinstance(x, Node) for x in calls)


def test_an_argument_changed_in_place_is_changed_in_every_call() -> None:
    def f(xs: list[float]) -> float:
        xs[0] = xs[0] * 2
        return xs[0]

    quick, xs = jit(f, native=False), [1.0]
    assert [quick(xs), quick(xs), quick(xs)] == [2.0, 4.0, 8.0]
    assert xs == [8.0]


def test_captured_values_that_change_all_the_time_are_given_up_with_a_warning() -> None:
    box = SimpleNamespace(k=0.0)
    quick = jit(lambda x: x * box.k, native=False)

    def answers() -> Iterator[float]:
        for i in range(400):
            box.k = float(i)
            yield quick(2.0)

    with pytest.warns(RuntimeWarning, match="more than 256 kinds") as warned:
        found = list(answers())
    assert found == [2.0 * i for i in range(400)]
    assert len(warned) == 1
    assert warned[0].filename == __file__


class Raising:
    """A proxy of nothing yet: whatever is asked of it, it raises."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError(name)


class Answering:
    """Whatever is asked of it, it gives the same."""

    def __getattribute__(self, name: str) -> object:
        return 2.0


class Pretending:
    """A proxy, which says that it is another, and has what that has."""

    __slots__ = ("behind",)
    __class__ = property(lambda self: type(self.behind))  # type: ignore[assignment]  # as proxies do

    def __init__(self, behind: Any) -> None:
        self.behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def __call__(self, *args: Any) -> Any:
        return self.behind(*args)


@pytest.mark.parametrize("kind", [Raising, Answering])
def test_an_object_that_cannot_be_looked_at_is_no_obstacle(kind: type[Any]) -> None:
    thing = kind()
    quick = jit(lambda x: x * 2.0 if x > 0 else thing.rate * x)
    assert [quick(1.0), quick(2.0)] == [2.0, 4.0]


@pytest.mark.parametrize("native", [False, True])
def test_a_proxy_of_a_function_or_an_object_is_looked_into(*, native: bool) -> None:
    rate = [2.0]
    scale, plain = Pretending(lambda x: x * rate[0]), Plain(3.0)
    for f in (scale, lambda x: scale(x)):
        rate[0] = 2.0
        quick = jit(f, native=native)
        assert [quick(1.0), quick(2.0)] == [2.0, 4.0]
        rate[0] = 5.0
        assert quick(2.0) == 10.0
    behind = Pretending(plain)
    quick = jit(lambda x: x * behind.k, native=native)
    assert [quick(1.0), quick(2.0)] == [3.0, 6.0]
    plain.k = 5.0
    assert quick(2.0) == 10.0


class Hiding:
    """As proxies that are written in C: only `__wrapped__` leads on."""

    __slots__ = ("behind",)
    __wrapped__ = property(lambda self: self.behind())

    def __init__(self, behind: Any) -> None:
        self.behind = weakref.ref(behind)

    def __call__(self, *args: Any) -> Any:
        return self.__wrapped__(*args)


def test_what_a_proxy_hides_is_looked_into() -> None:
    rate = [2.0]

    def scaled(x: Any) -> Any:
        return x * rate[0]

    scale = Hiding(scaled)
    quick = jit(lambda x: scale(x))
    assert [quick(1.0), quick(2.0)] == [2.0, 4.0]
    rate[0] = 5.0
    assert quick(2.0) == 10.0


class Unlisted(list[float]):
    def __iter__(self) -> NoReturn:
        raise RuntimeError("not now")


class Unpaired(tuple[float, ...]):
    __slots__ = ()

    def __iter__(self) -> NoReturn:
        raise ValueError("not now")


class Closed:
    def tobytes(self) -> NoReturn:
        raise ValueError("closed")


@pytest.mark.parametrize("kind", [Unlisted, Unpaired, Closed])
@pytest.mark.parametrize("native", [False, True])
def test_what_cannot_be_looked_into_may_change(kind: type[Any], *, native: bool) -> None:
    thing, rate = kind(), [2.0]
    quick = jit(lambda x: x * rate[0] if x > 0 else x * len(thing), native=native)
    with pytest.warns(RuntimeWarning, match="more than 256 kinds"):
        assert [quick(float(x)) for x in range(1, 300)] == [2.0 * x for x in range(1, 300)]
    rate[0] = 5.0
    assert quick(2.0) == 10.0
