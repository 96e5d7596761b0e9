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
    with pytest.warns(RuntimeWarning, match=r"need a float.*uncompiled from now on"):
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
