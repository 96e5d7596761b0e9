"""Rows of one's own: a function with the derivatives that its author gives, checked at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from keyword import iskeyword
from typing import TypeAlias, TypedDict, TypeGuard, Unpack, overload
from unicodedata import normalize

from fgrad.check import check_row
from fgrad.codegen import ANSWER, NAMES
from fgrad.description import numbered
from fgrad.graph import Scalar
from fgrad.interval import REAL, Interval
from fgrad.number import to_float
from fgrad.primitive import Binary, Multiary, Primitive, Rule, Unary

__all__ = ["custom_derivative", "row"]

# A rule over the operands and the answer, as its author may annotate it. What it is traced with
# knows the operators and the rows that a Scalar does.
Rule1: TypeAlias = Callable[[Scalar, Scalar], Scalar]
Rule2: TypeAlias = Callable[[Scalar, Scalar, Scalar], Scalar]
Rule3: TypeAlias = Callable[[Scalar, Scalar, Scalar, Scalar], Scalar]


class Columns(TypedDict, total=False):
    """What a row may have besides its name, its value and its rules."""

    domain: tuple[Interval, ...] | None
    kinks: tuple[float, ...]
    convention: str


@overload
def row(
    name: str, value: Callable[[float], float], x_partial: Rule1, /, **columns: Unpack[Columns]
) -> Unary: ...
@overload
def row(
    name: str,
    value: Callable[[float, float], float],
    x_partial: Rule2,
    y_partial: Rule2,
    /,
    **columns: Unpack[Columns],
) -> Binary: ...
@overload
def row(
    name: str,
    value: Callable[[float, float, float], float],
    x_partial: Rule3,
    y_partial: Rule3,
    z_partial: Rule3,
    /,
    **columns: Unpack[Columns],
) -> Multiary: ...
@overload
def row(
    name: str,
    value: Callable[..., float],
    x_partial: Rule,
    y_partial: Rule,
    z_partial: Rule,
    u_partial: Rule,
    /,
    *partials: Rule,
    **columns: Unpack[Columns],
) -> Multiary: ...
def row(
    name: str,
    value: Callable[..., float],
    /,
    *partials: Rule,
    domain: tuple[Interval, ...] | None = None,
    kinks: tuple[float, ...] = (),
    convention: str = "",
) -> Primitive:
    """A primitive: a function of floats, and one rule per operand for its partial derivative.

    Each rule takes all the operands and, last, the answer, and is written with operators and rows,
    as those of the table are: traced once, it serves both sweeps at every order. `domain` has an
    interval per operand, `kinks` are where there is no slope, `convention` says what is given
    there. The value and the rules are compared with differences at points of the domain: a
    DerivativeError with the numbers refuses a wrong one. A name that is taken is a ValueError, a
    rule that branches a TypeError. To be pickled a row must be a global of some module, under its
    own name.

    >>> import math
    >>> from fgrad import cos, grad
    >>> sinc = row("sinc", lambda x: math.sin(x) / x, lambda x, y: (cos(x) - y) / x)
    >>> grad(sinc)(2.0)
    -0.4353977749...
    >>> row("cube", lambda x: x**3, lambda x, y: 2 * x * x)
    Traceback (most recent call last):
    fgrad.check.DerivativeError: cube: wrong partial at (-7.5):
    ...
    """
    _check_name(name)
    _check_functions(name, {"value": value} | numbered("partials", partials))
    _check_columns(name, len(partials), domain, kinks)
    kinds: dict[int, type[Primitive]] = {1: Unary, 2: Binary}
    made = kinds.get(len(partials), Multiary)(
        name=name,
        value=wraps(value)(lambda *operands: to_float(value(*operands), name)),
        partials=partials,
        spelling=f"{name}({', '.join('{}' for _ in partials)})",
        domain=domain or (REAL,) * len(partials),
        kinks=kinks,
        convention=convention,
    )
    return check_row(made)


def _check_name(name: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str, got {type(name).__name__} {name!r:.60}")
    taken = {*NAMES, ANSWER, "ZERO", "inf", "nan"}
    if (
        normalize("NFKC", name) != name
        or not name.isidentifier()
        or iskeyword(name)
        or name.endswith("_")
        or name in taken
    ):
        message = (
            f"{name!r} cannot name a row: take a Python name, in its normal form (NFKC), that "
            f"does not end in _ and is not one of {sorted(taken)}"
        )
        raise ValueError(message)


def _check_functions(name: str, functions: Mapping[str, object]) -> None:
    for path, function in functions.items():
        if not callable(function):
            got = f"{type(function).__name__} {function!r:.60}"
            raise TypeError(f"{name}: {path}: expected a function, got {got}")


def _check_columns(name: str, count: int, domain: object, kinks: object) -> None:
    message = ""
    if not 0 < count <= len(NAMES):
        message = f"expected 1 to {len(NAMES)} rules, one per operand, got {count}"
    elif domain is not None and not (_is_tuple(domain, Interval) and len(domain) == count):
        message = f"domain: expected a tuple of {count} Interval, one per operand, got {domain!r}"
    elif not _is_tuple(kinks, (float, int)):
        message = f"kinks: expected a tuple of numbers, got {kinks!r}"
    if message:
        raise TypeError(f"{name}: {message}")


def _is_tuple(thing: object, kind: type | tuple[type, ...]) -> TypeGuard[tuple[object, ...]]:
    return isinstance(thing, tuple) and all(isinstance(item, kind) for item in thing)


@overload
def custom_derivative(
    x_partial: Rule1, /, **columns: Unpack[Columns]
) -> Callable[[Callable[[float], float]], Unary]: ...
@overload
def custom_derivative(
    x_partial: Rule2, y_partial: Rule2, /, **columns: Unpack[Columns]
) -> Callable[[Callable[[float, float], float]], Binary]: ...
@overload
def custom_derivative(
    x_partial: Rule3, y_partial: Rule3, z_partial: Rule3, /, **columns: Unpack[Columns]
) -> Callable[[Callable[[float, float, float], float]], Multiary]: ...
@overload
def custom_derivative(
    x_partial: Rule,
    y_partial: Rule,
    z_partial: Rule,
    u_partial: Rule,
    /,
    *partials: Rule,
    **columns: Unpack[Columns],
) -> Callable[[Callable[..., float]], Multiary]: ...
def custom_derivative(
    *partials: Rule,
    domain: tuple[Interval, ...] | None = None,
    kinks: tuple[float, ...] = (),
    convention: str = "",
) -> Callable[..., Primitive]:
    """A decorator that makes a row of a whole function of floats, with its own partials.

    What the function does inside is its own affair: it sees plain floats, and the rules are its
    derivative. Rules, errors and checks are those of `row`.

    >>> from fgrad import grad
    >>> @custom_derivative(lambda x, y, z: x / z, lambda x, y, z: y / z)
    ... def norm(x: float, y: float) -> float:
    ...     return (x * x + y * y) ** 0.5
    >>> grad(norm)(3.0, 4.0)
    (0.6, 0.8)
    """

    def define(value: Callable[..., float]) -> Primitive:
        if not hasattr(value, "__name__"):
            got = f"{type(value).__name__} {value!r:.60}"
            message = f"custom_derivative: expected a function that has a name, got {got}"
            raise TypeError(message)
        return row(
            value.__name__, value, *partials, domain=domain, kinks=kinks, convention=convention
        )

    return define
