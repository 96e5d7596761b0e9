"""The operators: each alone, each within each other, on numbers and on trees of every kind."""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from operator import mul
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import attrs
import mpmath
import numpy as np
import pytest

import fgrad
from fgrad import Node, constant, cos, dot, exp, graph, log, sin, sqrt, tanh, tree_map, value
from fgrad.transform import jacobians
from fgrad.tree import flatten, unflatten

Function: TypeAlias = Callable[[Any], Any]

# What they do at run time, whatever they are given; tests/typing says what a checker makes of them.
untyped: Any = fgrad
grad, value_and_grad, jacobian = untyped.grad, untyped.value_and_grad, untyped.jacobian
hessian, hvp, ravel = untyped.hessian, untyped.hvp, untyped.ravel
jvp, vjp, linearize = untyped.jvp, untyped.vjp, untyped.linearize


# Every way to the derivative of a function of one number.

SLOPES: Final[Mapping[str, Callable[[Function], Function]]] = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "grad by name": lambda f: lambda x: grad(lambda *, y: f(y), argnames="y")(y=x),
    "grad of a tree": lambda f: lambda x: grad(lambda p: f(p["a"][0]))({"a": [x]})["a"][0],
    "has_aux": lambda f: lambda x: value_and_grad(lambda y: (f(y), y), has_aux=True)(x)[1],
    "jvp": lambda f: lambda x: jvp(f, x, 1.0)[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0),
    "linearize": lambda f: lambda x: linearize(f, x)[1](1.0),
    "jacobian forward": lambda f: lambda x: jacobian(lambda y: [f(y)], mode="forward")(x)[0],
    "jacobian reverse": lambda f: lambda x: jacobian(lambda y: (f(y),), mode="reverse")(x)[0],
}
slope = pytest.mark.parametrize("slope", SLOPES.values(), ids=SLOPES)
PAIRS: Final = {f"{a} of {b}": (SLOPES[a], SLOPES[b]) for a, b in product(SLOPES, repeat=2)}
pair = pytest.mark.parametrize(("outer", "inner"), PAIRS.values(), ids=PAIRS)
Slope: TypeAlias = Callable[[Function], Function]


def is_float(got: object, expected: float) -> bool:
    """Whether `got` is a plain float and, but for a rounding, the expected one."""
    return type(got) is float and got == pytest.approx(expected, rel=1e-14, abs=1e-14)


@slope
def test_the_derivative_is_a_float_and_right(slope: Slope) -> None:
    assert is_float(slope(sin)(0.5), math.cos(0.5))
    assert is_float(slope(lambda x: x)(3.0), 1.0)
    assert is_float(slope(lambda _: 3.0)(3.0), 0.0)
    assert is_float(slope(lambda x: x + x * x - x)(3.0), 6.0)


@slope
def test_what_the_function_raises_is_raised(slope: Slope) -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        slope(lambda x: 1 / (x - 3.0))(3.0)
    with pytest.raises(KeyError, match="missing"):
        slope(lambda x: {}["missing"] * x)(3.0)


# Perturbations are not confused.


@pair
def test_the_classic_confusions(outer: Slope, inner: Slope) -> None:
    """The inner variable has the value of the outer one, and is another."""
    assert is_float(outer(lambda x: x * inner(lambda y: x + y)(x))(1.0), 1.0)
    assert is_float(outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0), 1.0)
    assert is_float(outer(lambda x: x * inner(lambda y: x * y)(2.0))(1.0), 2.0)
    assert is_float(outer(lambda x: inner(lambda y: x * y * y)(3.0))(2.0), 6.0)


@pair
def test_an_inner_derivative_at_the_outer_variable(outer: Slope, inner: Slope) -> None:
    assert is_float(outer(lambda x: inner(lambda y: x * y * y)(x))(2.0), 8.0)
    assert is_float(outer(lambda x: inner(lambda y: y * y * y)(x))(2.0), 12.0)
    assert is_float(outer(lambda x: inner(sin)(x) * x)(0.5), math.cos(0.5) - 0.5 * math.sin(0.5))
    assert is_float(outer(lambda x: inner(lambda y: y / x)(x * x))(2.0), -0.25)


@pair
def test_an_inner_derivative_that_does_not_depend_on_the_outer_variable(
    outer: Slope, inner: Slope
) -> None:
    kinds: list[type] = []

    def f(x: Any) -> Any:
        free = inner(lambda y: y * y * y)(2.0)
        kinds.append(type(free))
        return free * x

    assert is_float(outer(f)(5.0), 12.0)
    assert is_float(outer(lambda _: inner(lambda y: y * y)(2.0))(5.0), 0.0)
    assert kinds == [float]


@pair
def test_an_inner_function_that_ignores_its_variable(outer: Slope, inner: Slope) -> None:
    assert is_float(outer(lambda x: x + inner(lambda _: x * x)(3.0))(2.0), 1.0)
    assert is_float(outer(lambda x: inner(lambda _: x)(x))(2.0), 0.0)
    assert is_float(outer(lambda x: x * inner(lambda y: y)(x))(2.0), 1.0)


@pair
def test_the_outer_variable_held_fixed_within(outer: Slope, inner: Slope) -> None:
    """x * d/dy (y * constant(x)) = x * constant(x): a slope of x."""
    assert is_float(outer(lambda x: x * inner(lambda y: y * constant(x))(x))(3.0), 3.0)
    assert is_float(outer(lambda x: x * inner(lambda y: y * value(x))(x))(3.0), 3.0)
    assert is_float(outer(lambda x: inner(lambda y: constant(y) * y * x)(x))(3.0), 3.0)


@pair
def test_two_inner_derivatives_side_by_side(outer: Slope, inner: Slope) -> None:
    def f(x: Any) -> Any:
        first = inner(lambda y: y * y * x)  # 2 x y
        return first(x) * first(1.0) + inner(first)(x)  # 4 x^3 + 2 x

    assert is_float(outer(f)(2.0), 50.0)


@pair
def test_a_branch_on_an_inner_derivative(outer: Slope, inner: Slope) -> None:
    def f(x: Any) -> Any:
        rise = inner(lambda y: y * y * x)(x)
        return rise * x if rise > 0 else -x

    assert is_float(outer(f)(2.0), 24.0)
    assert is_float(outer(lambda x: f(x - 2.0 * constant(x)) * 1.0)(0.0), -1.0)


