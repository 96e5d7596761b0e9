"""Predicates: the answers of Python's `math`, for floats and within derivatives."""

from __future__ import annotations

import math
from itertools import product
from typing import Any, Final

import pytest

import fgrad
from fgrad.exercise import Value

# Handed lambdas of anything: what types these have is tested in tests/typing.
grad: Any = fgrad.grad
jit: Any = fgrad.jit

NUMBERS: Final = [
    *(0.0, -0.0, 1.0, 1.0 + 1e-10, 1.0 + 1e-8, -1.0, 1e-10, 5e-324, 1e308, -1.7e308),
    *(math.inf, -math.inf, math.nan),
]


def answers(call: Any) -> list[bool]:
    """What `call` answers for each number, as it is and as a number that is differentiated."""
    found = []
    for x in NUMBERS:
        seen: list[bool] = []
        grad(lambda y, seen=seen: seen.append(call(y)) or y)(x)
        assert seen == [call(x)]
        assert type(seen[0]) is bool
        found += seen
    return found


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_a_number_is_what_it_is_to_python(name: str) -> None:
    assert answers(getattr(fgrad, name)) == [getattr(math, name)(x) for x in NUMBERS]
    assert getattr(fgrad, name)(3) == getattr(math, name)(3)


@pytest.mark.parametrize(
    "tolerances", [{}, {"rel_tol": 1e-7}, {"abs_tol": 1e-9}, {"rel_tol": 0.0}, {"rel_tol": 2.0}]
)
def test_numbers_are_close_where_they_are_to_python(tolerances: dict[str, float]) -> None:
    for other in NUMBERS:
        expected = [math.isclose(x, other, **tolerances) for x in NUMBERS]
        assert answers(lambda x, y=other: fgrad.isclose(x, y, **tolerances)) == expected
        assert answers(lambda x, y=other: fgrad.isclose(y, x, **tolerances)) == expected


def test_numbers_are_close_by_keyword_too() -> None:
    assert fgrad.isclose(a=1.0, b=1.0) is math.isclose(a=1.0, b=1.0) is True


def test_a_predicate_is_a_branch_of_a_compiled_function() -> None:
    """It is asked anew at each call, and not once for all."""

    def f(x: Any, y: Any) -> Any:
        if fgrad.isnan(x):
            return y
        if not fgrad.isfinite(y):
            return 2.0 * x
        return 3.0 * x if fgrad.isclose(x, y) else x * y

    compiled, slopes = jit(f), jit(grad(f))
    for x, y in product(NUMBERS, NUMBERS):
        for ours, same in ((compiled, f), (slopes, grad(f))):
            assert repr(ours(x, y)) == repr(same(x, y)), (x, y)


def test_what_is_no_number_is_refused() -> None:
    stranger: Any = Value(1.0)
    for name in ("isnan", "isinf", "isfinite"):
        with pytest.raises(TypeError, match=f"{name}: expected a real number, got Value"):
            getattr(fgrad, name)(stranger)
    with pytest.raises(TypeError, match="b of isclose: expected a real number, got str"):
        fgrad.isclose(1.0, "1")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match=r"isclose: expected tolerances from 0 on, got -1.0 and 0"):
        fgrad.isclose(1.0, 1.0, rel_tol=-1.0)
    with pytest.raises(TypeError, match="rel_tol of isclose: expected a real number, got str 'a'"):
        fgrad.isclose(1.0, 1.0, rel_tol="a")  # type: ignore[arg-type]  # as above
    with pytest.raises(TypeError, match="abs_tol of isclose: expected a real number, got NoneType"):
        fgrad.isclose(1.0, 1.0, abs_tol=None)  # type: ignore[arg-type]  # as above
