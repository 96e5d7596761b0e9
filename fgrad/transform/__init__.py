"""The transformations: functions in, functions out.

Each runs `f` on fresh leaves in the place of its numbers, and reads the answer off the graph
that this leaves behind. Nothing is kept: transformations nest, in any order.
"""

from fgrad.transform.gradient import grad as grad
from fgrad.transform.gradient import value_and_grad as value_and_grad
from fgrad.transform.jacobians import hessian as hessian
from fgrad.transform.jacobians import hvp as hvp
from fgrad.transform.jacobians import jacobian as jacobian
from fgrad.transform.linear import jvp as jvp
from fgrad.transform.linear import linearize as linearize
from fgrad.transform.linear import vjp as vjp