@pytest.mark.parametrize("first", SLOPES.values(), ids=SLOPES)
def test_three_levels_with_closures(first: Slope) -> None:
    """d/dx [x d/dy [y d/dz (x y z^2) at z = x y] at y = x]: each level sees all those outside."""

    def nested(second: Slope, third: Slope) -> object:
        return first(lambda x: x * second(lambda y: y * third(lambda z: x * y * z * z)(x * y))(x))(
            1.5
        )

    # third: 2 x^2 y^2 at z = x y; times y; second: 6 x^2 y^2 at y = x; times x; first: 30 x^4
    for second, third in product(SLOPES.values(), repeat=2):
        assert is_float(nested(second, third), 30 * 1.5**4)


def smooth(x: Any) -> Any:
    """A function with sharing, and a different derivative at every order."""
    y = sin(x) * x
    return exp(y / 2) + y * y / (1 + x * x) - log(y + 3) * tanh(x)


def exact_smooth(x: mpmath.mpf) -> mpmath.mpf:
    y = mpmath.sin(x) * x
    return mpmath.exp(y / 2) + y * y / (1 + x * x) - mpmath.log(y + 3) * mpmath.tanh(x)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_nesting_of_operators_gives_the_same_higher_derivative(order: int) -> None:
    with mpmath.workdps(50):
        expected = mpmath.diff(exact_smooth, mpmath.mpf(0.7), order)
    for operators in product(SLOPES.values(), repeat=order):
        f: Function = smooth
        for operator in operators:
            f = operator(f)
        got = f(0.7)
        assert type(got) is float
        assert got == pytest.approx(float(expected), rel=1e-13)


def test_forward_and_reverse_four_deep_in_every_order() -> None:
    with mpmath.workdps(50):
        expected = float(mpmath.diff(exact_smooth, mpmath.mpf(0.7), 4))
    for names in product(("grad", "jvp"), repeat=4):
        f: Function = smooth
        for name in names:
            f = SLOPES[name](f)
        assert f(0.7) == pytest.approx(expected, rel=1e-12)


# What else goes in and comes out of an inner operator depends on the outer variable, too.


@slope
def test_the_value_within_is_differentiated(slope: Slope) -> None:
    assert is_float(slope(lambda x: jvp(lambda y: x * y, 2.0, 1.0)[0])(3.0), 2.0)
    assert is_float(slope(lambda x: linearize(lambda y: x * y, x)[0])(3.0), 6.0)
    assert is_float(slope(lambda x: vjp(lambda y: x * y, x)[0])(3.0), 6.0)
    assert is_float(slope(lambda x: value_and_grad(lambda y: x * y)(x)[0])(3.0), 6.0)
    assert is_float(slope(lambda x: jvp(lambda _: x, 2.0, 1.0)[0] * x)(3.0), 6.0)


@slope
def test_the_direction_within_is_differentiated(slope: Slope) -> None:
    assert is_float(slope(lambda t: jvp(lambda y: y * y, 3.0, t)[1])(2.0), 6.0)
    assert is_float(slope(lambda t: vjp(lambda y: y * y, 3.0)[1](t))(2.0), 6.0)
    assert is_float(slope(lambda t: linearize(lambda y: y * y, 3.0)[1](t) * t)(2.0), 24.0)
    assert is_float(slope(lambda t: hvp(lambda y: y**3, 2.0, t) * t)(1.0), 24.0)
    assert is_float(slope(lambda t: jvp(lambda y: y * y * t, t, t)[1])(2.0), 24.0)
    assert is_float(slope(lambda t: vjp(lambda y: y * y * t, t)[1](t))(2.0), 24.0)


@slope
def test_a_linear_map_made_before_is_a_function_like_any_other(slope: Slope) -> None:
    """It may be differentiated, and the answer is as plain as its argument."""
    _, derivative = linearize(lambda x: sin(x) * x, 3.0)
    _, pullback = vjp(lambda x: sin(x) * x, 3.0)
    rise = derivative(1.0)
    for linear in (derivative, pullback):
        assert is_float(slope(linear)(2.0), rise)
        assert is_float(slope(lambda t, f=linear: f(t) * t)(2.0), 4 * rise)
        assert is_float(slope(lambda t, f=linear: f(1.0) * t)(2.0), rise)


@slope
def test_a_linear_map_leaves_the_differentiation_it_was_made_in(slope: Slope) -> None:
    kept: list[Function] = []

    def f(x: Any) -> Any:
        kept.append(linearize(lambda y: x * y * y, 2.0)[1])
        kept.append(vjp(lambda y: x * y * y, 2.0)[1])
        return kept[-2](1.0) * kept[-1](x)

    assert is_float(slope(f)(3.0), 48 * 9.0)  # of 4 x * 4 x^2
    assert [value(linear(1.0)) for linear in kept] == [12.0, 12.0]


@pair
def test_second_derivatives_within_derivatives(outer: Slope, inner: Slope) -> None:
    """hvp and hessian are two differentiations; here there are two more around them."""
    cube = lambda y: y**3  # noqa: E731 - it is passed along
    assert is_float(outer(inner(lambda x: hvp(cube, x, x)))(2.0), 12.0)
    assert is_float(outer(inner(lambda x: hessian(lambda y: y**3 * x)(x)))(2.0), 12.0)
    assert is_float(outer(lambda x: hvp(lambda y: inner(cube)(y) * x, 2.0, 1.0))(5.0), 6.0)


# Several numbers: Jacobians.


def mixed(count: int) -> Callable[[Sequence[Any]], list[Any]]:
    """A function of some numbers to `count` numbers, all of which depend on all."""

    def f(xs: Sequence[Any]) -> list[Any]:
        total = dot(xs, [0.3 * (i + 1) for i in range(len(xs))])
        return [sin(total * (k + 1)) + xs[k % len(xs)] ** 2 * total for k in range(count)]

    return f


SHAPES: Final = list(product(range(1, 6), repeat=2))


