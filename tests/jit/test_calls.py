"""How a compiled function is called: its signature, what goes in and out, what it is part of."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from functools import partial
from typing import Any, Final, NamedTuple

import attrs
import numpy as np
import pytest

from fgrad import Node, Scalar, grad, hessian, jit, sin, tanh, value_and_grad
from tests.jit.runners import Function, Runner, bits, outcome


class Colour(Enum):
    RED = 1
    BLUE = 2


class Number(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    x: Any
    y: Any


@attrs.frozen
class Params:
    w: list[Any]
    b: Any
    name: str = "linear"


@dataclass
class Data:
    x: Any
    on: bool = True


class Opaque:
    def __init__(self, k: float) -> None:
        self.k = k


def kinds(x: Any, *rest: Any, n: Any = 1, **named: Any) -> Any:
    """Says what it got."""
    total = x * n
    for item in (*rest, *named.values()):
        if isinstance(item, (float, Node)):
            total = total + item
    return total


CALLS: Final[list[tuple[Function, list[tuple[tuple[Any, ...], dict[str, Any]]]]]] = [
    (kinds, [((1.5,), {}), ((2.5,), {"n": 2}), ((2.5,), {"n": 2.0}), ((2.5,), {"n": True})]),
    (
        kinds,
        [((1.5, 2.5, 3.5), {}), ((1.5,), {"a": 2.5, "b": 3.5}), ((1.5,), {"b": 3.5, "a": 2.5})],
    ),
    (
        kinds,
        [((1.5, "a"), {}), ((1.5, None), {}), ((1.5, 2), {}), ((1.5, 2), {"n": Fraction(1, 3)})],
    ),
    (kinds, [((), {}), ((1.5,), {"x": 2.0}), (("text",), {})]),
    (lambda x, n: 10**n * x, [((1.5, k), {}) for k in (1, True, 1.0, 2, Number.ONE)]),
    (lambda x, n: {str(n): x}, [((1.5, k), {}) for k in (1, True, 2, Number.ONE, Fraction(1))]),
    (lambda x, c: x if c is Colour.RED else -x, [((1.5, c), {}) for c in (*Colour, Colour.RED)]),
    (lambda x, s: {s: x}, [((1.5, s), {}) for s in ("a", "b", "a")]),
    (lambda p: p["a"] * p["b"], [(({"a": 1.5, "b": 2.5},), {}), (({"b": 1.5, "a": 3.5},), {})]),
    (lambda p: list(p.items()), [(({1: 1.5},), {}), (({True: 1.5},), {}), (({1.0: 1.5},), {})]),
    (lambda p: [p.b, *p.w], [((Params([1.5, 2.5], 3.5),), {}), ((Params([1.5], 3.5),), {})]),
    (lambda p: Params([p.b], p.w[0], p.name), [((Params([1.5], 2.5, "other"),), {})]),
    (lambda p: Pair(p.y, (p.x, [p.x])), [((Pair(1.5, 2.5),), {}), ((Pair(3.5, 2.5),), {})]),
    (lambda p: p.x if p.on else -p.x, [((Data(1.5),), {}), ((Data(1.5, on=False),), {})]),
    (lambda p: Data(p.x * 2), [((Data(1.5),), {}), ((Data(2.5),), {})]),
    (lambda a: a * a, [((np.array([1.5, 2.5]),), {}), ((np.array([[1.5], [2.5]]),), {})]),
    (lambda a: {"sum": a[0] + a[1]}, [(((1.5, 2.5),), {}), (([1.5, 2.5],), {})]),
    (lambda a: a[0] * a[1], [(([1.5, 2],), {}), (([1.5, 3],), {}), (([1, 2],), {})]),
    (lambda t: t.k * t.k, [((Opaque(1.5),), {}), ((Opaque(2.5),), {})]),
    (lambda: 2.5, [((), {}), ((), {}), ((1.0,), {})]),
    (lambda x: None, [((1.5,), {}), ((2.5,), {})]),
    (lambda x: x, [((1.5,), {}), ((1,), {}), (("a",), {}), ((None,), {}), (([1.5],), {})]),
    (lambda x: x > 2, [((1.5,), {}), ((2.5,), {}), ((3.5,), {})]),
    (lambda x: "big" if x > 2 else "small", [((1.5,), {}), ((2.5,), {}), ((3.5,), {})]),
    (lambda x: 3, [((1.5,), {}), ((2.5,), {})]),
    (lambda x: Colour.RED if x > 2 else None, [((1.5,), {}), ((2.5,), {})]),
    (lambda x: (), [((1.5,), {}), ((2.5,), {})]),
    (lambda x: [x, (), {}, [None, "a", True]], [((1.5,), {}), ((2.5,), {})]),
    (lambda x: tanh, [((1.5,), {}), ((2.5,), {})]),
    (lambda x: {x.bit_count(): 1.0}, [((7,), {}), ((3,), {})]),
    (lambda x: 1j * x, [((1,), {}), ((1,), {})]),
    (max, [((1.5, 2.5), {}), ((3.5, 2.5), {}), ((3.5, 2), {})]),
    (partial(lambda x, y: x - y, 1.0), [((1.5,), {}), ((2.5,), {})]),
    (sin, [((1.5,), {}), ((2,), {})]),
]


@pytest.mark.parametrize(("f", "calls"), CALLS)
def test_every_kind_of_call(
    f: Function, calls: list[tuple[tuple[Any, ...], dict[str, Any]]], runner: Runner
) -> None:
    run = runner(f)
    for _ in range(2):
        for args, kwargs in calls:
            assert outcome(run, *args, **kwargs) == outcome(f, *args, **kwargs)


def test_a_numpy_scalar_is_the_number_that_it_is(runner: Runner) -> None:
    run = runner(lambda x, y: x * y + 1 / x)
    for x in (2.0, 0.3):
        args = np.float64(x), np.int64(3)
        assert [float(run(*args)), float(run(*args))] == [x * 3.0 + 1 / x] * 2


def test_a_new_function_is_made_in_every_call(runner: Runner) -> None:
    run = runner(lambda x: lambda t: t * x)
    assert [run(2.0)(3.0), run(5.0)(3.0), run(7.0)(3.0)] == [6.0, 15.0, 21.0]


# The signature.


def test_a_compiled_function_has_the_signature_of_its_function() -> None:
    quick = jit(kinds)
    assert inspect.signature(quick) == inspect.signature(kinds)
    assert (quick.__name__, quick.__qualname__, quick.__doc__, quick.__module__) == (
        kinds.__name__,
        kinds.__qualname__,
        kinds.__doc__,
        kinds.__module__,
    )
    assert inspect.unwrap(quick) is kinds
    assert repr(quick) == "<jit of kinds>"


class Line:
    def __init__(self, slope: float) -> None:
        self.slope = slope

    @jit
    def at(self, x: float, *, above: float = 0.0) -> float:
        """The height at x."""
        return self.slope * x + above

    @classmethod
    @jit
    def of_class(cls, x: float) -> float:
        return x * 2

    @staticmethod
    @jit
    def of_nobody(x: float) -> float:
        return x * 3

    @property
    @jit
    def twice(self) -> float:
        return self.slope * 2


def test_methods_of_every_kind() -> None:
    line = Line(2.0)
    for x in (1.5, 2.5):
        assert line.at(x) == 2.0 * x
        assert line.at(x, above=1.0) == 2.0 * x + 1.0
        assert Line.at(line, x) == 2.0 * x
        assert Line.of_class(x) == line.of_class(x) == x * 2  # type: ignore[call-arg]  # how mypy reads two decorators
        assert Line.of_nobody(x) == line.of_nobody(x) == x * 3  # type: ignore[call-arg]  # as above
        assert line.twice == 4.0
    assert list(inspect.signature(line.at).parameters) == ["x", "above"]
    assert line.at.__doc__ == "The height at x."


# Within and around.


def f(x: Any, y: Any) -> Any:
    return tanh(x * y) / y if x > y else x - sin(y)


POINTS: Final = ((1.5, 0.5), (0.5, 1.5), (2.0, 0.0), (0.7, -0.3))
NESTS: Final[dict[str, Function]] = {
    "in jit": lambda compiled: compiled(compiled(f)),
    "in a gradient": lambda compiled: grad(compiled(f)),
    "around a gradient": lambda compiled: compiled(grad(f)),
    "on both sides": lambda compiled: compiled(grad(compiled(f))),
    "at every order": lambda compiled: compiled(
        grad(compiled(lambda x, y: grad(compiled(f))(x, y)[0]))
    ),
    "in a function": lambda compiled: compiled(lambda x, y: compiled(f)(x, y) + compiled(f)(y, x)),
    "around a Hessian": lambda compiled: compiled(lambda x, y: hessian(lambda p: f(*p))([x, y])),
    "at constants": lambda compiled: compiled(lambda x, y: x * compiled(f)(1.5, 2.5)),
    "by name": lambda compiled: compiled(lambda x, y: grad(f, argnums=0)(x, y)),
}


@pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS)
def test_compiled_functions_in_one_another(nest: Function, runner: Runner) -> None:
    run, plain = nest(runner), nest(lambda f: f)
    for _ in range(2):
        for point in POINTS:
            assert outcome(run, *point) == outcome(plain, *point)


CAPTURING: Final[dict[str, Function]] = {
    "a cell": lambda c: grad(lambda x: c(lambda y: x * y)(2.0)),
    "twice": lambda c: grad(lambda x: (g := c(lambda y: x * y * y), g(2.0) + g(3.0))[1]),
    "a gradient within": lambda c: grad(lambda x: c(grad(lambda y: x * y * y))(3.0)),
    "a branch within": lambda c: grad(lambda x: c(lambda y: y if x > y else x * y)(2.0)),
    "in an unused line": lambda c: grad(lambda x: x * c(lambda y: (x / y, y * y)[1])(2.0)),
    "an aux": lambda c: grad(lambda x: c(lambda y: {"a": y, "b": x * y})(2.0)["b"]),
    "itself": lambda c: grad(lambda x: x * c(lambda y: x)(2.0)),
    "compiled around": lambda c: c(grad(lambda x: c(lambda y: x * y * x)(2.0))),
    "of two": lambda c: grad(lambda x: grad(lambda z: c(lambda y: x * y * z)(2.0))(x) * x),
}


@pytest.mark.parametrize("make", CAPTURING.values(), ids=CAPTURING)
def test_a_number_of_a_differentiation_around_keeps_its_slope(
    make: Function, runner: Runner
) -> None:
    run, plain = make(runner), make(lambda f: f)
    for x in (1.5, 2.5, 1.5, -0.5):
        assert outcome(run, x) == outcome(plain, x)


def test_a_number_that_only_comes_later_keeps_its_slope(runner: Runner) -> None:
    """Compiled for a plain number first, and then called with a node in the same place."""
    box = [3.0]
    run = runner(lambda y: box[0] * y)
    assert [run(2.0), run(4.0)] == [6.0, 12.0]

    def outer(x: Scalar) -> Scalar:
        box[0] = x
        return run(2.0) + run(4.0)

    assert grad(outer)(5.0) == 6.0


def test_recursion(runner: Runner) -> None:
    def power(x: Any, n: int) -> Any:
        return 1.0 if n == 0 else x * run(x, n - 1)

    def digits(x: Any) -> Any:
        return 1.0 if x < 10 else 1.0 + run_digits(x / 10)

    run, run_digits = runner(power), runner(digits)
    assert [run(1.5, 12), run(2.5, 12), run(1.5, 30)] == [1.5**12, power(2.5, 12), power(1.5, 30)]
    assert [run_digits(x) for x in (5.0, 1234.5, 12.0, 5e9)] == [1.0, 4.0, 2.0, 10.0]


def test_what_a_function_calls_of_itself_is_part_of_its_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No kind of its own for each depth."""
    monkeypatch.setattr(sys.modules["fgrad.compiler.jit"], "_MOST_KINDS", 8)

    @jit
    def power(x: float, n: int) -> float:
        return 1.0 if n == 0 else x * power(x, n - 1)

    assert [power(1.5, 40), power(2.5, 40)] == [power.__wrapped__(x, 40) for x in (1.5, 2.5)]


