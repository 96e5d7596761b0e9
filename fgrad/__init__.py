"""fgrad differentiates plain Python functions of plain Python numbers.

>>> from fgrad import grad, tanh
>>> grad(lambda x, y: x * y + tanh(x))(1.0, 2.0)
(2.419974341614026, 1.0)
"""

from fgrad.calculus import (
    cos as cos,
    dot as dot,
    exp as exp,
    fabs as fabs,
    log as log,
    pow as pow,  # noqa: A004 - the row is called what Python calls it
    relu as relu,
    sigmoid as sigmoid,
    sign as sign,
    sin as sin,
    softplus as softplus,
    sqrt as sqrt,
    tanh as tanh,
    total as total,
    where as where,
)
from fgrad.graph import Node as Node, Scalar as Scalar, value as value
from fgrad.transform import grad as grad, value_and_grad as value_and_grad
from fgrad.tree import tree_map as tree_map
