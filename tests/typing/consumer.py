"""What a typed importer writes: each statement checks under mypy and pyright strict, and runs."""
# ruff: noqa: ARG001, ARG005 - a rule names its operands and its answer, whether or not it reads them

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, assert_type

from attrs import frozen

import fgrad as fg
from fgrad import (
    Scalar,
    cos,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    linearize,
    log,
    relu,
    sin,
    sqrt,
    tanh,
    tree_map,
    value_and_grad,
    vjp,
)


# --- style 1: plain float annotations: existing code, unchanged -----------------------------
def f1(x: float) -> float:
    return x * x + sin(x)


def f2(x: float, y: float) -> float:
    return x * y + 2 * x - y / 3


def f3(x: float, y: float, z: float) -> float:
    return x * y * z


def f5(x: float, y: float, z: float, u: float, v: float) -> float:
    return x * y * z * u * v


def kw(x: float, k: float = 2.0, *, s: float = 1.0) -> float:
    return x * k * s


assert_type(grad(f1)(3.0), float)
assert_type(grad(f1)(3), float)  # an int literal is a float argument
assert_type(grad(fg.atan2)(3.0, 4.0), tuple[float, float])  # a row is a function
assert_type(grad(f2)(3.0, 4.0), tuple[float, float])
assert_type(grad(f3)(3.0, 4.0, 5.0), tuple[float, float, float])
assert_type(grad(f5)(1.0, 2.0, 3.0, 4.0, 5.0), tuple[float, float, float, float, float])
assert_type(grad(f5, argnums=3)(1.0, 2.0, 3.0, 4.0, v=5.0), float)
assert_type(grad(grad(f1))(3.0), float)
assert_type(grad(grad(grad(f1)))(3.0), float)
assert_type(grad(kw)(3.0), float)  # defaults keep working
assert_type(grad(kw, argnums=0)(3.0, 5.0, s=2.0), float)  # ... and so do names and keyword-only
assert_type(grad(partial(kw, s=3.0))(3.0), float)
assert_type(value_and_grad(f1)(3.0), tuple[float, float])
assert_type(grad(lambda x: x * x)(3.0), float)
assert_type(grad(lambda x, y: x * y)(3.0, 4.0), tuple[float, float])
assert_type(grad(lambda x: max(x, 0.0))(3.0), float)
assert_type(grad(lambda x, y: fg.maximum(x, 0.0) * y)(3.0, 4.0), tuple[float, float])
assert_type(grad(lambda x: f2(x, 2.0))(3.0), float)  # closing over data
assert_type(grad(lambda x: grad(lambda y: x * y * y)(3.0))(2.0), float)  # nested closure


# --- style 2: Scalar annotations: leaks into math/int/format are rejected (rejects.py) --
def s1(x: Scalar) -> Scalar:
    return x * x + sin(x)


def s2(x: Scalar, y: Scalar) -> Scalar:
    return 2 * x - y / 3 + x**2 + (-x) * exp(y) + fg.pow(fg.fabs(x), y)


def s_branch(x: Scalar) -> Scalar:
    return log(x) if x > 0 else 0


def s_inner(x: Scalar) -> Scalar:
    assert_type(grad(s1)(x), Scalar)  # Scalar in -> Scalar out
    return grad(s1)(x)


assert_type(grad(s1)(3.0), float)  # float in -> float out
assert_type(grad(s2)(3.0, 4.0), tuple[float, float])
assert_type(grad(s_branch)(3), float)
assert_type(grad(s_inner)(3.0), float)
assert_type(s1(3.0), Scalar)
assert_type(fg.value(s1(3.0)), float)
assert_type(sin(1.0), float)
assert_type(sin(1), float)
assert_type(cos(1.0) + sqrt(2.0) + relu(-1.0), float)
assert_type(list(map(relu, [cos(0.0), sqrt(2)])), list[float])


