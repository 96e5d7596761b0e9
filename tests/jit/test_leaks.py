"""A number that would leave the graph under jit is refused, with the line; never is it silent."""

from __future__ import annotations

import copy
import gc
import json
import logging
import math
import pickle
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import count
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest

from fgrad import Node, Value, constant, grad, jit, log, value
from fgrad.compiler.trace import trace
from fgrad.watch import WATCHERS, watching
from tests.jit.runners import Function, outcome

LEAKS: Final[dict[str, Function]] = {
    "value": lambda x: x * value(x),
    "float": lambda x: x * float(x),
    "int": lambda x: x * int(x),
    "math": lambda x: math.sin(x),
    "floor": lambda x: x * math.floor(x),
    "ceil": lambda x: x * math.ceil(x),
    "trunc": lambda x: x * math.trunc(x),
    "round": lambda x: x * round(x),
    "fmean": lambda x: x * statistics.fmean([x, 2.0]),
    "mean": lambda x: x * statistics.mean([x, 2.0]),
    "a deviation": lambda x: x * statistics.stdev([x, 1.0]),
    "digits": lambda x: x * round(x, 1),
    "a cache": lambda x: x * lru_cache(float)(x),
    "divmod": lambda x: divmod(x, 2.0)[0] * x,
    "complex": lambda x: complex(x).real,
    "is_integer": lambda x: x if x.is_integer() else -x,
    "hex": lambda x: x * float.fromhex(x.hex()),
    "real": lambda x: x * x.real,
    "hash": lambda x: x * (hash(x) + 1),
    "a set": lambda x: x * len({x, 1.0}),
    "a dict": lambda x: {x: 1.0}[x] * x,
    "in a set": lambda x: x if x in {1.0, 2.0} else -x,
    "repr": lambda x: x * len(repr(x)),
    "str": lambda x: x * len(str(x)),
    "an f-string": lambda x: x * len(f"{x}"),
    "a format": lambda x: x * len(f"{x:.3f}"),
    "percent": lambda x: x * len("%.3f" % x),  # noqa: UP031 - a case
    "print": lambda x: (print(x), x)[1],  # noqa: T201 - a case
    "pickle": lambda x: x * len(pickle.dumps(x)),
    "a list's text": lambda x: x * len(str([x])),
    "numpy": lambda x: x * np.asarray([x], dtype=float)[0],
}
STRANGERS: Final[dict[str, Function]] = {
    "a mean of numpy": lambda x: x * np.mean(np.array([x, 1.0]), dtype=float),
    "numpy's functions": lambda x: np.sin(x),
    "json": lambda x: x * len(json.dumps([x])),
    "Fraction": lambda x: x * Fraction(x).numerator,
    "Decimal": lambda x: x * float(Decimal(x)),
}
"""What refuses nodes of its own accord."""


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    yield
    assert WATCHERS == []
    assert watching() is None


@pytest.mark.parametrize("f", [*LEAKS.values(), *STRANGERS.values()], ids=[*LEAKS, *STRANGERS])
def test_a_leak_is_an_error_that_names_the_line_and_a_remedy(f: Function) -> None:
    f(2.5)  # no error without jit
    with pytest.raises(TypeError) as leak:
        jit(f)(2.5)
    assert f"{__file__}, line {f.__code__.co_firstlineno}" in str(leak.value)
    assert "write" in str(leak.value)
    assert "outside the compiled function" in str(leak.value)


@pytest.mark.parametrize("f", LEAKS.values(), ids=LEAKS)
def test_a_leak_that_the_function_hides_is_never_compiled(f: Function) -> None:
    def hiding(x: Any) -> Any:
        with suppress(TypeError, AttributeError):
            return f(x)
        return 2.0 * x

    quick = jit(hiding, native=False)
    for x in (2.0, 3.5, 2.5, 7.0, 2.0):
        assert outcome(quick, x) == outcome(hiding, x)


