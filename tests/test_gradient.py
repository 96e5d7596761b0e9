"""The gradient: of what, in which shape, of which type, and the traps on the way."""

# ruff: noqa: ARG005, E731 - functions of trees of every type; in one line, as in a book

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from enum import Enum, IntEnum
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias

import attrs
import numpy as np
import pytest

import fgrad
from fgrad import Node, dot, sqrt, total, value, vjp, where
from fgrad.graph import leaf
from fgrad.reverse import cotangents

Function: TypeAlias = Callable[..., Any]

# Here it counts what they do; tests/typing has what types they give.
grad: Any = fgrad.grad
value_and_grad: Any = fgrad.value_and_grad
tree_map: Any = fgrad.tree_map


def exactly(got: object, expected: object) -> bool:
    """Whether two results are equal in value and in every type, floats to the sign of zero."""
    if type(got) is not type(expected):
        return False
    if isinstance(got, float) and isinstance(expected, float):
        return got.hex() == expected.hex()
    if isinstance(got, (tuple, list)) and isinstance(expected, (tuple, list)):
        return len(got) == len(expected) and all(map(exactly, got, expected))
    if isinstance(got, dict) and isinstance(expected, dict):
        return list(got) == list(expected) and all(map(exactly, got.values(), expected.values()))
    if isinstance(got, np.ndarray) and isinstance(expected, np.ndarray):
        return got.dtype == expected.dtype and exactly(got.tolist(), expected.tolist())
    return bool(got == expected)


# What is differentiated, and what comes back.


def test_a_lone_argument_gives_its_gradient() -> None:
    assert exactly(grad(lambda x: x * x)(3.0), 6.0)


def test_several_arguments_give_a_tuple() -> None:
    f: Function = lambda x, y, z: x * y + z * z
    assert exactly(grad(f)(2.0, 3.0, 4.0), (3.0, 2.0, 8.0))


def test_value_and_grad_gives_both_as_floats() -> None:
    assert exactly(value_and_grad(lambda x: x * x)(3.0), (9.0, 6.0))
    f: Function = lambda x, y: x * y
    assert exactly(value_and_grad(f)(3.0, 4.0), (12.0, (4.0, 3.0)))


def test_value_and_grad_give_what_the_function_and_grad_give() -> None:
    f: Function = lambda x, y: fgrad.sin(x * y) / (x - y) ** 3
    assert exactly(value_and_grad(f)(0.3, 0.4), (f(0.3, 0.4), grad(f)(0.3, 0.4)))


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 12.0),
        (1, 8.0),
        (2, 6.0),
        ((0,), (12.0,)),
        ((0, 1), (12.0, 8.0)),
        ((0, 2), (12.0, 6.0)),
        ((2, 0), (6.0, 12.0)),
        ((1, 2, 0), (8.0, 6.0, 12.0)),
        ((), ()),
    ],
)
def test_argnums_choose_the_arguments_and_their_order(argnums: Any, expected: object) -> None:
    f: Function = lambda x, y, z: x * y * z
    assert exactly(grad(f, argnums=argnums)(2.0, 3.0, 4.0), expected)
    assert exactly(value_and_grad(f, argnums=argnums)(2.0, 3.0, 4.0), (24.0, expected))


def test_arguments_that_argnums_leave_out_are_passed_as_they_are() -> None:
    seen: list[object] = []

    def f(x: float, n: int, name: str, _rest: object) -> float:
        seen.extend([n, name, type(n)])
        return x**n

    assert exactly(grad(f, argnums=0)(3.0, 2, "square", object()), 6.0)
    assert seen == [2, "square", int]


def test_keyword_arguments_pass_through_and_are_not_differentiated() -> None:
    seen: list[object] = []

    def f(x: float, y: float, *, k: Any, flag: bool = False) -> Any:
        seen.extend([k, flag])
        return x * y * k

    assert exactly(grad(f)(2.0, 3.0, k=5), (15.0, 10.0))
    assert exactly(grad(f, argnums=1)(2.0, 3.0, k=5.0, flag=True), 10.0)
    assert exactly(value_and_grad(f)(2.0, 3.0, k=5), (30.0, (15.0, 10.0)))
    assert seen == [5, False, 5.0, True, 5, False]
    assert [type(x) for x in seen] == [int, bool, float, bool, int, bool]


def test_a_positional_argument_may_have_a_default() -> None:
    def f(x: float, k: float = 3.0) -> float:
        return x * k

    assert exactly(grad(f)(2.0), 3.0)
    assert exactly(grad(f)(2.0, 5.0), (5.0, 2.0))


def test_any_number_of_arguments() -> None:
    f: Any = lambda *xs: math.prod(xs)
    assert exactly(grad(f)(2.0), 1.0)
    assert exactly(grad(f)(2.0, 3.0, 4.0, 5.0, 6.0), (360.0, 240.0, 180.0, 144.0, 120.0))
    assert exactly(grad(f)(), ())