# --- sequences, sum, map, max ---------------------------------------------------------------
def total(xs: Sequence[Scalar]) -> Scalar:
    assert_type(list(map(tanh, xs)), list[Scalar])
    assert_type(max(xs), Scalar)
    return sum(xs) + sum(x * x for x in xs) + sum((x * x for x in xs), 0.0)


def total_f(xs: list[float]) -> float:
    return sum(x * x for x in xs)


assert_type(grad(total)([1.0, 2.0]), Sequence[Scalar])
assert_type(grad(total_f)([1.0, 2.0]), list[float])
assert_type(list(map(tanh, [1.0, 2.0])), list[float])


def rosen(xs: Sequence[float]) -> float:
    return (1 - xs[0]) ** 2 + 100 * (xs[1] - xs[0] ** 2) ** 2


def polar(xs: Sequence[float]) -> Sequence[float]:
    return [xs[0] * sin(xs[1]), xs[0] * tanh(xs[1])]


assert_type(hessian(rosen)([1.0, 2.0]), list[list[float]])
assert_type(jacobian(polar)([1.0, 2.0]), list[list[float]])


# --- pytrees: the class you annotate is the class you get back ------------------------------
class Params(NamedTuple):
    w: float
    b: float


@frozen
class Layer:
    w: tuple[float, ...]
    b: float

    def __call__(self, x: float) -> float:
        return tanh(sum((w * x for w in self.w), self.b))


@frozen
class MLP:
    layers: tuple[Layer, ...]
    name: str  # static leaf: passes through untouched

    def __call__(self, x: float) -> float:
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass
class Line:
    slope: float
    offset: float
    tag: str = "line"


def height(line: Line, x: float) -> float:
    return line.slope * x + line.offset


def root_height(line: Line) -> float:
    return height(line, 0.0)


def lin(p: Params) -> float:
    return p.w * 3.0 + p.b


def rank(p: Params) -> int:
    return 2 if p.w > p.b else 1


def raised(x: float, n: int) -> float:
    return fg.pow(x, n)


def six(  # noqa: PLR0913, PLR0917 - six are the case
    p: Params, a: float, b: float, c: float, q: tuple[float, float], d: float
) -> float:
    return p.w * a * b * c * d * q[0]


def dct(p: dict[str, float]) -> float:
    return p["a"] * p["b"]


def tup(p: tuple[float, tuple[float, float]]) -> float:
    return p[0] * p[1][0] * p[1][1]


def loss(m: MLP, x: float, y: float) -> float:
    return (m(x) - y) ** 2


def mlp_loss(m: MLP) -> float:
    return loss(m, 1.0, 2.0)


mlp = MLP((Layer((1.0, 2.0), 0.5), Layer((0.1,), 0.0)), "net")
assert_type(grad(lin)(Params(1.0, 2.0)), Params)
assert_type(grad(height)(Line(1.0, 2.0), 3.0), tuple[Line, float])
assert_type(
    grad(six)(Params(1.0, 2.0), 3.0, 4.0, 5.0, (6.0, 7.0), 8.0),
    tuple[Params, float, float, float, tuple[float, float], float],
)
assert_type(
    value_and_grad(six)(Params(1.0, 2.0), 3.0, 4.0, 5.0, (6.0, 7.0), 8.0),
    tuple[float, tuple[Params, float, float, float, tuple[float, float], float]],
)
assert_type(value_and_grad(rank)(Params(1.0, 2.0)), tuple[float, Params])  # values are floats
assert_type(grad(raised, argnums=0)(2.0, n=3), float)
assert_type(grad(root_height)(Line(1.0, 2.0)), Line)
assert_type(grad(height, argnums=0)(Line(1.0, 2.0), x=3.0), Line)
assert_type(grad(dct)({"a": 1.0, "b": 2.0}), dict[str, float])
assert_type(grad(tup)((1.0, (2.0, 3.0))), tuple[float, tuple[float, float]])
assert_type(grad(loss)(mlp, 1.0, 2.0), tuple[MLP, float, float])
assert_type(grad(loss, argnums=0)(mlp, 1.0, 2.0), MLP)
assert_type(grad(loss, argnums=0)(mlp, x=1.0, y=2.0), MLP)
assert_type(grad(loss, argnums=1)(mlp, 1.0, 2.0), float)
assert_type(grad(loss, argnums=(0, 1))(mlp, 1.0, 2.0), tuple[MLP, float])
assert_type(grad(mlp_loss)(mlp), MLP)
assert_type(value_and_grad(mlp_loss)(mlp), tuple[float, MLP])
assert_type(value_and_grad(loss, argnums=0)(mlp, 1.0, 2.0), tuple[float, MLP])
assert_type(grad(mlp)(1.0), float)  # a callable object is a function
assert_type(tree_map(lambda g: 0.1 * g, grad(mlp_loss)(mlp)), MLP)
assert_type(hvp(mlp_loss, mlp, mlp), MLP)
assert_type(jvp(mlp_loss, mlp, mlp)[0], float)
v, pull = vjp(mlp_loss, mlp)
assert_type(v, float)
assert_type(pull(1.0), MLP)