@pytest.mark.parametrize(("inputs", "count"), SHAPES)
def test_both_modes_give_the_same_jacobian(inputs: int, count: int) -> None:
    at = [0.4 + 0.3 * i for i in range(inputs)]
    found = [jacobian(mixed(count), mode=mode)(at) for mode in (None, "forward", "reverse")]
    for matrix in found:
        assert [len(row) for row in matrix] == [inputs] * count
        assert all(type(entry) is float for row in matrix for entry in row)
        for row, expected in zip(matrix, found[0], strict=True):
            assert row == pytest.approx(expected, rel=1e-15, abs=1e-15)
    for k, row in enumerate(found[2]):
        assert row == grad(lambda xs, k=k: mixed(count)(xs)[k])(at)


def test_keyword_arguments_of_any_name_are_passed_on_as_they_are() -> None:
    def scaled(x: Any, *, f: int, cls: int) -> Any:
        assert (type(f), type(cls)) == (int, int)
        return [x**f, x * cls]

    assert jacobian(scaled)(3.0, f=2, cls=5) == [6.0, 5.0]
    assert hessian(lambda x, **names: scaled(x, **names)[0])(3.0, f=2, cls=5) == 2.0


@pytest.mark.parametrize(("inputs", "count"), SHAPES)
def test_the_mode_is_that_of_the_fewer_sweeps(
    inputs: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps: Counter[str] = Counter()
    for name in ("tangents", "cotangents"):
        swept = getattr(jacobians, name)

        def counted(*args: Any, name: str = name, swept: Callable[..., Any] = swept) -> Any:
            sweeps[name] += 1
            return swept(*args)

        monkeypatch.setattr(jacobians, name, counted)
    jacobian(mixed(count))([0.5] * inputs)
    assert sweeps.total() == min(inputs, count)
    assert set(sweeps) == {"tangents" if inputs < count else "cotangents"}
    for mode, sweep, expected in (
        ("forward", "tangents", inputs),
        ("reverse", "cotangents", count),
    ):
        sweeps.clear()
        forced: Any = mode
        jacobian(mixed(count), mode=forced)([0.5] * inputs)
        assert sweeps == {sweep: expected}


def test_the_function_runs_once_however_many_numbers_there_are() -> None:
    runs: list[int] = []

    def f(xs: Sequence[Any]) -> list[Any]:
        runs.append(len(xs))
        return mixed(4)(xs)

    at = [0.1, 0.2, 0.3]
    for mode in (None, "forward", "reverse"):
        jacobian(f, mode=mode)(at)
    jvp(f, at, at)
    _, derivative = linearize(f, at)
    _, pullback = vjp(f, at)
    for _ in range(5):
        derivative(at)
        pullback([1.0] * 4)
    assert runs == [3] * 6


def test_a_jacobian_has_the_columns_of_its_tangents_and_the_rows_of_its_cotangents() -> None:
    f, at = mixed(3), [0.4, 0.7]
    matrix = jacobian(f)(at)
    for i in range(2):
        unit = [float(i == j) for j in range(2)]
        assert jvp(f, at, unit)[1] == pytest.approx([row[i] for row in matrix], rel=1e-15)
    for k in range(3):
        assert vjp(f, at)[1]([float(k == j) for j in range(3)]) == pytest.approx(
            matrix[k], rel=1e-15
        )


def test_tangents_and_cotangents_are_adjoint_and_linear() -> None:
    f, at = mixed(3), [0.4, 0.7]
    _, push = linearize(f, at)
    _, pull = vjp(f, at)
    u, v, w = [0.3, -1.1], [0.7, 0.2, -0.4], [2.0, 0.5]
    assert dot(push(u), v) == pytest.approx(dot(u, pull(v)), rel=1e-14)
    together = push([2 * a - 3 * b for a, b in zip(u, w, strict=True)])
    apart = [2 * a - 3 * b for a, b in zip(push(u), push(w), strict=True)]
    assert together == pytest.approx(apart, rel=1e-14)
    assert push([0.0, 0.0]) == [0.0] * 3
    assert pull([0.0] * 3) == [0.0] * 2


def test_a_jacobian_of_several_arguments() -> None:
    f = lambda x, y, z: [x * y, y * z, x * z, x + y + z]  # noqa: E731 - two modes of it
    expected = [(4.0, 3.0, 0.0), (0.0, 5.0, 4.0), (5.0, 0.0, 3.0), (1.0, 1.0, 1.0)]
    for mode in (None, "forward", "reverse"):
        forced: Any = mode
        assert jacobian(f, mode=forced)(3.0, 4.0, 5.0) == expected
    mixed_arguments = jacobian(lambda p, x: {"a": p[0] * x, "b": p[1]})([2.0, 3.0], 5.0)
    assert mixed_arguments == {"a": ([5.0, 0.0], 2.0), "b": ([0.0, 1.0], 0.0)}


def test_a_jacobian_within_a_jacobian() -> None:
    """Second derivatives of several numbers: entry k, i, j is d2 f_k / dx_i dx_j."""
    f = lambda p: [p[0] ** 2 * p[1], p[1] ** 3, p[0]]  # noqa: E731 - four times
    expected = [[[8.0, 6.0], [6.0, 0.0]], [[0.0, 0.0], [0.0, 24.0]], [[0.0, 0.0], [0.0, 0.0]]]
    for outer, inner in product(("forward", "reverse"), repeat=2):
        modes: Any = outer, inner
        found = jacobian(jacobian(f, mode=modes[1]), mode=modes[0])([3.0, 4.0])
        assert found == expected
        assert all(type(x) is float for a in found for b in a for x in b)


def test_a_hessian_is_symmetric_and_agrees_with_every_other_way() -> None:
    f = lambda p: smooth(p[0] * p[1]) + p[1] * sin(p[2] * p[0])  # noqa: E731 - many ways
    at = [0.3, 0.9, 1.4]
    matrix = hessian(f)(at)
    others = [jacobian(grad(f), mode=mode)(at) for mode in ("forward", "reverse")]
    others.append([grad(lambda p, i=i: jvp(f, p, unit(i))[1])(at) for i in range(3)])
    others.append([jvp(grad(f), at, unit(i))[1] for i in range(3)])
    others.append([hvp(f, at, unit(i)) for i in range(3)])
    others.append([vjp(grad(f), at)[1](unit(i)) for i in range(3)])
    others.append(
        [
            [jvp(lambda p, i=i: jvp(f, p, unit(i))[1], at, unit(j))[1] for j in range(3)]
            for i in range(3)
        ]
    )
    for other in others:
        for i, j in product(range(3), repeat=2):
            assert type(other[i][j]) is float
            assert other[i][j] == pytest.approx(matrix[i][j], rel=1e-13)
            assert matrix[i][j] == pytest.approx(matrix[j][i], rel=1e-13)


def unit(i: int) -> list[float]:
    return [float(i == j) for j in range(3)]


def test_a_hessian_of_several_arguments() -> None:
    assert hessian(lambda x, y: x**2 * y)(3.0, 4.0) == ((8.0, 6.0), (6.0, 0.0))
    assert hessian(lambda x, p: x * p["a"] ** 2)(3.0, {"a": 2.0}) == (
        (0.0, {"a": 4.0}),
        {"a": (4.0, {"a": 6.0})},
    )
    assert is_float(hessian(lambda x: x**3)(2.0), 12.0)
    assert is_float(hessian(lambda x: 3 * x)(2.0), 0.0)
    assert is_float(hessian(lambda _: 3)(2.0), 0.0)


def test_an_hvp_is_the_hessian_times_the_direction() -> None:
    f = lambda p: smooth(p[0] * p[1]) + p[1] * sin(p[2])  # noqa: E731 - two ways
    at, v = [0.3, 0.9, 1.4], [1.0, -2.0, 0.5]
    matrix = hessian(f)(at)
    assert hvp(f, at, v) == pytest.approx([dot(row, v) for row in matrix], rel=1e-13)


# Trees.


class Pair(NamedTuple):
    a: Any
    b: Any


@attrs.frozen
class Layer:
    w: Any
    name: str
    b: Any


@dataclass(frozen=True)
class Point:
    x: Any
    y: Any


TREES: Final[Sequence[Any]] = (
    (2.0, 3.0),
    [2.0, 3.0],
    {"a": 2.0, "b": 3.0},
    {"b": 2.0, "a": 3.0},
    Pair(2.0, 3.0),
    Layer(2.0, "dense", 3.0),
    Point(2.0, 3.0),
    [(2.0,), {"x": [3.0, None]}, "tag", True],
    Layer([2.0], "outer", Pair(None, Layer((), "inner", {"k": 3.0}))),
    {"a": [], "b": (2.0, ()), "c": {}, "d": 3.0},
)
trees = pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree)[:40])


