"""A function that refuses what is no float runs as it is; what fails on nodes is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fgrad import Node, jit

if TYPE_CHECKING:
    from tests.jit.runners import Function, Runner


def needs_a_float(x: Any) -> Any:
    if not isinstance(x, float):
        message = "need a float"
        raise TypeError(message)
    return 2 * x


def has_nothing(x: Any) -> Any:
    if isinstance(x, Node):
        raise AttributeError("nothing")  # noqa: TRY004 - as code may have it
    return 2 * x


def fails_and_says_so(x: Any) -> Any:
    try:
        return [2.0, 4.0][x] if isinstance(x, Node) else 2 * x
    except TypeError as error:
        message = "need a float"
        raise TypeError(message) from error


@pytest.mark.parametrize(
    "f", [needs_a_float, has_nothing, fails_and_says_so, lambda x: needs_a_float(x) + 0.0]
)
def test_a_function_that_refuses_nodes_runs_as_it_is(f: Function, runner: Runner) -> None:
    run = runner(f)
    assert [run(1.5), run(-2.0)] == [3.0, -4.0]


@pytest.mark.filterwarnings("error")
def test_why_it_runs_as_it_is() -> None:
    quick = jit(needs_a_float)
    with pytest.raises(TypeError, match=r"as it is: it raises TypeError .*nodes: need a float"):
        quick.program(1.5)
    with pytest.warns(RuntimeWarning, match=r"uncompiled from now on \(.*need a float\)"):
        assert [quick(float(x)) for x in range(100)] == [2.0 * x for x in range(100)]


def test_what_the_function_refuses_of_floats_it_refuses() -> None:
    with pytest.raises(TypeError, match=r"^need a float$"):
        jit(needs_a_float)("no float")


def kept_and_raised_later(x: Any) -> Any:
    kept = []
    try:
        kept.append([2.0, 4.0][x])
    except TypeError as error:
        kept.append(error)
    raise kept[0]


def raised_again(x: Any) -> Any:
    try:
        return [2.0, 4.0][x]
    except TypeError:  # noqa: TRY203 - which is the point
        raise


@pytest.mark.parametrize("f", [kept_and_raised_later, raised_again, lambda x: x.nothing])
def test_an_operation_that_fails_on_nodes_is_an_error_with_its_line(f: Function) -> None:
    def either(x: Any) -> Any:
        return f(x) if isinstance(x, Node) else x

    with pytest.raises(TypeError, match=r"test_refusals.py, line \d+: .*operators"):
        jit(either)(1.0)


def test_a_warning_comes_once_however_many_kinds_of_arguments_there_are() -> None:
    rate = [2.0]

    def f(x: Any, n: int) -> Any:
        return x * rate[0] if isinstance(x, float) else needs_a_float([n])

    def g(x: Any, n: int) -> Any:
        return n if x > 0 else rate[0]

    def all_kinds(function: Function) -> None:
        quick = jit(function, native=False)
        for n in range(4):
            rate[0] = float(n % 2)
            assert [quick(1.0, n) for _ in range(100)] == [function(1.0, n)] * 100

    for function, why in ((f, "need a float"), (g, "got int 0")):
        with pytest.warns(RuntimeWarning, match=f"in 64 calls.*{why}") as warned:
            all_kinds(function)
        assert len(warned) == 1
