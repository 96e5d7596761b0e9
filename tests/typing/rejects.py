"""What the checkers must reject: each line marked `# E` is an error, and no other line.

`# E mypy`: under mypy alone. To pyright anything may be a tree.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import date
from typing import TextIO

from attrs import frozen

import fgrad as fg
from fgrad import (
    Node,
    Scalar,
    check_grad,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    linearize,
    sin,
    tree_map,
    value_and_grad,
    vjp,
)


# leaks of a Scalar out of the graph
def r01(x: Scalar) -> Scalar:
    return math.sin(x)  # E


def r02(x: Scalar) -> float:
    return float(x)  # E


def r03(x: Scalar) -> int:
    return int(x)  # E


def r04(x: Scalar) -> bool:
    return math.isnan(x)  # E


def r05(x: Scalar) -> range:
    return range(x)  # E


def r06(xs: Sequence[Scalar]) -> Scalar:
    return statistics.fmean(xs)  # E


def r07(x: Scalar) -> float:
    return x  # E


def r08(x: Scalar) -> bool:
    return x.is_integer()  # E


def plain(x: float) -> float:
    return x * x


def r09(x: Scalar) -> Scalar:
    return plain(x)  # E


def r10(x: Scalar) -> Scalar:
    return x + "1"  # E


def r11(x: Scalar) -> Scalar:
    return x @ x  # E


def r12(x: Scalar) -> Scalar:
    return x[0]  # E


# wrong functions
def f1(x: Scalar) -> Scalar:
    return x * x


def f2(x: Scalar, y: Scalar) -> Scalar:
    return x * y


def ff(x: float, y: float) -> float:
    return x * y


def f3(x: float, y: float, z: float) -> float:
    return x * y * z


def f5(x: float, y: float, z: float, u: float, v: float) -> float:
    return x * y * z * u * v


def to_str(x: Scalar) -> str:
    return "s"


def to_none(x: float) -> None:
    print(x)


def to_tuple(x: float) -> tuple[float, float]:
    return x, x


def of_str(s: str) -> float:
    return 1.0


def of_date(d: date) -> float:
    return 1.0


def of_none(x: None) -> float:
    return 1.0


def of_int(x: float, n: int) -> float:
    return x


def of_bytes(b: bytes) -> float:
    return 1.0


def of_file(f: TextIO) -> float:
    return 1.0


def of_set(xs: set[float]) -> float:
    return 1.0


def nothing() -> float:
    return 1.0


grad(to_str)  # E
grad(to_none)  # E
grad(to_tuple)  # E
grad(of_str)  # E mypy
grad(of_date)  # E mypy
grad(of_none)  # E mypy
grad(of_bytes)  # E mypy
grad(of_file)  # E mypy
grad(of_int)  # E mypy
grad(of_set)  # E mypy
grad(nothing)  # E
grad(3.0)  # E
grad(f1(3.0))  # E
grad(lambda x: "s")  # E
grad(lambda x: x.foo)  # E
value_and_grad(to_str)  # E
value_and_grad(to_tuple)  # E
value_and_grad(f1, has_aux=True)  # E
jacobian(f1)  # E
jacobian(to_str)  # E
hessian(to_str)  # E
hessian(to_tuple)  # E
hvp(to_tuple, 1.0, 1.0)  # E
vjp(of_str, "s")  # E mypy
jvp(of_date, date.min, date.min)  # E mypy
check_grad(to_str)  # E
check_grad(to_tuple)  # E

# wrong calls
grad(f1)()  # E
grad(f2)(1.0)  # E
grad(f2)(1.0, 2.0, 3.0)  # E
grad(f1)("3")  # E
grad(f5)(1.0, 2.0, 3.0, 4.0)  # E
grad(f5)(1.0, 2.0, 3.0, 4.0, "5")  # E
grad(f5)(1.0, 2.0, 3.0, 4.0, 5.0)[5]  # E
grad(f5, argnums=3)(1.0, 2.0, 3.0, "4", 5.0)  # E
value_and_grad(f5)(1.0, 2.0, 3.0, 4.0)  # E
grad(ff)(1.0, None)  # E
grad(f1)(x=1.0)  # E
grad(f2, argnums=5)  # E
grad(f1, argnums="x")  # E
grad(f1, wrt=0)  # E
grad(f1, argnames=0)  # E
grad(ff, argnames="y")(1.0)  # E
grad(ff, argnames="y")(1.0, z=2.0)  # E
grad(ff, argnames="y")(1.0, y="2")  # E
value_and_grad(f2)(1.0)  # E
value_and_grad(f1, argnums=3)  # E
value_and_grad(to_tuple, has_aux=False)  # E
jacobian(to_tuple)()  # E
jacobian(to_tuple)("1")  # E
jacobian(to_tuple, mode="sideways")  # E
hessian(f1)("1")  # E
hessian(f2)(1.0)  # E
jvp(f1, 1.0)  # E
jvp(f1, 1.0, "1")  # E
linearize(f1)  # E
linearize(f1, 1.0)[1]()  # E
linearize(ff, 1.0)  # E
vjp(f1, 1.0)[1]("1")  # E
vjp(to_tuple, 1.0)[1](1.0)  # E
hvp(f1, 1.0)  # E
check_grad(f1)()  # E
check_grad(ff)(1.0, "2")  # E
check_grad(ff)(1.0, z=2.0)  # E
sin("1")  # E
exp(None)  # E
fg.pow(1.0, "2")  # E
fg.fabs("1")  # E
fg.value("1")  # E
fg.constant("1")  # E
fg.Value(3).log("2")  # E
fg.Value(3).log(2, 3)  # E
fg.Value(3).exp(2)  # E
fg.clip(1.0, "0", 2.0)  # E
fg.clip(1.0, 0.0)  # E
fg.softmax(1.0)  # E
fg.softmax(["1"])  # E
fg.mean(["1"])  # E
fg.where("yes", 1.0, 2.0)  # E
fg.where(math.isnan(1.0), 1.0)  # E
fg.where(math.isnan(1.0), 1.0, "2")  # E
fg.maximum(1.0)  # E
fg.atan2("1", 2.0)  # E
fg.hypot("3", 4.0)  # E
fg.hypot()  # E
fg.logsumexp()  # E
fg.total(1.0)  # E
fg.dot([1.0])  # E
fg.nothing_of_the_kind(1.0)  # E


# rows of one's own
def cube(x: float) -> float:
    return x**3


def leaky_slope(x: Scalar, y: Scalar) -> Scalar:
    return math.cos(x)  # E


def slope(x: Scalar, y: Scalar) -> Scalar:
    return 3 * x * x


def slope3(x: Scalar, y: Scalar, z: Scalar, u: Scalar) -> Scalar:
    return u / x


fg.row("cube", cube)  # E
fg.row("cube", cube, "3 * x * x")  # E
fg.row("cube", to_str, slope)  # E
fg.row(cube, slope)  # E
fg.row("cube", cube, slope, slope)  # E
fg.row("cube", cube, slope, domain=3.0)  # E
fg.row("cube", cube, slope, kink=(0.0,))  # E
fg.custom_derivative(slope, kinks=0.0)  # E
fg.row("cube", cube, slope)("1")  # E
fg.row("cube", cube, slope)(1.0, 2.0)  # E
fg.row("product", f3, slope3, slope3, slope3)(1.0, 2.0)  # E
fg.custom_derivative()  # E
fg.custom_derivative(3.0)  # E
fg.custom_derivative(slope)(ff)  # E
fg.custom_derivative(slope)(cube)("1")  # E


# pytrees
@frozen
class MLP:
    w: tuple[float, ...]
    b: float


def loss(m: MLP, x: float) -> float:
    return m.w[0] * x + m.b


def mloss(m: MLP) -> float:
    return loss(m, 1.0)


m = MLP((1.0,), 2.0)
MLP(("a",), 2.0)  # E
m.b = 3.0  # E
grad(loss)(m)  # E
grad(loss)(1.0, m)  # E
grad(loss, argnums=0)(m, "x")  # E
grad(loss, argnums=0)(m, y=1.0)  # E
grad(mloss)(m).nope  # E
bad: float = grad(mloss)(m)  # E
tree_map(lambda x: "s", m)  # E
hvp(mloss, m, (1.0, 2.0))  # E
jvp(mloss, m)  # E
linearize(mloss, m)[1](1.0)  # E
vjp(mloss, m)[1](1.0).nope  # E
vjp(mloss, m)[1](m)  # E
fg.ravel(m)[1](["1"])  # E
fg.ravel("m")  # E mypy
value_and_grad(mloss)(m)[1].nope  # E


# compiled functions
@jit
def jitted(x: float, *, k: float) -> float:
    return k * x


jitted(1.0)  # E
jitted("1", k=1.0)  # E
jitted(1.0, z=2.0)  # E
jitted.program(1.0)  # E
jit(f1)(1.0, 2.0)  # E


# nodes
def mutate(n: Node) -> None:
    n.value = 3.0  # E


check_grad(f1)(1.0).agrees = True  # E