class Model:
    k: float = 2.0

    def energy(self, x: float) -> float:
        return self.k * x * x


assert_type(grad(Model().energy)(3.0), float)  # bound methods


# --- along a direction, and back ------------------------------------------------------------
def circle(t: float) -> tuple[float, float]:
    return cos(t), sin(t)


def s_norm(p: Sequence[Scalar]) -> Scalar:
    return sqrt(p[0] * p[0] + p[1] * p[1])


assert_type(jvp(f1, 3.0, 1.0), tuple[float, float])
assert_type(jvp(lambda x: x * x, 3.0, 1.0), tuple[float, float])
assert_type(jvp(s1, 3.0, 1), tuple[float, float])  # float in -> float out
assert_type(jvp(circle, 0.0, 1.0), tuple[tuple[float, float], tuple[float, float]])
assert_type(jvp(lambda x: [x, x * x], 3, 1), tuple[list[float], list[float]])
assert_type(jvp(lin, Params(1.0, 2.0), Params(1.0, 0.0)), tuple[float, float])
along = linearize(f1, 3.0)
assert_type(along[0], float)
assert_type(along[1](1.0), float)
assert_type(linearize(s1, 3.0)[1](1.0), float)
assert_type(linearize(lambda x: x * x, 3.0)[1](1.0), float)
assert_type(linearize(circle, 0.0)[1](1.0), tuple[float, float])
assert_type(linearize(lambda x: {"square": x * x}, 3.0)[1](1.0), dict[str, float])
assert_type(linearize(mlp_loss, mlp)[1](mlp), float)
assert_type(vjp(f1, 3.0)[1](1.0), float)
assert_type(vjp(s1, 3.0)[1](1.0), float)
assert_type(vjp(lambda x: x * x, 3.0)[1](1.0), float)
assert_type(vjp(circle, 0.0)[1]((1.0, 0.0)), float)
assert_type(vjp(circle, 0)[1]((1.0, 0.0)), float)  # the gradient by an int is no int
assert_type(vjp(lambda x: [x, x * x], 3.0)[1]([1.0, 0.0]), float)
assert_type(hvp(f1, 3.0, 1.0), float)
assert_type(hvp(s1, 3.0, 1.0), float)
assert_type(hvp(lambda x: x * x, 3, 1), float)
assert_type(hvp(rosen, [1.0, 2.0], [1.0, 0.0]), list[float])


def s_along(x: Scalar) -> Scalar:
    assert_type(jvp(s1, x, 1.0), tuple[Scalar, Scalar])  # Scalar in -> Scalar out
    assert_type(linearize(s1, x)[1](x), Scalar)
    assert_type(vjp(s1, x)[1](x), Scalar)
    assert_type(hvp(s1, x, x), Scalar)
    assert_type(hessian(s1)(x), Scalar)
    assert_type(value_and_grad(s1)(x), tuple[Scalar, Scalar])
    return jvp(s1, x, x)[1] * linearize(s1, x)[1](1.0) * hessian(s1)(x)


