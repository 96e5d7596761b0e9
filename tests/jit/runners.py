"""How a function can be run, and what it gives, to the last bit and the last word."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

import pytest

import fgrad
from fgrad import jit

Function = Callable[..., Any]
Runner = Callable[[Function], Function]

# Handed lambdas of anything: what types these have is tested in tests/typing.
grad: Any = fgrad.grad
hessian: Any = fgrad.hessian
hvp: Any = fgrad.hvp
jacobian: Any = fgrad.jacobian
jvp: Any = fgrad.jvp
value_and_grad: Any = fgrad.value_and_grad
vjp: Any = fgrad.vjp

NO_NATIVE: Final = pytest.mark.skipif(
    find_spec("fgrad.compiler.native") is None or find_spec("llvmlite") is None,
    reason="needs fgrad.compiler.native",
)
# What they are compared with is the function itself, run eagerly.
RUNNERS: Final = [
    pytest.param(lambda f: jit(f, native=False), id="python"),
    pytest.param(lambda f: jit(f, native=True), id="native", marks=NO_NATIVE),
]

SPECIAL: Final = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-320, 1e200, -1e200, 1e308),
    *(math.inf, -math.inf, math.nan, 5e-324, -7.0, 709.9, 1e16),
)
"""Numbers at which things go otherwise."""


def bits(answer: object) -> object:
    """An answer by its types and the bits of its numbers; all nans are one."""
    if isinstance(answer, float):
        number = b"nan" if answer != answer else struct.pack("<d", answer)  # noqa: PLR0124 - nan
        return type(answer), number
    if isinstance(answer, Mapping):
        return type(answer), [(key, bits(item)) for key, item in answer.items()]
    if isinstance(answer, complex):  # as Python's own power of floats may be
        answer = [answer.real, answer.imag]
    if hasattr(answer, "tolist"):
        return type(answer), bits(answer.tolist())
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        return type(answer), [bits(item) for item in answer]
    if hasattr(answer, "__attrs_attrs__"):
        names = [attribute.name for attribute in answer.__attrs_attrs__]
        return type(answer), [(name, bits(getattr(answer, name))) for name in names]
    return type(answer), answer


def outcome(f: Function, *args: Any, **kwargs: Any) -> object:
    """What a call gives: its answer by its bits, or its error by its type and words."""
    try:
        return bits(f(*args, **kwargs))
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return type(error), str(error)


def raises(found: object) -> bool:
    """Whether an outcome is an error."""
    kind = found[0] if isinstance(found, tuple) else None
    return isinstance(kind, type) and issubclass(kind, Exception)


def assert_same(runner: Runner, f: Function, calls: Iterable[Sequence[Any]]) -> None:
    """What a runner makes of `f` gives what `f` gives, at each of the arguments in turn."""
    run = runner(f)
    for args in calls:
        assert outcome(run, *args) == outcome(f, *args), args


def hessian_of_all(f: Function) -> Function:
    """The Hessian of a function of numbers, as a function of these."""
    return lambda *xs: hessian(lambda p: f(*p))(xs)


DERIVED: Final[Mapping[str, Callable[[Function], Function]]] = {
    "value": lambda f: f,
    "grad": grad,
    "value_and_grad": value_and_grad,
    "hessian": hessian_of_all,
    "jvp": lambda f: lambda *xs: jvp(lambda p: f(*p), xs, tuple([x * 0.5 for x in xs])),
    "vjp": lambda f: lambda *xs: vjp(lambda p: f(*p), xs)[1](0.75),
    "hvp": lambda f: lambda *xs: hvp(lambda p: f(*p), xs, tuple([x * 0.5 for x in xs])),
    "jacobian": lambda f: lambda *xs: jacobian(lambda p: [f(*p), p[0]], mode="reverse")(xs),
    "grad of grad": lambda f: lambda *xs: grad(lambda *ys: grad(f, argnums=0)(*ys))(*xs),
}
"""What is made of a function of numbers before it is compiled."""