def test_what_does_not_leak_is_no_error() -> None:
    for f in (
        lambda x: copy.deepcopy(x) * copy.copy(x),
        lambda x: x * constant(x),
        lambda x: x if x == None else 2 * x,  # noqa: E711 - a case
        lambda x: x if x != "text" else 2 * x,
        lambda x: x if x in ("text", None, 3.5) else 2 * x,
        lambda x: x if [x] == [x] else 2 * x,
        lambda x: x if hasattr(x, "__float__") else 2 * x,
        lambda x: x if x < 10**400 else 2 * x,
        lambda x: x if x > Fraction(1, 3) else 2 * x,
        lambda x: x if x > Decimal("0.1") else 2 * x,
        lambda x: x if x > 2**53 + 1 else 2 * x,
        lambda x: x if x == np.float64(2.5) else 2 * x,
        lambda x: x or 2 * x,
        lambda x: x and 2 * x,
    ):
        quick = jit(f, native=False)
        for x in (2.5, 3.5, 0.1, 1 / 3, 0.0, -1.0, 2.0**53, 2.0**53 + 2):
            assert outcome(quick, x) == outcome(f, x), x


def test_the_error_is_that_of_the_function_where_it_has_one() -> None:
    for f in (lambda x: range(x), lambda x: [1][x], lambda x: x.nothing, lambda x: x < "text"):
        assert outcome(jit(f), 2.0) == outcome(f, 2.0)


def test_the_words_of_a_number_may_be_had_around_a_compiled_function() -> None:
    quick = jit(lambda x: x * x)
    assert grad(lambda x: quick(x) * value(x))(3.0) == 18.0


INSTEAD: Final[list[tuple[Function, str]]] = [
    (math.floor, "write fgrad.floor(x) instead of math.floor(x)"),
    (math.ceil, "write fgrad.ceil(x) instead of math.ceil(x)"),
    (math.trunc, "write fgrad.trunc(x) instead of math.trunc(x)"),
    (int, "write fgrad.trunc(x) instead of int(x)"),
    (round, "write fgrad.round(x) instead of round(x)"),
    (lambda x: divmod(x, 2.0), "write x // y and x % y instead of divmod(x, y)"),
    (lambda x: divmod(2.0, x), "write x // y and x % y instead of divmod(x, y)"),
    (lambda x: x.is_integer(), "write x % 1 == 0 instead of x.is_integer()"),
    (lambda x: x.real, "write x instead of x.real"),
    (math.isnan, "write fgrad.sin(x) instead of math.sin(x), and so for every function"),
]


@pytest.mark.parametrize(("use", "remedy"), INSTEAD)
def test_the_remedy_fits_what_was_written(use: Function, remedy: str) -> None:
    for transform in (jit, grad):
        with pytest.raises(TypeError) as leak:
            transform(lambda x: x if use(x) else -x)(2.5)
        assert remedy in str(leak.value)


def test_the_remedies_of_what_has_no_row() -> None:
    for use, remedy in (
        (statistics.mean, "write fgrad.mean(xs) instead of statistics.mean(xs)"),
        (set, "write x in [1.0, 2.0], which compares, for a set or a dict"),
        (str, "return the number, and write out what the compiled function gives"),
    ):
        with pytest.raises(TypeError) as leak:
            jit(lambda x, use=use: x if use([x]) else -x)(2.5)
        assert remedy in str(leak.value)
        assert "fgrad.sin" not in str(leak.value)


def test_a_leak_in_a_log_is_an_error_and_not_one_of_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.Logger("fgrad of tests")  # noqa: LOG001 - one that nobody else has
    logger.addHandler(logging.StreamHandler())

    def f(x: Any) -> Any:
        logger.warning("at %s", x)
        return 2 * x

    f(1.0)  # what a logger remembers of its level changes it
    for quick in (jit(f), jit(grad(f))):
        with pytest.raises(TypeError, match="the text of a number") as leak:
            quick(2.5)
        assert f"{__file__}, line {f.__code__.co_firstlineno + 1}" in str(leak.value)
    assert "Logging error" not in capsys.readouterr().err


