"""Names and cells that have nothing in them yet, and functions that give them something."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from fgrad import jit

both = pytest.mark.parametrize("native", [False, True])


def defined(source: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "tests.jit.elsewhere"}
    exec(source, space)  # noqa: S102 - a module of its own, whose globals the test changes
    return space


@both
def test_a_global_that_comes_and_goes_is_noticed(*, native: bool) -> None:
    space = defined("def f(x):\n try: return x * rate\n except NameError: return x")
    quick = jit(space["f"], native=native)
    assert [quick(2.0), quick(3.0)] == [2.0, 3.0]
    space["rate"] = 2.0
    assert [quick(2.0), quick(3.0)] == [4.0, 6.0]
    del space["rate"]
    assert [quick(2.0), quick(3.0)] == [2.0, 3.0]


@both
def test_a_global_that_comes_to_hide_a_builtin_is_noticed(*, native: bool) -> None:
    space = defined("def f(x): return abs(x) + 1")
    quick = jit(space["f"], native=native)
    assert [quick(-2.0), quick(-3.0)] == [3.0, 4.0]
    space["abs"] = lambda x: x
    assert [quick(-2.0), quick(-3.0)] == [-1.0, -2.0]


@both
@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("def f(x):\n global last\n last = x\n return x * 2", lambda space: space["last"]),
        ("def f(x):\n f.last = x\n return x * 2", lambda space: space["f"].last),
        (
            "out = []\ndef f(x):\n keep = out.append\n keep(x)\n return x * 2",
            lambda s: s["out"][-1],
        ),
    ],
    ids=["global", "attribute", "list"],
)
def test_what_a_function_keeps_it_keeps_in_every_call(
    source: str, kept: Any, *, native: bool
) -> None:
    space = defined(source)
    quick = jit(space["f"], native=native)
    for x in (1.0, 2.0, 3.0):
        assert quick(x) == 2 * x
        assert (kept(space), type(kept(space))) == (x, float)


@both
def test_a_cell_that_is_filled_later_is_noticed(*, native: bool) -> None:
    def made() -> tuple[Any, Any]:
        def f(x: Any) -> Any:
            try:
                return x * rate
            except NameError:
                return x

        def fill(number: float) -> None:
            nonlocal rate
            rate = number

        if made is None:
            rate = 0.0
        return f, fill

    f, fill = made()
    quick = jit(f, native=native)
    assert [quick(2.0), quick(2.0)] == [2.0, 2.0]
    for rate in (4.0, 5.0):
        fill(rate)
        assert [quick(2.0), quick(3.0)] == [2 * rate, 3 * rate]


@both
def test_what_a_bound_builtin_or_a_view_reads_may_change(*, native: bool) -> None:
    table = {"rate": 2.0}
    get, values = table.get, table.values()
    for f in (lambda x: x * get("rate"), lambda x: x * sum(values)):
        quick = jit(f, native=native)
        table["rate"] = 2.0
        assert [quick(1.0), quick(3.0)] == [2.0, 6.0]
        table["rate"] = 5.0
        assert [quick(1.0), quick(3.0)] == [5.0, 15.0]


@both
@pytest.mark.parametrize(
    "read",
    ['globals()["rate"]', 'globals().get("rate")', 'getattr(own, "rate")', 'vars(own)["rate"]'],
)
def test_a_global_that_is_read_by_its_text_is_noticed(read: str, *, native: bool) -> None:
    own = ModuleType("own")
    exec(f"def f(x): return x * {read}", vars(own))  # noqa: S102 - as above
    own.rate = 2.0  # type: ignore[attr-defined]  # a module takes any
    own.own = own  # type: ignore[attr-defined]  # as above
    quick = jit(own.f, native=native)
    assert [quick(1.0), quick(2.0)] == [2.0, 4.0]
    own.rate = 5.0  # type: ignore[attr-defined]  # as above
    assert quick(2.0) == 10.0
