# The part of HIPS autograd that tests/bench measures against: scalar functions.

from collections.abc import Callable

def grad(fun: Callable[..., float], argnum: int = 0) -> Callable[..., float]: ...
def value_and_grad(
    fun: Callable[..., float], argnum: int = 0
) -> Callable[..., tuple[float, float]]: ...