def test_a_leak_that_was_translated_is_told_as_it_was() -> None:
    def translating(x: Any) -> Any:
        try:
            return float(x)
        except TypeError:
            raise LookupError("no rate") from None

    with pytest.raises(TypeError, match=r"line \d+: float\(x\) of a number that jit is tracing"):
        jit(translating)(2.5)


def test_the_words_of_fgrad_itself_are_no_leak() -> None:
    """An error that shows a number is told as it is, with the line."""
    f = lambda x: Value(x).data
    with pytest.raises(TypeError) as refusal:
        jit(f)(2.5)
    assert f"{__file__}, line {f.__code__.co_firstlineno}: " in str(refusal.value)
    assert "Node(2.5, leaf)" in str(refusal.value)
    assert "for ever" not in str(refusal.value)


def test_a_leak_without_a_line_of_its_own_has_that_of_the_call() -> None:
    with pytest.raises(TypeError, match="float") as leak:
        jit(math.sqrt)(2.5)
    assert str(leak.value).startswith(f"{__file__}, line ")


# What has no program.


def with_caught_error(x: Any) -> Any:
    try:
        return 1 / (x - x)
    except ZeroDivisionError:
        return x


def with_hidden_leak(x: Any) -> Any:
    with suppress(TypeError):
        return float(x)
    return 2.0 * x


def with_state(x: Any, seen: list[Any] = []) -> Any:  # noqa: B006 - the point
    seen.append(x)
    return x


WITHOUT: Final[list[tuple[Function, str]]] = [
    (lambda x: 3 if x > 0 else 4, "answer: expected float, got int 3"),
    (lambda x: {"a": [x, x > 0, 1j]}, "answer['a'][2]: expected float, got complex"),
    (lambda x: lambda t: x * t, "it returned other things from the same numbers"),
    (lambda x: x if isinstance(x, float) else 2 * x, "different results from the same numbers"),
    (lambda x: np.array([x, x], dtype=np.float32), "an array of numbers that are no floats"),
    (with_caught_error, "an error is raised in it, and caught"),
    (with_hidden_leak, "float(x) of a number that jit is tracing"),
    (with_state, "it changes its arguments, or what it captures"),
]


@pytest.mark.parametrize("show", ["program", "source"])
@pytest.mark.parametrize(("f", "reason"), WITHOUT)
def test_what_has_no_program_says_why(f: Function, reason: str, show: str) -> None:
    quick = jit(f)
    with pytest.raises(TypeError) as refusal:
        getattr(quick, show)(2.5)
    assert str(refusal.value).startswith(f"{quick!r} has no program here, and is called as it is: ")
    assert reason in str(refusal.value)
    assert all(type(x) is float for x in with_state.__defaults__[0])  # type: ignore[index]  # its list


def test_what_the_function_raises_its_program_raises() -> None:
    for f in (lambda x: 1 / (x - x), lambda x: log(-x), lambda x: x + "text"):
        with pytest.raises(Exception) as own:  # noqa: PT011 - whatever it is
            f(2.5)
        with pytest.raises(type(own.value)) as shown:
            jit(f).program(2.5)
        assert str(shown.value) == str(own.value)


# What a trace cannot see, and two runs tell.


def by_isinstance(x: Any) -> Any:
    return 2 * x if isinstance(x, float) else 3 * x


COUNTER: Final = count(1)

CONTRADICTIONS: Final[dict[str, Function]] = {
    "isinstance": by_isinstance,
    "random": lambda x: x * random.random(),
    "the clock": lambda x: x + time.perf_counter_ns(),
    "a counter": lambda x: x * next(COUNTER),
    "numpy adding up": lambda x: np.sum(np.array([x, 0.1, 0.3, 1e16] * 40) * 1.1) * x,
}


