"""fgrad differentiates plain Python functions of plain Python numbers.

>>> from fgrad import grad, tanh
>>> grad(lambda x, y: x * y + tanh(x))(1.0, 2.0)
(2.41997..., 1.0)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from fgrad.calculus import *
from fgrad.calculus import TABLE as TABLE

if TYPE_CHECKING:
    from fgrad.check import DerivativeError as DerivativeError
    from fgrad.check import check_grad as check_grad
    from fgrad.compiler.jit import jit as jit
    from fgrad.composition import clip as clip
    from fgrad.composition import dist as dist
    from fgrad.composition import logsumexp as logsumexp
    from fgrad.composition import mean as mean
    from fgrad.composition import prod as prod
    from fgrad.composition import softmax as softmax
    from fgrad.define import custom_derivative as custom_derivative
    from fgrad.define import row as row
    from fgrad.exercise import Value as Value
    from fgrad.graph import Node as Node
    from fgrad.graph import Scalar as Scalar
    from fgrad.graph import value as value
    from fgrad.interval import Interval as Interval
    from fgrad.predicate import isclose as isclose
    from fgrad.predicate import isfinite as isfinite
    from fgrad.predicate import isinf as isinf
    from fgrad.predicate import isnan as isnan
    from fgrad.primitive import ZERO as ZERO
    from fgrad.transform import grad as grad
    from fgrad.transform import hessian as hessian
    from fgrad.transform import hvp as hvp
    from fgrad.transform import jacobian as jacobian
    from fgrad.transform import jvp as jvp
    from fgrad.transform import linearize as linearize
    from fgrad.transform import value_and_grad as value_and_grad
    from fgrad.transform import vjp as vjp
    from fgrad.tree import ravel as ravel
    from fgrad.tree import tree_map as tree_map

_HOMES: Final = {
    "DerivativeError": "check",
    "Interval": "interval",
    "Node": "graph",
    "Scalar": "graph",
    "Value": "exercise",
    "ZERO": "primitive",
    "check_grad": "check",
    "clip": "composition",
    "custom_derivative": "define",
    "dist": "composition",
    "grad": "transform",
    "hessian": "transform",
    "hvp": "transform",
    "isclose": "predicate",
    "isfinite": "predicate",
    "isinf": "predicate",
    "isnan": "predicate",
    "jacobian": "transform",
    "jit": "compiler.jit",
    "jvp": "transform",
    "linearize": "transform",
    "logsumexp": "composition",
    "mean": "composition",
    "prod": "composition",
    "ravel": "tree",
    "row": "define",
    "softmax": "composition",
    "tree_map": "tree",
    "value": "graph",
    "value_and_grad": "transform",
    "vjp": "transform",
}
"""Where each public name that is no row lives: its module is imported when the name is used."""


def __dir__() -> list[str]:
    return ["TABLE", *TABLE, *_HOMES]


if not TYPE_CHECKING:  # or a checker would believe that fgrad has every name
    __all__ = [*__dir__()]  # noqa: PLE0604 - names, all of them

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        thing = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return thing