def test_every_kind_of_callable() -> None:
    class Power:
        def __init__(self, n: int) -> None:
            self.n = n

        def __call__(self, x: float) -> float:
            return x**self.n

        def method(self, x: float) -> float:
            return x**self.n

    def times(k: float, x: float) -> float:
        return k * x

    assert grad(Power(2))(3.0) == 6.0
    assert grad(Power(2).method)(3.0) == 6.0
    assert grad(partial(times, 4.0))(3.0) == 4.0
    assert grad(fgrad.sin)(0.0) == 1.0
    assert grad(math.prod)([2.0, 3.0]) == [3.0, 2.0]


def test_a_gradient_keeps_the_name_and_the_text_of_its_function() -> None:
    def f(x: float) -> float:
        """Square."""
        return x * x

    for transformed in (grad(f), value_and_grad(f)):
        assert getattr(transformed, "__name__", "") == "f"
        assert transformed.__doc__ == "Square."


@pytest.mark.parametrize(
    "number", [3, 3.0, Fraction(3), np.float64(3), np.float32(3), np.int64(3), np.longdouble(3)]
)
def test_a_lone_number_of_any_real_type_becomes_a_float(number: Any) -> None:
    seen: list[type] = []

    def f(x: Any) -> Any:
        seen.append(type(value(x)))
        return x**2 / 4

    assert exactly(grad(f)(number), 1.5)
    assert exactly(value_and_grad(f)(number), (2.25, 1.5))
    assert set(seen) == {float}


def test_an_int_too_large_for_its_float_is_rounded_once() -> None:
    assert exactly(value_and_grad(lambda x: x)(2**53 + 1), (float(2**53), 1.0))


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: 7.0, (7.0, 0.0)),
        (lambda x: 7, (7.0, 0.0)),
        (lambda x: Fraction(7, 2), (3.5, 0.0)),
        (lambda x: np.float64(7.0), (7.0, 0.0)),
        (lambda x: x, (3.0, 1.0)),
        (lambda x: +x, (3.0, 1.0)),
        (lambda x: -x, (-3.0, -1.0)),
        (lambda x: x + x, (6.0, 2.0)),
        (lambda x: x - x, (0.0, 0.0)),
        (lambda x: x * x, (9.0, 6.0)),
        (lambda x: x / x, (1.0, 0.0)),
        (lambda x: x * x * x, (27.0, 27.0)),
        (lambda x: total([x, x, x]), (9.0, 3.0)),
        (lambda x: dot([x, x], [x, 2.0]), (15.0, 8.0)),
        (lambda x: sum([x, x, 1]), (7.0, 2.0)),
        (lambda x: value(x) * x, (9.0, 3.0)),
        (lambda x: 5.0 if x > 0 else x, (5.0, 0.0)),
        (lambda x: [x, x * x][1], (9.0, 6.0)),
        (lambda x: max(x, x * 2), (6.0, 2.0)),
    ],
)
def test_small_functions(f: Function, expected: tuple[float, float]) -> None:
    assert exactly(value_and_grad(f)(3.0), expected)


def test_an_argument_that_is_ignored_has_a_gradient_of_zero() -> None:
    f: Function = lambda x, y: x * 2.0
    assert exactly(grad(f)(3.0, 4.0), (2.0, 0.0))
    assert exactly(grad(f)(3.0, math.nan), (2.0, 0.0))
    g: Function = lambda x, y: y
    assert exactly(value_and_grad(g)(2.5, -1.0), (-1.0, (0.0, 1.0)))


def test_the_first_of_many_arguments_may_be_the_answer() -> None:
    """The sweep begins below the other leaves."""
    first: Any = lambda *xs: xs[0]
    assert exactly(grad(first)(1.0, 2.0, 3.0), (1.0, 0.0, 0.0))
    pick: Any = lambda xs: xs[1]
    assert exactly(grad(pick)([1.0, 2.0, 3.0]), [0.0, 1.0, 0.0])


