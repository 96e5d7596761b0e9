"""What the checkers must reject: each line marked `# E` is an error, and no other line.

`# E mypy`: under mypy alone. pyright does not enforce the bound of a type variable that it solves
from the parameter of a function.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import date

from attrs import frozen

import fgrad as fg
from fgrad import Node, Scalar, exp, grad, sin, tree_map, value_and_grad


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


def nothing() -> float:
    return 1.0


grad(to_str)  # E
grad(to_none)  # E
grad(to_tuple)  # E
grad(of_str)  # E mypy
grad(of_date)  # E mypy
grad(of_none)  # E mypy
grad(nothing)  # E
grad(3.0)  # E
grad(f1(3.0))  # E
grad(lambda x: "s")  # E
grad(lambda x: x.foo)  # E
value_and_grad(to_str)  # E

# wrong calls
grad(f1)()  # E
grad(f2)(1.0)  # E
grad(f2)(1.0, 2.0, 3.0)  # E
grad(f1)("3")  # E
grad(ff)(1.0, None)  # E
grad(f1)(x=1.0)  # E
grad(f2, argnums=5)  # E
grad(f1, argnums="x")  # E
grad(f1, wrt=0)  # E
sin("1")  # E
exp(None)  # E
fg.pow(1.0, "2")  # E
fg.fabs("1")  # E
fg.value("1")  # E


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


# nodes
def mutate(n: Node) -> None:
    n.value = 3.0  # E