def both(tree: Any) -> tuple[Any, Any]:
    """The two numbers in a tree."""
    x, y = ravel(tree)[0]
    return x, y


def like(tree: Any, *numbers: float) -> Any:
    """The tree of this structure with `numbers`, which may be trees themselves, in it."""
    return unflatten(flatten(tree)[1], numbers)


@trees
def test_every_operator_takes_and_gives_trees_of_every_kind(tree: Any) -> None:
    def f(p: Any) -> Any:
        x, y = both(p)
        return x * x * y

    def to_tree(p: Any) -> Any:
        """The same structure, of the product and the square."""
        x, y = both(p)
        return ravel(p)[1]((x * y, y * y))

    direction = like(tree, 0.5, 2.0)
    assert grad(f)(tree) == like(tree, 12.0, 4.0)
    assert jvp(f, tree, direction) == (12.0, 14.0)
    assert linearize(f, tree)[1](direction) == 14.0
    assert vjp(f, tree)[1](2.0) == like(tree, 24.0, 8.0)
    assert hvp(f, tree, direction) == like(tree, 3.0 + 8.0, 2.0)
    assert jvp(to_tree, tree, direction) == (like(tree, 6.0, 9.0), like(tree, 5.5, 12.0))
    assert linearize(to_tree, tree)[1](direction) == like(tree, 5.5, 12.0)
    answer, pullback = vjp(to_tree, tree)
    assert answer == like(tree, 6.0, 9.0)
    assert pullback(direction) == like(tree, 1.5, 13.0)
    rows = like(tree, like(tree, 3.0, 2.0), like(tree, 0.0, 6.0))
    for mode in (None, "forward", "reverse"):
        assert jacobian(to_tree, mode=mode)(tree) == rows
    assert hessian(f)(tree) == like(tree, like(tree, 6.0, 4.0), like(tree, 4.0, 0.0))
    assert value_and_grad(lambda p: (f(p), p), has_aux=True)(tree) == (
        (12.0, tree),
        like(tree, 12.0, 4.0),
    )
    assert grad(lambda *, p: f(p), argnames="p")(p=tree) == like(tree, 12.0, 4.0)


@trees
def test_every_number_in_the_answers_is_a_float(tree: Any) -> None:
    def numbers(answer: Any) -> set[type]:
        return {type(x) for x in ravel(answer)[0]}

    f = lambda p: both(p)[0] * both(p)[1]  # noqa: E731 - many operators of it
    direction = like(tree, 0.5, 2.0)
    assert numbers(hvp(f, tree, direction)) == {float}
    assert numbers(jvp(lambda p: [f(p), both(p)[0]], tree, direction)) == {float}
    assert numbers(vjp(f, tree)[1](1.0)) == {float}
    assert numbers(hessian(f)(tree)) == {float}


@trees
def test_trees_within_another_differentiation(tree: Any) -> None:
    """d/ds of the derivative along s * tree at s * tree, of x^2 y: 9 s^2 x^2 y."""
    f = lambda p: both(p)[0] ** 2 * both(p)[1]  # noqa: E731 - in both modes

    def forward(s: Any) -> Any:
        scaled = tree_map(lambda x: s * x, tree)
        return jvp(f, scaled, tree)[1]

    def reverse(s: Any) -> Any:
        scaled = tree_map(lambda x: s * x, tree)
        return dot(ravel(grad(f)(scaled))[0], ravel(tree)[0])

    for outer in SLOPES.values():
        assert is_float(outer(forward)(1.0), 72.0)
        assert is_float(outer(reverse)(1.0), 72.0)