@pytest.mark.parametrize("count", [1, 2, 10, 1_000, 70_000])
def test_as_many_leaves_as_there_are(count: int) -> None:
    """Few leaves and many are swept by different means."""
    xs = [float(i) for i in range(count)]
    assert grad(lambda v: dot(v, v))(xs) == [2.0 * x for x in xs]
    assert grad(lambda v: v[0] * v[-1])(xs)[-1] == (xs[0] if count > 1 else 2 * xs[0])
    assert grad(lambda v: v[count // 2])(xs) == [float(i == count // 2) for i in range(count)]


def test_a_diamond_of_sixty_levels_takes_linear_time() -> None:
    """It has 2 ** 60 paths."""

    def f(x: Any) -> Any:
        for _ in range(60):
            x = (x + x) * 0.5
        return x

    assert exactly(value_and_grad(f)(0.7), (0.7, 1.0))
    assert grad(grad(grad(f)))(0.7) == 0.0

    def g(x: Any) -> Any:
        for _ in range(60):
            x = x + x
        return x

    assert grad(g)(1.0) == 2.0**60


def test_contributions_of_every_use_add_up() -> None:
    def f(x: Any, y: Any) -> Any:
        shared = x * y
        first = shared + x
        second = shared * first
        return second * shared + first * second - shared

    # with s = xy, a = s + x, b = sa: f = bs + ab - s = s²a + sa² - s
    x, y = 1.5, -2.0
    s, a = x * y, x * y + x
    by_s, by_a = 2 * s * a + a * a - 1, s * s + 2 * s * a
    assert grad(f)(x, y) == pytest.approx((by_s * y + by_a * (y + 1), by_s * x + by_a * x))


# Nesting.


def test_the_confusions_of_perturbations() -> None:
    """Siskind and Pearlmutter 2005: an inner derivative must not see the outer's variable."""
    assert exactly(grad(lambda x: x * grad(lambda y: x + y)(x))(1.0), 1.0)
    assert exactly(grad(lambda x: x * grad(lambda y: x * y)(2.0))(1.0), 2.0)
    assert exactly(grad(lambda x: grad(lambda y: x * y * y)(3.0))(2.0), 6.0)
    assert exactly(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0), 1.0)


def test_any_order_by_nesting() -> None:
    f: Any = fgrad.sin
    sine, cosine = math.sin(0.7), math.cos(0.7)
    for expected in 2 * (sine, cosine, -sine, -cosine):
        assert type(f(0.7)) is float
        assert f(0.7) == pytest.approx(expected, rel=1e-14)
        f = grad(f)


def test_derivatives_of_a_cube() -> None:
    f: Any = lambda x: x**3
    assert exactly([g(2.0) for g in (f, grad(f), grad(grad(f)))], [8.0, 12.0, 12.0])
    assert exactly(grad(grad(grad(f)))(2.0), 6.0)
    assert exactly(grad(grad(grad(grad(f))))(2.0), 0.0)


def test_every_entry_of_a_hessian_at_floats_is_a_float() -> None:
    f: Any = lambda x, y: x**3 * y + y * fgrad.exp(x) + 5
    entries = [grad(lambda x, y, i=i: grad(f)(x, y)[i])(1.0, 2.0) for i in range(2)]
    assert [[type(entry) for entry in row] for row in entries] == [[float] * 2] * 2
    e = math.e
    assert entries[0] == pytest.approx((12 + 2 * e, 3 + e))
    assert entries[1] == pytest.approx((3 + e, 0.0))


def test_a_hessian_whose_rows_ignore_a_variable_is_made_of_floats_too() -> None:
    f: Any = lambda x, y: x * x + y
    rows = [grad(lambda x, y, i=i: grad(f)(x, y)[i])(1.0, 2.0) for i in range(2)]
    assert exactly(rows, [(2.0, 0.0), (0.0, 0.0)])


def test_inside_another_differentiation_the_results_are_nodes_where_they_depend() -> None:
    kinds: dict[str, list[type]] = {}

    def outer(x: Any) -> Any:
        f: Any = lambda a, b: a * b * x
        result, (by_a, by_b) = value_and_grad(f)(2.0, x)
        kinds["of x"] = [type(result), type(by_a), type(by_b)]
        plain = value_and_grad(lambda a: a * a)(2.0)
        kinds["not of x"] = [type(number) for number in plain]
        at_x = value_and_grad(lambda a: a * 3.0)(x)
        kinds["at x"] = [type(at_x[0])]
        return result + by_a + by_b + plain[0] + at_x[0]

    # 2x² + x² + 2x + 4 + 3x
    assert exactly(value_and_grad(outer)(5.0), (104.0, 35.0))
    assert kinds["of x"] == [Node, Node, Node]
    assert kinds["not of x"] == [float, float]
    assert kinds["at x"] == [Node]


def test_an_inner_function_that_returns_the_outer_variable() -> None:
    assert exactly(grad(lambda x: value_and_grad(lambda y: x)(1.0)[0])(2.0), 1.0)
    assert exactly(grad(lambda x: grad(lambda y: x)(1.0) + x)(2.0), 1.0)
    assert exactly(grad(lambda x: value_and_grad(lambda y: x * x)(x)[0])(3.0), 6.0)


def test_an_inner_value_at_the_outer_variable_itself() -> None:
    """The inner leaf is an alias: what it gives is differentiated on."""
    assert exactly(grad(lambda x: value_and_grad(lambda y: +y)(x)[0])(2.0), 1.0)
    assert exactly(grad(lambda x: value_and_grad(lambda y: y * y)(x)[0])(3.0), 6.0)
    assert exactly(grad(lambda x: 1.0 * grad(lambda y: y * y * y)(x))(3.0), 18.0)
    assert exactly(grad(lambda x: grad(lambda y: y * y * y)(x * x))(3.0), 324.0)


def test_three_levels_that_shadow_one_another() -> None:
    # x · D(x · D(x³)) = x · D(3x³) = 9x³
    d = grad(lambda x: x * grad(lambda x: x * grad(lambda x: x**3)(x))(x))(1.1)
    assert d == pytest.approx(27 * 1.1**2, rel=1e-14)


def test_mixed_levels_in_a_closure() -> None:
    f: Any = lambda x: grad(lambda y: grad(lambda z: x**2 * y**3 * z**4)(y))(x)
    # 4x²·D(y⁶) at y = x: 24x⁷
    assert value_and_grad(f)(1.5) == pytest.approx((24 * 1.5**7, 168 * 1.5**6), rel=1e-14)


def test_the_gradient_of_two_steps_of_descent_by_the_rate() -> None:
    def trained(rate: Any) -> Any:
        loss: Any = lambda w: (w - 3.0) ** 2
        w = 0.0
        for _ in range(2):
            w = w - rate * grad(loss)(w)
        return loss(w)

    # loss = 9(1 - 2r)⁴
    assert value_and_grad(trained)(0.1) == pytest.approx((9 * 0.8**4, -72 * 0.8**3), rel=1e-14)


def test_a_node_that_leaks_from_one_inner_differentiation_into_the_next() -> None:
    def f(x: Any) -> Any:
        cell = [x]

        def h(y: Any) -> Any:
            cell[0] = cell[0] * y
            return cell[0]

        grad(h)(1.0)
        return grad(h)(1.0)

    assert value(grad(f)(1.0)) == 1.0


def test_a_function_that_differentiates_itself() -> None:
    class Tower:
        def __init__(self, height: int, base: Any) -> None:
            self.height, self.base = height, base

        def __call__(self, t: Any) -> Any:
            if self.height:
                return t * grad(Tower(self.height - 1, t))(1.0)
            return self.base + t

    assert grad(Tower(1, 0.0))(1.0) == 1.0
    assert grad(Tower(2, 0.0))(1.0) == 1.0


def test_kwargs_of_the_outer_differentiation_are_differentiated_by_the_outer_one() -> None:
    def f(x: Any, *, k: Any) -> Any:
        return x * x * k

    assert exactly(grad(lambda k: grad(f)(3.0, k=k))(2.0), 6.0)


# Trees.


class Pair(NamedTuple):
    first: Any
    second: Any


class Nothing(NamedTuple):
    """A NamedTuple of no fields."""


@attrs.frozen
class Layer:
    weights: Any
    bias: Any
    name: str = "layer"


@attrs.define
class Mutable:
    _hidden: Any
    plain: Any


@dataclass(frozen=True)
class Point:
    x: Any
    y: Any
    tag: str = "point"


@dataclass(slots=True)
class Slotted:
    x: Any
    items: list[Any] = field(default_factory=list)


@dataclass
class Counted:
    x: Any
    count: ClassVar[int] = 3


@dataclass
class Scaled:
    x: Any
    by: InitVar[float]

    def __post_init__(self, by: float) -> None:
        self.x = self.x * by


@attrs.frozen
class Empty:
    """An attrs class of no fields, such as an activation."""


class Colour(Enum):
    RED = 1.0


class Level(IntEnum):
    LOW = 1


class Rate(float, Enum):
    SLOW = 0.5


TREES: list[tuple[Any, Any]] = [
    ((2.0, 3.0), (4.0, 6.0)),
    ([2.0, 3.0], [4.0, 6.0]),
    ((2.0,), (4.0,)),
    ({"b": 2.0, "a": 3.0}, {"b": 4.0, "a": 6.0}),
    ({1: 2.0, (0, 1): 3.0}, {1: 4.0, (0, 1): 6.0}),
    (Pair(2.0, 3.0), Pair(4.0, 6.0)),
    (Layer([2.0, 3.0], 1.0), Layer([4.0, 6.0], 2.0)),
    (Mutable(2.0, 3.0), Mutable(4.0, 6.0)),
    (Point(2.0, 3.0), Point(4.0, 6.0)),
    (Slotted(2.0, [3.0]), Slotted(4.0, [6.0])),
    (Counted(2.0), Counted(4.0)),
    ((1.0, (2.0, [3.0, {"x": 4.0}])), (2.0, (4.0, [6.0, {"x": 8.0}]))),
    (Pair(Layer((1.0,), 2.0), [Point(3.0, {})]), Pair(Layer((2.0,), 4.0), [Point(6.0, {})])),
    ((), ()),
    ([], []),
    ({}, {}),
    (((), [], {"x": ()}), ((), [], {"x": ()})),
    ((2.0, Empty(), Nothing()), (4.0, Empty(), Nothing())),
    ((np.float64(2.0), 3.0), (4.0, 6.0)),
]


def squares(tree: Any) -> Any:
    """The sum of the squares of every leaf, found without the library's help."""
    if isinstance(tree, (float, Node)):
        return tree * tree
    if isinstance(tree, (tuple, list)):
        return sum(map(squares, tree))
    if isinstance(tree, dict):
        return sum(map(squares, tree.values()))
    if attrs.has(type(tree)):
        return sum(squares(getattr(tree, f.name)) for f in attrs.fields(type(tree)))
    if isinstance(tree, np.ndarray):
        return sum(map(squares, tree.ravel().tolist()))
    names = getattr(tree, "__dataclass_fields__", ())
    return sum((squares(vars(tree)[n]) for n in names if n in getattr(tree, "__dict__", {})), 0) + (
        squares(tree.x) + squares(tree.items) if isinstance(tree, Slotted) else 0
    )


@pytest.mark.parametrize(("tree", "expected"), TREES, ids=lambda x: str(x)[:40])
def test_a_gradient_has_the_shape_of_its_argument(tree: Any, expected: Any) -> None:
    got = grad(squares)(tree)
    assert exactly(got, expected)
    assert value_and_grad(squares)(tree)[1] == expected


@pytest.mark.parametrize(("tree", "expected"), TREES, ids=lambda x: str(x)[:40])
def test_the_function_sees_the_structure_that_was_passed(tree: Any, expected: Any) -> None:
    seen: list[Any] = []

    def f(argument: Any) -> float:
        seen.append(tree_map(value, argument))
        return 0.0

    gradient = grad(f)(tree)
    assert exactly(seen[0], tree_map(float, tree))
    assert exactly(gradient, tree_map(lambda x: 0.0, expected))


def test_several_trees_and_numbers_side_by_side() -> None:
    f: Any = lambda p, x, q: p["w"] * x + q[0] * q[1]
    assert exactly(
        grad(f)({"w": 2.0}, 3, (4.0, 5.0)),
        ({"w": 3.0}, 2.0, (5.0, 4.0)),
    )
    assert exactly(grad(f, argnums=(2, 0))({"w": 2.0}, 3, [4.0, 5.0]), ([5.0, 4.0], {"w": 3.0}))


def test_the_order_of_the_keys_is_kept() -> None:
    tree = {"z": 1.0, "a": 2.0, "m": 3.0}
    gradient = grad(lambda d: d["a"] * d["z"])(tree)
    assert list(gradient.items()) == [("z", 2.0), ("a", 1.0), ("m", 0.0)]


@pytest.mark.parametrize(
    "static",
    [None, "name", "leaf", True, False, Colour.RED, Level.LOW, Rate.SLOW, math.sin, float, len],
)
def test_what_is_static_passes_through(static: Any) -> None:
    """It is seen by the function as it is, and stands in the gradient as it is."""
    seen: list[object] = []

    def f(tree: Any) -> Any:
        seen.append(tree[1])
        return tree[0] ** 2

    gradient: Any = grad(f)((3.0, static))
    assert exactly(gradient[0], 6.0)
    assert gradient[1] is static
    assert seen[0] is static


def test_a_callable_container_is_a_container() -> None:
    """A model is a tree although it can be called."""

    @attrs.frozen
    class Line:
        slope: Any
        intercept: Any

        def __call__(self, x: float) -> Any:
            return self.slope * x + self.intercept

    assert grad(lambda line: line(3.0) ** 2)(Line(2.0, 1.0)) == Line(42.0, 14.0)


def test_a_container_is_rebuilt_without_its_constructor() -> None:
    """What a constructor checks or converts holds of the floats; nodes and gradients pass."""

    @attrs.frozen
    class Positive:
        x: Any = attrs.field(validator=attrs.validators.gt(0), converter=float)

    assert grad(lambda p: -p.x * p.x)(Positive(3)).x == -6.0
    scaled = Scaled(2.0, 3.0)
    assert grad(lambda p: p.x**2)(scaled).x == 12.0


def test_the_argument_itself_is_left_alone() -> None:
    tree = {"w": [1.0, 2.0], "b": (3.0,)}
    grad(squares)(tree)
    assert exactly(tree, {"w": [1.0, 2.0], "b": (3.0,)})


def test_a_tree_may_hold_nodes_of_an_outer_differentiation() -> None:
    def outer(x: Any) -> Any:
        inner = grad(squares)({"x": x, "one": 1.0, "both": [x, 2.0]})
        return inner["x"] * inner["both"][0] + inner["one"]

    # (2x)(2x) + 2
    assert exactly(value_and_grad(outer)(3.0), (38.0, 24.0))


def test_a_step_of_descent_inside_a_differentiation() -> None:
    """Parameters are floats and their gradients nodes: `tree_map` takes both."""

    def loss_after_a_step(rate: Any) -> Any:
        parameters: Any = {"w": (1.0, 2.0), "b": 0.5, "name": "line"}
        loss: Any = lambda p: (p["w"][0] * p["w"][1] + p["b"]) ** 2
        gradient = grad(lambda p: loss(p) * rate)(parameters)
        return loss(tree_map(lambda p, g: p - g, parameters, gradient))

    h = 1e-6
    difference = (loss_after_a_step(0.01 + h) - loss_after_a_step(0.01 - h)) / (2 * h)
    assert grad(loss_after_a_step)(0.01) == pytest.approx(difference, rel=1e-7)


def test_tree_map_takes_leaves_of_every_kind_together() -> None:
    x = leaf(3.0)
    mapped = tree_map(lambda a, b: a * b, (1.0, [2.0]), (x, [np.float64(4.0)]))
    assert value(mapped[0]) == 3.0
    assert mapped[1] == [8.0]


# NumPy arrays.

ARRAYS: list[Any] = [
    np.array([1.0, 2.0, 3.0]),
    np.arange(6.0).reshape(2, 3),
    np.arange(24.0).reshape(2, 3, 4),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(12.0)[::-2],
    np.arange(6.0).reshape(2, 3).T,
    np.array(3.0),
    np.zeros((0,)),
    np.zeros((2, 0, 3)),
    np.arange(3, dtype=np.float32),
    np.arange(3, dtype=np.float16),
    np.arange(3, dtype=np.longdouble),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_an_array_is_a_tree_of_floats(array: Any) -> None:
    weights = np.arange(1.0, array.size + 1).reshape(array.shape)[()]
    seen: list[Any] = []

    def f(argument: Any) -> Any:
        seen.append(argument)
        product = argument * argument * weights  # NumPy makes a node of an array of no dimensions
        return np.sum(product) if array.size and array.ndim else product if array.size else 0.0

    gradient: Any = grad(f)(array)
    assert isinstance(seen[0], np.ndarray)
    assert seen[0].shape == array.shape
    assert isinstance(gradient, np.ndarray)
    assert gradient.dtype == np.float64
    assert gradient.shape == array.shape
    np.testing.assert_array_equal(gradient, 2.0 * array * weights)


def test_arrays_in_containers() -> None:
    f: Any = lambda p: (p["w"] @ p["x"][0]).sum() * p["scale"]
    w, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    gradient = grad(f)({"w": w, "x": [x], "scale": 2.0})
    np.testing.assert_array_equal(gradient["w"], [[10.0, 12.0], [10.0, 12.0]])
    np.testing.assert_array_equal(gradient["x"][0], [8.0, 12.0])
    assert exactly(gradient["scale"], 56.0)


def test_second_derivatives_over_arrays() -> None:
    f: Any = lambda a: (a**3).sum()
    hessian = [grad(lambda a, i=i: grad(f)(a)[i])(np.array([1.0, 2.0])) for i in range(2)]
    np.testing.assert_array_equal(np.array(hessian), [[6.0, 0.0], [0.0, 12.0]])
    assert hessian[0].dtype == np.float64


def test_an_array_of_nodes_of_an_outer_differentiation() -> None:
    def outer(x: Any) -> Any:
        inner = grad(lambda a: (a * a * a).sum())(np.array([x, 2.0 * x]))
        return inner.sum()

    # 3x² + 12x²
    assert exactly(value_and_grad(outer)(2.0), (60.0, 60.0))


def test_numpy_reductions_of_nodes_are_differentiated() -> None:
    f: Any = lambda a: np.prod(a) + np.dot(a, a) + a.mean() + np.max(a)
    gradient = grad(f)(np.array([1.0, 2.0, 4.0]))
    np.testing.assert_allclose(gradient, [8 + 2 + 1 / 3, 4 + 4 + 1 / 3, 2 + 8 + 1 / 3 + 1])


# Powers.

POWERS: list[tuple[Function, float, list[float]]] = [
    (lambda x: x**0, 0.0, [1.0, 0.0, 0.0]),
    (lambda x: x**0.0, 0.0, [1.0, 0.0, 0.0]),
    (lambda x: x**0, -3.0, [1.0, 0.0, 0.0]),
    (lambda x: x**0, 5e-324, [1.0, 0.0]),
    (lambda x: x**1, 0.0, [0.0, 1.0, 0.0, 0.0]),
    (lambda x: x**2, 0.0, [0.0, 0.0, 2.0, 0.0, 0.0]),
    (lambda x: x**2, -3.0, [9.0, -6.0, 2.0, 0.0]),
    (lambda x: x**2.0, -3.0, [9.0, -6.0, 2.0, 0.0]),
    (lambda x: x**3, 0.0, [0.0, 0.0, 0.0, 6.0, 0.0]),
    (lambda x: x**3, -2.0, [-8.0, 12.0, -12.0, 6.0, 0.0]),
    (lambda x: x**-2, -2.0, [0.25, 0.25, 0.375]),
    (lambda x: x**1.5, 0.0, [0.0, 0.0, math.inf]),
    (lambda x: x**0.5, 0.0, [0.0, math.inf]),
    (sqrt, 0.0, [0.0, math.inf]),
    (lambda x: 0.0**x, 2.0, [0.0, 0.0, 0.0]),
    (lambda x: 2.0**x, 0.0, [1.0, math.log(2), math.log(2) ** 2]),
    (lambda x: (-2.0) ** x, 3.0, [-8.0, math.nan]),
    (lambda x: x**x, 1.0, [1.0, 1.0, 2.0, 3.0]),
]


@pytest.mark.parametrize(("f", "x", "expected"), POWERS)
def test_powers_and_their_derivatives(f: Any, x: float, expected: Sequence[float]) -> None:
    for derivative in expected:
        got = f(x)
        assert type(got) is float
        assert got == pytest.approx(derivative, rel=1e-15, abs=0.0, nan_ok=True)
        f = grad(f)


def test_a_power_has_a_slope_in_its_base_although_it_has_none_in_its_exponent() -> None:
    by_x, by_y = grad(lambda x, y: x**y)(-2.0, 3.0)
    assert by_x == 12.0
    assert math.isnan(by_y)
    assert grad(lambda x, y: x**y, argnums=0)(-2.0, 3.0) == 12.0


def test_a_negative_base_with_a_fractional_exponent_is_a_clear_error() -> None:
    for compute in (lambda x: x ** (1 / 3), lambda x: fgrad.pow(x, 1 / 3)):
        with pytest.raises(ValueError, match=r"-8\.0 \*\* 0\.33.* is complex.*whole exponent"):
            grad(compute)(-8.0)


# Edges.


@pytest.mark.parametrize("f", [fgrad.tanh, fgrad.sigmoid, fgrad.softplus])
@pytest.mark.parametrize("x", [1e3, -1e3, 1e308, -1e308, math.inf, -math.inf])
def test_saturation_overflows_nowhere(f: Function, x: float) -> None:
    slope = {True: 0.0, False: 0.0}
    if f is fgrad.softplus:
        slope[True] = 1.0
    assert exactly(abs(grad(f)(x)), slope[x > 0])
    assert math.isfinite(grad(grad(f))(x)) or math.isinf(x)


def test_differentiating_raises_what_the_function_raises() -> None:
    cases: list[tuple[Function, float, type[Exception]]] = [
        (lambda x: 1 / x, 0.0, ZeroDivisionError),
        (lambda x: x**-1, 0.0, ZeroDivisionError),
        (fgrad.log, 0.0, ValueError),
        (fgrad.sqrt, -1.0, ValueError),
        (fgrad.exp, 1000.0, OverflowError),
        (lambda x: 10.0**x, 1000.0, OverflowError),
    ]
    for f, x, error in cases:
        with pytest.raises(error) as plain:
            f(x)
        with pytest.raises(error) as differentiated:
            grad(f)(x)
        assert str(differentiated.value) == str(plain.value)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: where(x > 0, sqrt(x), 0.0), 0.0, 0.0),
        (lambda x: where(x > 0, sqrt(where(x > 0, x, 1.0)), 0.0), 0.0, 0.0),
        (lambda x: where(x < 1, x, sqrt(x)), 0.0, 1.0),
        (lambda x: where(x == 0, x, sqrt(x)), 0.0, 1.0),
        (lambda x: where(x != 0, sqrt(x), x), 0.0, 1.0),
        (lambda x: sqrt(x) if x > 0 else 0.0 * x, 0.0, 0.0),
        (lambda x: fgrad.relu(-sqrt(x)), 0.0, 0.0),
        (lambda x: fgrad.sign(sqrt(x)), 0.0, 0.0),
        (lambda x: sqrt(x) ** 0, 0.0, 0.0),
        (fgrad.fabs, 0.0, 0.0),
        (abs, 0.0, 0.0),
        (fgrad.relu, 0.0, 0.0),
        (lambda x: max(x, 0.0), 0.0, 1.0),
        (lambda x: min(0.0, x), 0.0, 0.0),
    ],
)
def test_nothing_flows_from_the_branch_that_is_not_taken(
    f: Function, x: float, slope: float
) -> None:
    assert grad(f)(x) == slope
    assert grad(lambda x: grad(f)(x) + x)(x) == pytest.approx(1.0, nan_ok=True)