assert_type(grad(s_along)(1.0), float)


# --- matrices: a gradient in the place of each number ---------------------------------------
def swap(p: Params) -> Params:
    return Params(p.b, p.w)


def both(x: float, y: float) -> list[float]:
    return [x * y, x + y]


def pair(x: float, y: float) -> tuple[float, float]:
    return x * y, x + y


def named(p: Params) -> dict[str, float]:
    return {"sum": p.w + p.b, "product": p.w * p.b}


def series(x: float) -> Sequence[float]:
    return [x, x * x]


def spectrum(p: Params) -> list[float]:
    return [p.w, p.w * p.b]


def s_named(x: Scalar) -> dict[str, Scalar]:
    return {"square": x * x}


def named_pair(x: float, p: Params) -> dict[str, float]:
    return {"product": x * p.w * p.b}


def s_pair(x: Scalar) -> tuple[Scalar, Scalar]:
    return sin(x), cos(x)


assert_type(jacobian(circle)(0.0), tuple[float, ...])
assert_type(jacobian(s_pair)(0.0), tuple[float, ...])
assert_type(jacobian(lambda x: [x, x * x])(1.0), list[float])
assert_type(jacobian(lambda x, y: [x, x * y])(1.0, 2.0), list[tuple[float, float]])
assert_type(jacobian(lambda x: (x, x * x))(1.0), tuple[float, ...])
assert_type(jacobian(lambda x, y: (x, x * y))(1.0, 2.0), tuple[tuple[float, float], ...])
assert_type(jacobian(both)(1.0, 2.0), list[tuple[float, float]])
assert_type(jacobian(both, mode="forward")(1.0, 2.0), list[tuple[float, float]])
assert_type(jacobian(pair)(1.0, 2.0), tuple[tuple[float, float], ...])
assert_type(jacobian(series)(1.0), list[float])
assert_type(jacobian(spectrum)(Params(1.0, 2.0)), list[Params])
assert_type(jacobian(named, mode="reverse")(Params(1.0, 2.0)), dict[str, Params])
assert_type(jacobian(s_named)(1.0), dict[str, float])
assert_type(jacobian(lambda x: {"cube": x**3})(1.0), dict[str, float])
assert_type(jacobian(named_pair)(1.0, Params(1.0, 2.0)), dict[str, tuple[float, Params]])
assert_type(jacobian(swap)(Params(1.0, 2.0)), tuple[Params, ...])  # a Params of Params
assert_type(hessian(f1)(3.0), float)
assert_type(hessian(s1)(3.0), float)
assert_type(hessian(lambda x: x**3)(3.0), float)
assert_type(hessian(f2)(3.0, 4.0), tuple[tuple[float, float], tuple[float, float]])
assert_type(hessian(total_f)([1.0, 2.0]), list[list[float]])
assert_type(hessian(dct)({"a": 1.0, "b": 2.0}), dict[str, dict[str, float]])
assert_type(hessian(lin)(Params(1.0, 2.0)), object)


# --- with something besides the number ------------------------------------------------------
def with_size(xs: list[float]) -> tuple[float, int]:
    return total_f(xs), len(xs)


def noted(x: float, y: float) -> tuple[float, dict[str, float]]:
    return x * y, {"sum": x + y}


def noted_product(x: float, y: float, z: float, u: float) -> tuple[float, str]:
    return x * y * z * u, "product"


def loss_and_output(m: MLP, x: float, *, y: float) -> tuple[float, float]:
    return (m(x) - y) ** 2, m(x)


