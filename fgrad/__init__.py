"""fgrad differentiates plain Python functions of plain Python numbers.

>>> from fgrad import grad, tanh
>>> grad(lambda x, y: x * y + tanh(x))(1.0, 2.0)
(2.41997..., 1.0)
"""

from fgrad.calculus import *
from fgrad.check import DerivativeError as DerivativeError
from fgrad.check import check_grad as check_grad
from fgrad.compiler import jit as jit
from fgrad.composition import clip as clip
from fgrad.composition import mean as mean
from fgrad.composition import softmax as softmax
from fgrad.define import custom_derivative as custom_derivative
from fgrad.define import row as row
from fgrad.exercise import Value as Value
from fgrad.graph import Node as Node
from fgrad.graph import Scalar as Scalar
from fgrad.graph import value as value
from fgrad.primitive import ZERO as ZERO
from fgrad.primitive import Interval as Interval
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