def test_a_choice_is_differentiated_within_another_differentiation() -> None:
    f: Any = lambda x: where(x > 0, x**3, x**2)
    assert [grad(grad(f))(x) for x in (2.0, -2.0)] == [12.0, 2.0]


def test_infinities_and_nans_are_carried_where_they_belong() -> None:
    f: Any = lambda x, y: x * y
    by_x, by_y = grad(f)(math.nan, 2.0)
    assert by_x == 2.0
    assert math.isnan(by_y)
    assert exactly(grad(lambda x: x * 0.0)(math.inf), 0.0)
    assert exactly(value_and_grad(fgrad.exp)(-math.inf), (0.0, 0.0))
    assert exactly(value_and_grad(fgrad.log)(math.inf), (math.inf, 0.0))


# The n-ary rows.


def test_dot_and_total_are_one_node() -> None:
    xs = [leaf(float(i)) for i in range(5)]
    for node in (dot(xs, xs), dot(xs, [1.0] * 5), total(xs)):
        assert isinstance(node, Node)
        assert all(operand in xs or isinstance(operand, float) for operand in node.operands)


def test_dot_and_total_take_any_iterable() -> None:
    f: Any = lambda x: dot((x * i for i in range(3)), iter([1, 2.0, x])) + total(map(float, [1, 2]))
    # x·1·2 + 2x·x + 3
    assert exactly(value_and_grad(f)(3.0), (27.0, 14.0))