def test_the_value_and_the_gradient_are_compiled_together() -> None:
    quick = jit(value_and_grad(f))
    assert bits(quick(1.5, 0.5)) == bits(quick(1.5, 0.5)) == bits(value_and_grad(f)(1.5, 0.5))
    assert len(quick.program(1.5, 0.5).lines) == 11


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.float32(0.0), np.float32(-0.0)),
        (complex(0.0, 0.0), complex(0.0, -0.0)),
        (Decimal("1.0"), Decimal("1.00")),
        ({(1,): 2.0}, {(True,): 2.0}),
        ({0.0: 2.0}, {-0.0: 2.0}),
    ],
    ids=repr,
)
def test_what_is_equal_and_does_otherwise_is_told_apart(one: Any, other: Any) -> None:
    f = lambda x, thing: (x, repr(list(thing) if isinstance(thing, dict) else thing))
    quick = jit(f, native=False)
    for thing in (one, other, one, other):
        assert repr(quick(1.0, thing)) == repr(f(1.0, thing))


class Twice(float):
    """A float that computes otherwise."""

    def __mul__(self, other: float) -> float:
        return 2 * float(self) * other


def test_a_float_that_computes_otherwise_is_no_number_of_jit() -> None:
    quick = jit(lambda x: x * 1.0)
    assert [quick(0.5), quick(Twice(0.5)), quick(Twice(2.0)), quick(2.0)] == [0.5, 1.0, 4.0, 2.0]