assert_type(value_and_grad(with_size, has_aux=True)([1.0]), tuple[tuple[float, int], list[float]])
assert_type(
    value_and_grad(noted, has_aux=True)(3.0, 4.0),
    tuple[tuple[float, dict[str, float]], tuple[float, float]],
)
assert_type(
    value_and_grad(noted_product, has_aux=True)(1.0, 2.0, 3.0, 4.0),
    tuple[tuple[float, str], tuple[float, float, float, float]],
)
assert_type(
    value_and_grad(loss_and_output, argnums=0, has_aux=True)(mlp, 1.0, y=2.0),
    tuple[tuple[float, float], MLP],
)
assert_type(
    value_and_grad(lambda x: (x * x, "square"), has_aux=True)(3.0),
    tuple[tuple[float, str], float],
)
assert_type(value_and_grad(f5, argnums=3)(1.0, 2.0, 3.0, 4.0, 5.0), tuple[float, float])
assert_type(value_and_grad(f3, argnums=(0, 2))(1.0, 2.0, 3.0), tuple[float, tuple[float, float]])


# --- by name --------------------------------------------------------------------------------
def only_names(*, w: float, b: float = 1.0) -> float:
    return w * w * b


assert_type(grad(only_names, argnames="w")(w=2.0), float)
assert_type(grad(only_names, argnames=("w", "b"))(w=2.0, b=3.0), tuple[float, ...])
assert_type(grad(kw, argnames="s")(3.0, s=2.0), float)
assert_type(value_and_grad(only_names, argnames="w")(w=2.0, b=3.0), tuple[float, float])
assert_type(
    value_and_grad(only_names, argnames=("b",))(w=2.0, b=3.0), tuple[float, tuple[float, ...]]
)

# --- numbers of a tree, constants, choices --------------------------------------------------
numbers, params_of = fg.ravel(Params(1.0, 2.0))
assert_type(numbers, tuple[float, ...])
assert_type(params_of([3.0, 4.0]), Params)


def s_rest(x: Scalar) -> Scalar:
    assert_type(fg.constant(x), Scalar)
    assert_type(fg.value(x), float)
    assert_type(fg.clip(x, -1.0, 1.0), Scalar)
    assert_type(fg.softmax([x, 1.0]), list[Scalar])
    assert_type(fg.mean([x, 1.0]), Scalar)
    assert_type(fg.dist([x, x], [x, x]), Scalar)
    assert_type(fg.where(x > 0, sqrt(x), 0.0), Scalar)
    assert_type(fg.maximum(x, 0.0), Scalar)
    assert_type(fg.hypot(x, 1.0), Scalar)
    assert_type(fg.hypot(1.0, *[x, x]), Scalar)
    assert_type(list(map(fg.maximum, [1.0, 2.0], [x, x])), list[Scalar])
    assert_type(fg.total([x, 1.0]), Scalar)
    assert_type(fg.dot([x, 1.0], [2.0, x]), Scalar)
    assert_type(fg.dist([x, 1.0], [2.0, x]), Scalar)
    assert_type(fg.atan2(x, 1), Scalar)
    assert_type(fg.log(x), Scalar)
    assert_type(fg.prod([x, 1.0]), Scalar)
    assert_type(fg.isnan(x) or fg.isinf(x) or not fg.isfinite(x) or fg.isclose(x, 1), bool)
    return x // 1 + x % 2 + fg.constant(x) * fg.mean(fg.softmax([x, x])) + fg.logsumexp(x, 1.0)


assert_type(grad(s_rest)(1.0), float)
assert_type(fg.constant(2.0), float)
assert_type(fg.clip(2.0, -1.0, 1.0), float)
assert_type(fg.softmax([1.0, 2.0]), list[float])
assert_type(fg.mean([1.0, 2.0]), float)
assert_type(fg.prod([1.0, 2.0]), float)
assert_type(fg.log(8.0), float)
assert_type(fg.isnan(1.0), bool)
assert_type(fg.dist([1.0, 2.0], (4.0, 6.0)), float)
assert_type(fg.where(numbers[0] > 0, 1.0, 2), float)
assert_type(fg.hypot(3.0, 4.0), float)
assert_type(fg.hypot(*numbers), float)
assert_type(fg.logsumexp(1.0, 2.0, 3.0), float)
assert_type(fg.total([1.0, 2.0]), float)
assert_type(fg.dot([1.0], [2.0]), float)
assert_type(fg.dist([1.0], [2.0]), float)
assert_type(fg.TABLE["sin"].name, str)