def test_dot_and_total_of_numbers_are_floats() -> None:
    assert exactly(dot([1, 2], [3, 4]), 11.0)
    assert exactly(total([1, 2]), 3.0)
    assert exactly(total([True]), 1.0)


def test_dot_is_the_sum_of_the_products_to_the_last_bit() -> None:
    """From left to right, as the operators add."""
    ws, xs = [0.1, 0.2, 0.3, 1e17, -1e17], [0.7, 0.9, 1.1, 1.0, 1.0]
    plain = 0.1 * 0.7
    for w, x in zip(ws[1:], xs[1:], strict=True):
        plain = plain + w * x
    assert exactly(dot(ws, xs), plain)
    assert exactly(value(dot([leaf(w) for w in ws], xs)), plain)
    assert exactly(total([1e16, 1.0, -1e16]), 0.0)


def test_the_second_derivative_of_dot() -> None:
    f: Any = lambda v: dot(v, v) * dot(v, [1.0, 2.0])
    hessian = [grad(lambda v, i=i: grad(f)(v)[i])([3.0, 4.0]) for i in range(2)]
    # f = (a² + b²)(a + 2b): 6a + 4b, 4a + 2b, 12b + 2a
    assert exactly(hessian, [[34.0, 20.0], [20.0, 54.0]])


