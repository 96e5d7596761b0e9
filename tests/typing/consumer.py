"""What a typed importer writes: each statement checks under mypy and pyright strict, and runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, assert_type

from attrs import frozen

import fgrad as fg
from fgrad import Scalar, cos, exp, grad, log, relu, sin, sqrt, tanh, tree_map, value_and_grad


# --- style 1: plain float annotations: existing code, unchanged -----------------------------
def f1(x: float) -> float:
    return x * x + sin(x)


def f2(x: float, y: float) -> float:
    return x * y + 2 * x - y / 3


def f3(x: float, y: float, z: float) -> float:
    return x * y * z


def kw(x: float, k: float = 2.0, *, s: float = 1.0) -> float:
    return x * k * s


assert_type(grad(f1)(3.0), float)
assert_type(grad(f1)(3), float)  # an int literal is a float argument
assert_type(grad(f2)(3.0, 4.0), tuple[float, float])
assert_type(grad(f3)(3.0, 4.0, 5.0), tuple[float, float, float])
assert_type(grad(grad(f1))(3.0), float)
assert_type(grad(grad(grad(f1)))(3.0), float)
assert_type(grad(kw)(3.0), float)  # defaults keep working
assert_type(grad(kw, argnums=0)(3.0, 5.0, s=2.0), float)  # ... and so do names and keyword-only
assert_type(grad(partial(kw, s=3.0))(3.0), float)
assert_type(value_and_grad(f1)(3.0), tuple[float, float])
assert_type(grad(lambda x: x * x)(3.0), float)
assert_type(grad(lambda x, y: x * y)(3.0, 4.0), tuple[float, float])
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


def lin(p: Params) -> float:
    return p.w * 3.0 + p.b


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


class Model:
    k: float = 2.0

    def energy(self, x: float) -> float:
        return self.k * x * x


assert_type(grad(Model().energy)(3.0), float)  # bound methods