# --- rows of one's own, and checking --------------------------------------------------------
sinc = fg.row("sinc", lambda x: math.sin(x) / x, lambda x, y: (cos(x) - y) / x)
scale = fg.row("scale", lambda x, y: x * y, lambda x, y, z: y, lambda x, y, z: x)
volume = fg.row(
    "volume",
    lambda x, y, z: x * y * z,
    lambda x, y, z, v: y * z,
    lambda x, y, z, v: x * z,
    lambda x, y, z, v: x * y,
    domain=(fg.Interval(0.0), fg.Interval(0.0), fg.Interval(0.0)),
)
assert_type(sinc(2.0), float)
assert_type(scale(2.0, 3.0), float)
assert_type(volume(2.0, 3.0, 4.0), float)
assert_type(grad(sinc)(2.0), float)
assert_type(grad(scale)(2.0, 3.0), tuple[float, float])
assert_type(grad(volume)(2.0, 3.0, 4.0), tuple[float, float, float])


def ramp_slope(x: Scalar, y: Scalar) -> Scalar:
    return fg.where((x > 0) & (x < 1), 1.0, fg.ZERO)


@fg.custom_derivative(ramp_slope, kinks=(0.0, 1.0), convention="slope 0 at 0 and 1")
def ramp(x: float) -> float:
    return min(max(x, 0.0), 1.0)


@fg.custom_derivative(lambda x, y, z: x / z, lambda x, y, z: y / z)
def norm(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)


def s_own(x: Scalar) -> Scalar:
    assert_type(sinc(x), Scalar)
    assert_type(norm(x, 2.0), Scalar)
    assert_type(volume(x, 1.0, x), Scalar)
    return ramp(x) * norm(x, 1.0)


assert_type(ramp(0.5), float)
assert_type(norm(3.0, 4.0), float)
assert_type(grad(norm)(3.0, 4.0), tuple[float, float])
assert_type(grad(s_own)(0.5), float)

report = fg.check_grad(f2)(1.0, 2.0)
assert_type(report.agrees, bool)
assert_type(str(fg.check_grad(f1)(1.0)), str)
assert_type(fg.check_grad(loss)(mlp, x=1.0, y=2.0).agrees, bool)
assert_type(report.comparisons[0].reverse, float)
try:
    fg.row("cube", lambda x: x**3, lambda x, y: 2 * x * x)
except fg.DerivativeError as refusal:
    assert_type(refusal, fg.DerivativeError)


# --- compiled functions -------------------------------------------------------------------------
@jit
def jitted(x: float, *, k: float = 2.0) -> float:
    return k * x * x


class Spring:
    stiffness = 3.0

    @jit
    def energy(self, x: float) -> float:
        return 0.5 * self.stiffness * x * x


assert_type(jitted(3.0, k=1.0), float)
assert_type(grad(jitted)(3.0), float)
assert_type(jit(grad(f2))(1.0, 2.0), tuple[float, float])
assert_type(jit(grad(mlp_loss))(mlp), MLP)
assert_type(jit(f1, native=False)(1.0), float)
assert_type(jit(jit(f1))(1.0), float)
assert_type(Spring().energy(2.0), float)
assert_type(jitted.source(3.0, k=1.0), str)
assert_type(str(jitted.program(3.0)), str)

# --- the exercise's facade ------------------------------------------------------------------
handle = fg.Value(3)
doubled = (handle + 1) * 2
assert_type(doubled, fg.Value)
assert_type(doubled.data, float)
doubled.backwards()
assert_type(handle.grad, float)
assert_type(handle.tanh(), fg.Value)
assert_type(handle.log(), fg.Value)
assert_type(handle.log(2), fg.Value)
assert_type(fg.Value(2.0).log(handle), fg.Value)
assert_type(sin(handle), fg.Value)
assert_type(fg.maximum(1.0, handle), fg.Value)
assert_type(fg.where(handle > 0, handle, 0.0), fg.Value)
assert_type(fg.dot([handle], [2.0]), fg.Value)