# What a partial reads of an operand that nothing flows to.

HIDDEN: Any = fgrad.row(
    "hidden",
    lambda x, y: x * y,
    lambda x, y, z: y,
    lambda x, y, z: fgrad.where(x == 0, fgrad.ZERO, x),
)
INNER: Any = {
    "grad": lambda f: grad(f)(0.0),
    "jvp": lambda f: fgrad.jvp(f, 0.0, 1.0)[1],
    "vjp": lambda f: fgrad.vjp(f, 0.0)[1](1.0),
    "jacobian": lambda f: fgrad.jacobian(lambda x: [f(x)], mode="forward")(0.0)[0],
}


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
@pytest.mark.parametrize("made", [lambda p: p, lambda p: p * 1.0, lambda p: (p + 1) - 1])
@pytest.mark.parametrize("f", [lambda x, p: x**p, HIDDEN], ids=["pow", "row"])
def test_what_nothing_flows_to_is_still_read_by_its_neighbour(
    f: Any, made: Any, inner: Any
) -> None:
    """At x = 0 the slope in x is p (of x ** p: at p = 1), which changes with p."""
    assert grad(lambda p: inner(lambda x: f(x, made(p))))(1.0) == 1.0


def test_where_nothing_older_is_behind_it_the_answer_is_floats() -> None:
    assert [type(x) for x in grad(lambda x, p: x ** (p * 1.0))(0.0, 2.0)] == [float, float]
    x, p = fgrad.Value(0.0), fgrad.Value(1.0)
    (x**p).backwards()
    assert (x.grad, p.grad, type(x.grad)) == (1.0, 0.0, float)