def test_an_array_of_another_precision_keeps_it() -> None:
    f = lambda a: a * 0.1
    quick = jit(f)
    for array in (np.array([0.3, 0.7]), np.array([0.3, 0.7], dtype=np.float32)):
        for _ in range(3):
            got, expected = quick(array), f(array)
            assert got.dtype == expected.dtype
            assert got.tolist() == expected.tolist()


def test_an_argument_that_cannot_be_looked_at_is_the_function_s_own_affair() -> None:
    cyclic: list[Any] = [1.0]
    cyclic.append(cyclic)
    deep: Any = 1.0
    for _ in range(3_000):
        deep = [deep]
    quick = jit(lambda x, thing: x * 2)
    for thing in (cyclic, deep):
        assert [quick(1.0, thing), quick(2.0, thing)] == [2.0, 4.0]


def test_a_comparison_is_the_other_side_s_own_affair() -> None:
    class Odd:
        __hash__ = None  # type: ignore[assignment]  # nobody asks

        def __eq__(self, other: object) -> bool:
            return isinstance(other, float) and other > 1

    f = lambda x: 1.0 if x == Odd() else x
    quick = jit(f)
    assert [quick(x) for x in (0.5, 2.0, 0.5, 2.0)] == [f(x) for x in (0.5, 2.0, 0.5, 2.0)]


def test_an_error_is_the_function_s_own_without_another_behind_it(runner: Runner) -> None:
    def f(x: Any, divisors: Any) -> Any:
        return x / divisors[0]

    for run, last in ((runner(f), [0.0]), (runner(lambda x, y: x / y), 0.0)):
        for y in (2.0, 4.0):
            run(1.0, [y] if isinstance(last, list) else y)
        with pytest.raises(ZeroDivisionError) as caught:
            run(1.0, last)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