@pytest.mark.parametrize("f", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_two_runs_that_contradict_each_other_are_told_of_once(f: Function) -> None:
    quick = jit(f, native=False)
    with pytest.warns(RuntimeWarning, match="different results") as warned:
        answers = [quick(2.5), quick(2.5)]
    assert len(warned) == 1
    assert warned[0].filename == __file__
    if f in (by_isinstance, CONTRADICTIONS["numpy adding up"]):
        assert answers == [f(2.5), f(2.5)]
    else:
        assert answers[0] != answers[1]


def test_a_path_found_later_may_contradict_too() -> None:
    f = lambda x: x if x > 0 else random.random()
    quick = jit(f, native=False)
    assert [quick(1.0), quick(2.0)] == [1.0, 2.0]
    with pytest.warns(RuntimeWarning, match="different results"):
        quick(-1.0)
    assert quick(-1.0) != quick(-1.0)
    assert quick(3.0) == 3.0


def test_a_state_that_jit_cannot_see_holds_no_nodes() -> None:
    box = SimpleNamespace(seen=None)

    def f(x: Any) -> Any:
        box.seen = x
        return 2 * x

    quick = jit(f, native=False)
    for x in (1.0, 2.0):
        assert quick(x) == 2 * x
        assert box.seen == x
        assert not isinstance(box.seen, Node)


# What may interrupt a trace.


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, RecursionError])
def test_whatever_ends_a_trace_leaves_nothing_behind(error: type[BaseException]) -> None:
    def f(x: Any) -> Any:
        if isinstance(x, Node):
            raise error
        return 2 * x

    quick = jit(f, native=False)
    for _ in range(2):
        with suppress(KeyboardInterrupt, SystemExit):
            assert quick(1.0) == 2.0
        assert WATCHERS == []
        assert watching() is None
    assert jit(lambda x: x * x)(3.0) == 9.0


def test_an_interrupt_at_any_line_of_a_function_leaves_nothing_behind() -> None:
    def f(x: Any) -> Any:
        y = x * x
        return y if y > 0 else 1 / y

    def interrupted(after: int) -> bool:
        steps = count(1)

        def interrupt(frame: Any, event: str, arg: object) -> Any:
            if "contextlib" in frame.f_code.co_filename or frame.f_code.co_name == "watch":
                return None
            if next(steps) == after:
                raise KeyboardInterrupt
            return interrupt

        before = sys.gettrace()
        sys.settrace(interrupt)
        try:
            trace(f, [2.0], lambda leaves: (leaves, {}))
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
        return False

    gc.disable()  # what it calls would be interrupted, too
    try:
        for after in count(1):
            if not interrupted(after):
                break
            assert WATCHERS == [], after
            assert watching() is None
    finally:
        gc.enable()
    assert after > 20


def test_errors_of_arguments_do_not_count_as_paths() -> None:
    def f(x: float) -> float:
        if x < 0:
            raise ValueError("below zero")
        return x if x < 1 else x * x

    quick = jit(f, native=False)
    for i in range(200):
        with pytest.raises(ValueError, match="below zero"):
            quick(-1.0 - i)
    assert [quick(0.5), quick(2.0), quick(3.0)] == [0.5, 4.0, 9.0]
    assert len(quick.program(2.0).lines) == 1


def test_what_cannot_be_compiled_is_given_up_with_one_warning() -> None:
    quick: Callable[[float], int] = jit(lambda x: 3 if x > 0 else 4)
    with pytest.warns(RuntimeWarning, match=r"64 calls.*\(answer: expected float") as warned:
        answers = [quick(float(i - 100)) for i in range(200)]
    assert answers == [4] * 101 + [3] * 99
    assert len(warned) == 1
    assert warned[0].filename == __file__