def test_by_columns_an_infinite_slope_stays_in_its_own() -> None:
    f: Any = lambda x, y: [fgrad.sqrt(x) + y, y, x]
    for mode in ("forward", "reverse"):
        assert fgrad.jacobian(f, mode=mode)(0.0, 1.0) == [(math.inf, 1.0), (0.0, 1.0), (1.0, 0.0)]


def test_a_node_of_another_thread_between_the_leaves() -> None:
    a = leaf(3.0)
    leaf(0.0)
    b = leaf(2.0)
    assert cotangents([(a * b, 1.0)], [a, b]) == [2.0, 3.0]


def test_the_answer_is_a_number_of_the_differentiation_around_it() -> None:
    for inner in (grad, fgrad.jacobian):
        flat: Any = lambda x, inner=inner: sum(inner(lambda y, z: x)(2.0, 3.0))
        assert value_and_grad(flat)(5.0) == (0.0, 0.0)
    both: Any = lambda x: sum(value_and_grad(lambda y: x)(2.0))
    assert value_and_grad(both)(5.0) == (5.0, 1.0)


def test_an_older_node_that_comes_in_by_the_cotangent_alone() -> None:
    def pulled(c: Any) -> Any:
        return vjp(lambda v: v[0] ** v[1], [0.0, 1.0])[1](c)[0]

    assert grad(pulled)(2.0) == 1.0


@dataclass
class Size:
    width: float


class Shape(Size, Enum):
    SMALL = 1.0


def test_an_enum_is_a_constant_whatever_else_it_is() -> None:
    assert grad(lambda p: p[0] * 2)([1.0, Shape.SMALL]) == [2.0, Shape.SMALL]


@dataclass
class Sized(dict):  # type: ignore[type-arg]  # of anything
    width: float


@attrs.define
class Broken(Exception):  # noqa: N818 - the name of a test
    width: float


@pytest.mark.parametrize("thing", [Sized(2.0), Broken(2.0)])
def test_a_record_that_holds_more_than_its_fields_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match=rf"p\[0\]: expected float, got {type(thing).__name__}"):
        grad(lambda p: p[0].width)([thing])


def test_a_tree_that_holds_itself_is_one_clear_error() -> None:
    tree: list[Any] = [1.0]
    tree.append(tree)
    with pytest.raises(TypeError, match="f_of: a tree nested too deeply, or one that holds itself"):
        grad(lambda f_of: f_of[0])(tree)