@pytest.mark.parametrize("empty", [(), [], {}, None, "tag", [(), {"a": None}]], ids=repr)
def test_an_empty_tree_has_empty_derivatives(empty: Any) -> None:
    if isinstance(empty, (tuple, list, dict)):
        assert grad(lambda _: 2.0)(empty) == empty
        assert jvp(lambda _: 2.0, empty, empty) == (2.0, 0.0)
        assert vjp(lambda _: 2.0, empty)[1](3.0) == empty
        assert jacobian(lambda _: [2.0, 3.0])(empty) == [empty, empty]
        assert hessian(lambda _: 2.0)(empty) == empty
        assert hvp(lambda _: 2.0, empty, empty) == empty
        assert jvp(lambda _: empty, 2.0, 1.0) == (empty, empty)
        assert vjp(lambda _: empty, 2.0)[1](empty) == 0.0
        assert jacobian(lambda _: empty)(2.0) == empty
    assert ravel(empty)[0] == ()
    assert ravel(empty)[1](()) == empty


@slope
def test_the_value_of_a_function_of_no_numbers_is_differentiated_outside(slope: Slope) -> None:
    assert is_float(slope(lambda x: value_and_grad(lambda _: x * x)(())[0])(3.0), 6.0)
    assert is_float(slope(lambda x: x * value_and_grad(lambda _: 2.0)(())[0])(3.0), 2.0)
    assert value_and_grad(lambda _: 3)(()) == (3.0, ())


@slope
def test_so_is_what_the_other_operators_give_of_no_numbers(slope: Slope) -> None:
    assert is_float(slope(lambda x: jvp(lambda _: x * x, (), ())[0])(3.0), 6.0)
    assert is_float(slope(lambda x: linearize(lambda _: x * x, ())[0])(3.0), 6.0)
    assert is_float(slope(lambda x: vjp(lambda _: [x * x, 1.0], [])[0][0])(3.0), 6.0)
    aux = lambda x: value_and_grad(lambda _: (2.0, x * x), has_aux=True)(())[0][1]  # noqa: E731
    assert is_float(slope(aux)(3.0), 6.0)


def test_what_comes_out_may_be_inputs_constants_and_numbers_computed() -> None:
    def f(p: Any) -> Any:
        return {"in": p["x"], "same": p, "one": 1.0, "new": p["x"] * p["y"], "tag": "t"}

    at = {"x": 2.0, "y": 3.0}
    flow = {"x": 1.0, "y": 10.0}
    answer, tangent = jvp(f, at, flow)
    assert answer == {"in": 2.0, "same": at, "one": 1.0, "new": 6.0, "tag": "t"}
    assert tangent == {"in": 1.0, "same": flow, "one": 0.0, "new": 23.0, "tag": "t"}
    pulled = vjp(f, at)[1]({"in": 1.0, "same": flow, "one": 5.0, "new": 100.0, "tag": "t"})
    assert pulled == {"x": 302.0, "y": 210.0}
    rows = jacobian(f)(at)
    assert rows["same"] == {"x": {"x": 1.0, "y": 0.0}, "y": {"x": 0.0, "y": 1.0}}
    assert (rows["one"], rows["new"]) == ({"x": 0.0, "y": 0.0}, {"x": 3.0, "y": 2.0})


def test_a_lone_int_that_comes_out_is_a_float() -> None:
    assert [type(x) for x in jvp(lambda _: 7, 3.0, 1.0)] == [float, float]
    assert type(linearize(lambda _: 7, 3.0)[0]) is float
    assert type(vjp(lambda _: 7, 3.0)[0]) is float
    assert jacobian(lambda _: 7)(3.0) == 0.0
    assert [type(x) for x in jvp(lambda x: x * x, 3, 1)] == [float, float]
    assert [type(x) for x in value_and_grad(lambda _: 7)(3)] == [float, float]


