"""A function that writes, whatever it writes into, does under jit what it does without."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest

from fgrad import Node
from fgrad.compiler.captured import Captured
from tests.jit.runners import Function, Runner, bits


def writes_a_constant(d: Any, x: Any) -> Any:
    d["k"] = 1.0
    return d["a"] * x


def writes_an_argument(d: Any, x: Any) -> Any:
    d["k"] = x
    return d["a"] * x


def writes_back(d: Any, x: Any) -> Any:
    d["k"] = d["k"]
    return d["a"] * x


def exchanges(d: Any, x: Any) -> Any:
    d["a"], d["k"] = d["k"], d["a"]
    return d["a"] * x


def adds_a_key(d: Any, x: Any) -> Any:
    d.setdefault("new", 3.0)
    return d["a"] * x


def takes_a_key(d: Any, x: Any) -> Any:
    return d.pop("k") * x if "k" in d else d["a"] + x


def writes_below(d: Any, x: Any) -> Any:
    d["below"][0] = 1.0
    return d["a"] * x


def writes_into_an_array(d: Any, x: Any) -> Any:
    d["array"][1] = 1.0
    return d["a"] * x


WRITERS: Final = (
    *(writes_a_constant, writes_an_argument, writes_back, exchanges, adds_a_key, takes_a_key),
    *(writes_below, writes_into_an_array),
)


def given(k: float, below: float) -> dict[str, Any]:
    return {"a": 2.0, "k": k, "below": [below, 5.0], "array": np.array([1.0, below])}


@pytest.mark.parametrize("f", WRITERS)
def test_an_argument_that_already_holds_what_is_written(f: Function, runner: Runner) -> None:
    """The first call changes nothing, and later ones do."""
    quick = runner(f)
    for k, below, x in ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (7.0, 6.0, 3.0), (2.0, -0.0, 7.0)):
        mine, its = given(k, below), given(k, below)
        assert bits(quick(mine, x)) == bits(f(its, x))
        assert bits(mine) == bits(its)


def test_a_function_that_writes_back_is_compiled_all_the_same(runner: Runner) -> None:
    quick: Any = runner(writes_back)
    assert [quick(given(k, 1.0), 3.0) for k in (1.0, 2.0)] == [6.0, 6.0]
    assert len(quick.program(given(1.0, 1.0), 3.0).lines) == 1


@dataclass
class Line:
    slope: float

    @cached_property
    def twice(self) -> float:
        return 2 * self.slope


def test_a_record_that_is_given_an_attribute(runner: Runner) -> None:
    def f(line: Any, x: Any) -> Any:
        line.last = x
        return line.slope * x

    quick, line = runner(f), Line(2.0)
    for x in (1.0, 1.0, 3.0):
        assert quick(line, x) == 2.0 * x
        assert vars(line) == {"slope": 2.0, "last": x}


def test_a_record_that_remembers_what_it_computed_is_compiled(runner: Runner) -> None:
    quick: Any = runner(lambda line, x: line.twice * x)
    assert [quick(Line(k), 3.0) for k in (1.0, 2.0)] == [6.0, 12.0]
    assert len(quick.program(Line(1.0), 3.0).lines) == 2


@pytest.mark.parametrize("items", [[1.0], []])
def test_an_argument_that_grows(items: list[float], runner: Runner) -> None:
    def f(xs: Any, x: Any) -> Any:
        xs.append(x)
        return sum(xs)

    quick, mine, its = runner(f), [*items], [*items]
    assert [quick(mine, x) for x in (1.0, 1.0, 2.0)] == [f(its, x) for x in (1.0, 1.0, 2.0)]
    assert mine == its


def test_what_is_captured_already_holds_what_is_written(runner: Runner) -> None:
    box = SimpleNamespace(last=2.0, log=[1.0])

    def f(x: Any) -> Any:
        box.last = x
        return x * box.log[-1]

    quick = runner(f)
    for x in (box.last, box.last, 3.0, 3.0):
        assert quick(x) == x
        assert box.last == x
        assert not isinstance(box.last, Node)
    box.log.append(5.0)
    assert [quick(2.0), quick(2.0)] == [10.0, 10.0]


def test_no_node_stays_behind_whatever_a_trace_comes_to(runner: Runner) -> None:
    box: Any = SimpleNamespace(last=2.0)

    def leaks(x: Any) -> Any:
        box.last = x
        return x * int(x)

    def writes_more(d: Any) -> Any:
        box.last = d["a"]
        d["k"] = 1.0
        return d["a"] * 2

    with pytest.raises(TypeError, match=r"fgrad\.trunc"):
        runner(leaks)(box.last)
    assert type(box.last) is float
    assert runner(writes_more)({"a": box.last, "k": 1.0}) == 4.0
    assert type(box.last) is float


def test_a_captured_list_that_grows_and_shrinks_again(runner: Runner) -> None:
    stack = [1.0]

    def f(x: Any) -> Any:
        stack.append(x)
        total = sum(stack)
        stack.pop()
        return total

    quick = runner(f)
    captured = Captured(f)
    assert [quick(2.0), quick(3.0)] == [3.0, 4.0]
    stack[0] = 10.0
    assert [quick(2.0), quick(3.0)] == [12.0, 13.0]
    assert captured.changed()


def test_a_captured_list_that_grows(runner: Runner) -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x)
        return x * 2

    quick = runner(f)
    assert [quick(x) for x in (1.0, 1.0, 2.0)] == [2.0, 2.0, 4.0]
    assert seen == [1.0, 1.0, 2.0]
    assert not any(isinstance(x, Node) for x in seen)


def test_a_cell_that_counts(runner: Runner) -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return x * 2

    quick = runner(f)
    assert [quick(x) for x in (1.0, 1.0, 2.0)] == [2.0, 2.0, 4.0]
    assert calls == 3