def test_arrays() -> None:
    at, direction = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    square = lambda p: p * p  # noqa: E731 - many operators of it
    answer, tangent = jvp(square, at, direction)
    assert answer.tolist() == [1.0, 4.0]
    assert tangent.tolist() == [2.0, -4.0]
    assert answer.dtype == tangent.dtype == float
    assert vjp(square, at)[1](direction).tolist() == [2.0, -4.0]
    assert linearize(square, at)[1](direction).tolist() == [2.0, -4.0]
    assert hvp(lambda p: (p**3).sum(), at, direction).tolist() == [6.0, -12.0]
    for mode in (None, "forward", "reverse"):
        rows = jacobian(square, mode=mode)(at)
        assert [row.tolist() for row in rows] == [[2.0, 0.0], [0.0, 4.0]]
    rows = jacobian(lambda p: [p.sum(), p[0, 1]])(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert [row.tolist() for row in rows] == [[[1, 1], [1, 1]], [[0, 1], [0, 0]]]


# With something besides the number.


def test_what_comes_besides_the_number_is_seen_as_floats() -> None:
    def f(x: Any, y: Any) -> Any:
        z = x * y
        return z * z, {"z": z, "xs": [x, (y, 1.0)], "note": "seen", "none": None}

    (number, aux), gradient = value_and_grad(f, has_aux=True)(2.0, 3.0)
    assert (number, gradient) == (36.0, (36.0, 24.0))
    assert aux == {"z": 6.0, "xs": [2.0, (3.0, 1.0)], "note": "seen", "none": None}
    assert {type(x) for x in ravel(aux)[0]} == {float}


def test_ints_besides_the_number_do_not_keep_nodes_in_it() -> None:
    """A count beside a loss is what people return."""
    aux = value_and_grad(lambda x: (x * x, [x, 3]), has_aux=True)(2.0)[0][1]
    assert aux == [2.0, 3]
    assert [type(x) for x in aux] == [float, int]
    aux = value_and_grad(lambda x: (x * x, {"loss": x, "count": 3}), has_aux=True)(2.0)[0][1]
    assert [type(x) for x in aux.values()] == [float, int]


def test_what_is_no_tree_besides_the_number_is_given_as_it_is() -> None:
    thing = {1, 2}
    assert value_and_grad(lambda x: (x * x, thing), has_aux=True)(2.0)[0][1] is thing
    assert value_and_grad(lambda x: (x * x, 3), has_aux=True)(2.0)[0][1] == 3


@slope
def test_what_comes_besides_the_number_is_differentiated_by_the_outer_operator(
    slope: Slope,
) -> None:
    def beside(x: Any) -> Any:
        _, aux = value_and_grad(lambda y: (y * y, [x * y, y, 5.0]), has_aux=True)(3.0)[0]
        return aux

    assert is_float(slope(lambda x: beside(x)[0])(2.0), 3.0)
    assert is_float(slope(lambda x: beside(x)[0] * beside(x)[1])(2.0), 9.0)
    assert is_float(slope(lambda x: x * beside(x)[1])(2.0), 3.0)
    at_x = lambda x: value_and_grad(lambda y: (y, y * y), has_aux=True)(x)[0][1]  # noqa: E731
    assert is_float(slope(at_x)(2.0), 4.0)


class Struct(tuple[Any, ...]):
    """A tuple of its own kind, which is no tree."""

    __slots__ = ()


COLLECTIONS: Final[Mapping[str, Function]] = {
    "[0]: expected a tree, got set that": lambda x: [{x}],
    "['a']: expected a tree, got frozenset that": lambda x: {"a": frozenset([x, 3])},
    "[0][1]: expected a tree, got deque that": lambda x: ((1, deque([x])),),
    ": expected a tree, got OrderedDict that": lambda x: OrderedDict(a=x),
    ": expected a tree, got defaultdict that": lambda x: defaultdict(list, {x: [1.0]}),
    ": expected a tree, got dict_values that": lambda x: {"a": x}.values(),
    ": expected a tree, got Struct that": lambda x: Struct((x, 1)),
    ": expected a tree, got mappingproxy that": lambda x: MappingProxyType({"a": x}),
    "[1]: expected a tree, got set that": lambda x: [x, {(frozenset([(1, x * x)]), 2)}],
}


@pytest.mark.parametrize(("text", "aux"), COLLECTIONS.items(), ids=COLLECTIONS)
def test_nodes_besides_the_number_that_would_stay_in_a_collection_are_refused(
    text: str, aux: Function
) -> None:
    def f(x: Any) -> Any:
        return x * x, aux(x)

    refused(
        TypeError,
        f"what f returned[1]{text} holds nodes, which would not become floats (return a list",
        lambda: value_and_grad(f, has_aux=True)(2.0),
    )
    assert value_and_grad(lambda x: (x * x, aux(2.0)), has_aux=True)(2.0)[0][1] == aux(2.0) or (
        type(aux(2.0)) is type({}.values())  # which are equal to nothing
    )


def test_nodes_of_an_outer_differentiation_may_stay_in_any_collection() -> None:
    def outer(x: Any) -> Any:
        (_, aux), slope = value_and_grad(lambda y: (x * y, {x, x * y}), has_aux=True)(3.0)
        return sum(aux) * slope

    assert is_float(grad(outer)(2.0), 16.0)  # of (x + 3 * x) * x


def test_what_comes_besides_the_number_is_looked_through_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = 0
    ancestors = graph.ancestors

    def counted(*roots: Node, first: int) -> list[Node]:
        nonlocal looked_at
        found = ancestors(*roots, first=first)
        looked_at += len(found)
        return found

    monkeypatch.setattr(graph, "ancestors", counted)
    powers = lambda x: list(accumulate([x] * 100, mul))  # noqa: E731 - in two places
    value_and_grad(lambda x: (x, powers(x)), has_aux=True)(1.5)
    assert looked_at == 100


def test_an_iterator_that_ends_within_a_mapping_is_heard_of() -> None:
    noise = iter([0.1])
    with pytest.raises(StopIteration):
        tree_map(lambda p: p + next(noise), (1.0, 2.0, 3.0))


def test_an_argument_behind_a_star_has_a_number_and_not_the_name_of_a_keyword() -> None:
    def f(*xs: Any, scale: float = 1.0) -> Any:
        return scale * xs[0]

    assert "d/dscale" not in str(untyped.check_grad(f)(2.0, 3.0))
    with pytest.raises(TypeError, match=r"^argument 1\[0\]: expected float, got int 1 "):
        grad(f)(2.0, [1])


@pytest.mark.parametrize("argnums", [0, 1, (0,), (0, 1), (1, 0)])
def test_has_aux_with_argnums(argnums: Any) -> None:
    f = lambda x, y: (x * x * y, x)  # noqa: E731 - with and without
    plain = value_and_grad(lambda x, y: f(x, y)[0], argnums=argnums)(2.0, 3.0)
    both: Any = value_and_grad(f, argnums=argnums, has_aux=True)(2.0, 3.0)
    assert both == ((plain[0], 2.0), plain[1])


# By name.


def only_names(*, w: Any, b: Any, scale: Any = 1.0) -> Any:
    return w * w * b * scale


@pytest.mark.parametrize(
    ("argnames", "expected"),
    [
        ("w", 12.0),
        ("b", 4.0),
        (("w",), (12.0,)),
        (("w", "b"), (12.0, 4.0)),
        (("b", "w"), (4.0, 12.0)),
        ((), ()),
    ],
)
def test_gradients_by_name_of_a_function_of_names_only(argnames: Any, expected: object) -> None:
    assert grad(only_names, argnames=argnames)(w=2.0, b=3.0) == expected
    assert grad(only_names, argnames=argnames)(b=3.0, w=2, scale=1) == expected
    assert value_and_grad(only_names, argnames=argnames)(w=2.0, b=3.0) == (12.0, expected)
    with_aux = value_and_grad(
        lambda **names: (only_names(**names), "aux"), argnames=argnames, has_aux=True
    )
    assert with_aux(w=2.0, b=3.0) == ((12.0, "aux"), expected)


def test_gradients_by_name_beside_positions_and_trees() -> None:
    def f(x: Any, y: Any = 2.0, *, p: Any, k: float = 1.0) -> Any:
        return x * y * p["a"] * k

    assert grad(f, argnames="p")(3.0, p={"a": 5.0}) == {"a": 6.0}
    assert grad(f, argnames=("y", "p"))(3.0, y=4.0, p={"a": 5.0}) == (15.0, {"a": 12.0})
    assert grad(f, argnames="k")(3.0, p={"a": 5.0}, k=2) == 30.0
    assert grad(grad(f, argnames="k"))(3.0, p={"a": 5.0}, k=2.0) == 10.0


@slope
def test_gradients_by_name_within_another_differentiation(slope: Slope) -> None:
    by_name = grad(only_names, argnames=("w", "b"))
    assert is_float(slope(lambda x: by_name(w=x, b=3.0)[0])(2.0), 6.0)
    assert is_float(slope(lambda x: by_name(w=2.0, b=x)[0])(3.0), 4.0)
    assert is_float(slope(lambda x: by_name(w=2.0, b=3.0, scale=x)[1])(1.0), 4.0)


# Constants.


def test_a_constant_is_a_number_through_which_nothing_flows() -> None:
    assert constant(3.0) == 3.0
    assert type(constant(3)) is float
    for operator in SLOPES.values():
        assert is_float(operator(lambda x: constant(x) * x)(3.0), 3.0)
        assert is_float(operator(lambda x: constant(x * x))(3.0), 0.0)
        assert is_float(operator(lambda x: constant(sqrt(x)) + x)(0.0), 1.0)
        assert is_float(operator(lambda x: value(x) * x)(3.0), 3.0)
    assert hessian(lambda p: constant(p[0]) * p[0] * p[1])([3.0, 4.0]) == [[0.0, 3.0], [3.0, 0.0]]
    assert hvp(lambda x: constant(x) * x * x, 3.0, 1.0) == 6.0


def test_a_value_is_a_plain_float_at_any_depth() -> None:
    kinds: list[type] = []

    def f(x: Any) -> Any:
        kinds.append(type(value(x)))
        return x * math.sin(value(x))

    assert grad(f)(0.5) == math.sin(0.5)
    assert grad(grad(f))(0.5) == 0.0
    assert jvp(f, 0.5, 1.0)[1] == math.sin(0.5)
    assert set(kinds) == {float}


# A tree as one flat tuple.


@trees
def test_ravel_and_its_inverse(tree: Any) -> None:
    numbers, tree_of = ravel(tree)
    assert numbers == (2.0, 3.0)
    assert tree_of(numbers) == tree
    assert tree_of([5.0, 7.0]) == like(tree, 5.0, 7.0)
    assert tree_of(iter((5.0, 7.0))) == like(tree, 5.0, 7.0)
    assert list(map(type, ravel(tree_of([5, True]))[0])) == [float, float]
    assert ravel(tree_of((5.0, 7.0)))[0] == (5.0, 7.0)


def test_ravel_within_a_differentiation_and_around_it() -> None:
    tree = {"w": [1.0, 2.0], "b": 3.0}
    f = lambda p: p["w"][0] * p["w"][1] * p["b"]  # noqa: E731 - two ways
    numbers, tree_of = ravel(tree)
    assert grad(lambda xs: f(tree_of(xs)))(numbers) == ravel(grad(f)(tree))[0]
    assert grad(lambda p: ravel(p)[0][2] * ravel(p)[0][0])(tree) == {"w": [3.0, 0.0], "b": 1.0}
    assert hessian(lambda xs: f(tree_of(xs)))(numbers) == (
        (0.0, 3.0, 2.0),
        (3.0, 0.0, 1.0),
        (2.0, 1.0, 0.0),
    )


# What is refused, and in which words.


def refused(error: type[Exception], text: str, call: Callable[[], object]) -> None:
    with pytest.raises(error, match=re.escape(text)) as refusal:
        call()
    assert "object at 0x" not in str(refusal.value)


def test_a_tangent_or_cotangent_of_another_structure_is_refused() -> None:
    f, at = (lambda p: (p[0], p[1])), (1.0, 2.0)
    _, push = linearize(f, at)
    _, pull = vjp(f, at)
    for wrong in ((1.0,), [1.0, 2.0], (1.0, 2.0, 3.0), (1.0, (2.0,)), {}, 1.0, 1, (1.0, "2")):
        refused(ValueError, "tangent: expected the structure", lambda w=wrong: jvp(f, at, w))
        refused(ValueError, "tangent: expected the structure", lambda w=wrong: push(w))
        refused(ValueError, "cotangent: expected the structure", lambda w=wrong: pull(w))
    for number in ((1.0,), [1.0], (), {}):
        refused(ValueError, "tangent: ", lambda n=number: jvp(lambda x: x, 1.0, n))
        refused(ValueError, "cotangent: ", lambda n=number: vjp(lambda x: x, 1.0)[1](n))
    refused(ValueError, "v: expected the structure", lambda: hvp(lambda p: p[0] * p[1], at, (1.0,)))
    swapped = {"b": 1.0, "a": 2.0}
    refused(ValueError, "tangent: ", lambda: jvp(lambda p: p["a"], {"a": 1.0, "b": 1.0}, swapped))


def test_a_tangent_or_cotangent_that_is_no_tree_of_floats_is_refused() -> None:
    for wrong, named in (((1, 2.0), "[0]"), ((1.0, 1j), "[1]")):
        text = f"{named}: expected float, got {type(wrong[int(named[1])]).__name__}"
        refused(TypeError, f"tangent{text}", lambda w=wrong: jvp(lambda p: p[0], (1.0, 2.0), w))
        refused(TypeError, f"cotangent{text}", lambda w=wrong: vjp(lambda p: p, (1.0, 2.0))[1](w))
    for nothing in (None, "1", True, 1j):
        refused(TypeError, "tangent: expected", lambda n=nothing: jvp(lambda x: x, 1.0, n))
        refused(TypeError, "cotangent: expected", lambda n=nothing: vjp(lambda x: x, 1.0)[1](n))


OPERATORS: Final[Mapping[str, Callable[..., object]]] = {
    **SLOPES,
    "hvp": lambda f: lambda x: hvp(f, x, x),
    "hessian": hessian,
    "jacobian": jacobian,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_what_cannot_be_differentiated_is_named(name: str) -> None:
    def f(weights: Any) -> Any:
        return weights

    operator: Any = OPERATORS[name]
    if name in {"grad", "value_and_grad", "has_aux", "hessian", "jacobian", "hvp"}:
        named = name if name == "has_aux" else "weights"
        path = "y" if named == "has_aux" else named
        refused(TypeError, f"{path}[1]: expected float, got int 2", lambda: operator(f)([1.0, 2]))
        refused(TypeError, f"{path}['a']: expected", lambda: operator(f)({"a": 1j}))
        for wrong in ("s", None, True, f):
            refused(TypeError, f"{path}: expected a float", lambda w=wrong: operator(f)(w))


@pytest.mark.parametrize("name", [n for n in SLOPES if "jacobian" not in n] + ["hessian", "hvp"])
@pytest.mark.parametrize("wrong", [None, "s", True, 1j, {1}], ids=repr)
def test_an_answer_that_is_no_number_is_named(name: str, wrong: object) -> None:
    operator: Any = OPERATORS[name]
    refused(TypeError, f"{type(wrong).__name__} {wrong!r}", lambda: operator(lambda _: wrong)(1.0))


@pytest.mark.parametrize("name", ["grad", "value_and_grad", "hessian", "hvp"])
def test_an_answer_of_several_numbers_is_referred_to_the_jacobian(name: str) -> None:
    operator: Any = OPERATORS[name]
    refused(TypeError, "fgrad.jacobian", lambda: operator(lambda x: [x, x])(1.0))


def test_strays_in_an_answer_are_named() -> None:
    def wave(x: Any) -> Any:
        return {"a": [x, 1]}

    text = "what wave returned['a'][1]: expected float, got int 1 (write 1.0)"
    refused(TypeError, text, lambda: jvp(wave, 1.0, 1.0))
    refused(TypeError, text, lambda: vjp(wave, 1.0))
    refused(TypeError, text, lambda: linearize(wave, 1.0))
    refused(TypeError, text, lambda: jacobian(wave)(1.0))


def test_a_mode_that_is_none_is_refused_at_once() -> None:
    wrong: Any = "backward"
    refused(
        ValueError,
        "mode: expected 'forward' or 'reverse', got 'backward'",
        lambda: jacobian(lambda x: [x], mode=wrong),
    )


@pytest.mark.parametrize("operator", [grad, value_and_grad])
def test_names_and_numbers_that_choose_nothing_are_refused(operator: Any) -> None:
    def f(x: Any, y: Any = 1.0) -> Any:
        return x * y

    for argnames in (0, ["x"], ("x", 1), b"x"):
        refused(
            TypeError,
            "argnames: expected str or a tuple of str",
            lambda a=argnames: operator(f, argnames=a),
        )
    for argnums in ("x", [0], (0, "x"), 1.0, True, (0, True)):
        refused(
            TypeError,
            "argnums: expected int or a tuple of int",
            lambda a=argnums: operator(f, argnums=a),
        )
    for twice in ({"argnames": ("x", "x")}, {"argnums": (1, 1)}, {"argnums": -1}):
        refused(ValueError, "expected each once", lambda t=twice: operator(f, **t))
    refused(ValueError, "give one of them", lambda: operator(f, argnums=0, argnames="x"))
    refused(
        ValueError,
        "f was called without the keyword argument y, which was to be differentiated",
        lambda: operator(f, argnames="y")(1.0, 2.0),
    )
    refused(
        ValueError,
        "f was called without the positional argument 1, which was to be differentiated",
        lambda: operator(f, argnums=1)(1.0, y=2.0),
    )


def test_has_aux_needs_a_pair() -> None:
    for answer in (lambda x: x, lambda x: (x, x, x), lambda x: [x, x], lambda _: None):
        refused(
            TypeError,
            "has_aux needs a pair of a number and the rest",
            lambda f=answer: value_and_grad(f, has_aux=True)(1.0),
        )
    refused(
        TypeError,
        "returned str 's': only a function that returns one number has a gradient",
        lambda: value_and_grad(lambda x: ("s", x), has_aux=True)(1.0),
    )


def test_ravel_refuses_what_does_not_fit() -> None:
    _, tree_of = ravel([1.0, 2.0])
    refused(ValueError, "ravel: the tree has 2 numbers, got 1", lambda: tree_of([1.0]))
    refused(ValueError, "ravel: the tree has 2 numbers, got 3", lambda: tree_of([1.0] * 3))
    refused(TypeError, "tree[1]: expected float, got int 2", lambda: ravel([1.0, 2]))


def test_a_node_is_what_an_operator_gives_only_within_another() -> None:
    """And there, only where the answer depends on the outer variable."""
    seen: list[tuple[bool, ...]] = []

    def f(x: Any) -> Any:
        within = [
            *jvp(lambda y: x * y, 2.0, 1.0),
            *jvp(lambda y: y * y, 2.0, 1.0),
            jvp(lambda y: y * y, 2.0, x)[1],
            vjp(lambda y: y * y, 2.0)[1](x),
            vjp(lambda y: y * y, 2.0)[1](1.0),
            *jacobian(lambda y: [x * y, y * y], mode="reverse")(2.0),
            *jacobian(lambda y: [y * y, y], mode="forward")(2.0),
            hvp(lambda y: y**3, 2.0, 1.0),
            hvp(lambda y: y**3, 2.0, x),
            hessian(lambda y: y**3)(2.0),
            hessian(lambda y: y**3 * x)(2.0),
        ]
        seen.append(tuple(isinstance(y, Node) for y in within))
        return x

    grad(f)(1.0)
    assert "".join("01"[node] for node in seen[0]) == "11 00 110 10 00 01 01".replace(" ", "")


def test_the_names_and_texts_of_a_function_are_kept() -> None:
    def wave(x: Any) -> Any:
        """A wave."""
        return [sin(x), cos(x)]

    for made in (grad(wave), value_and_grad(wave), jacobian(wave), hessian(wave)):
        assert made.__name__ == "wave"
        assert made.__doc__ == "A wave."


def test_rows_are_functions_for_every_operator() -> None:
    for row in (fgrad.sin, fgrad.tanh, fgrad.sqrt):
        slopes = {operator(row)(0.5) for operator in SLOPES.values()}
        assert len(slopes) == 1
    assert jvp(lambda p: fgrad.hypot(*p), (3.0, 4.0), (1.0, 0.0)) == (5.0, 0.6)
    assert hessian(fgrad.mul)(3.0, 4.0) == ((0.0, 1.0), (1.0, 0.0))
