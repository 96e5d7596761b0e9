"""What a row of the table says of itself: docstring, signature, the paths of its operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import Parameter, Signature, isbuiltin, signature
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["Docstring", "OperandSignature", "numbered", "operand_paths"]

_SEQUENCES: Final = ("ws", "xs")
_PYTHONS_OWN: Final = {
    "add": "x + y.",
    "sub": "x - y.",
    "mul": "x * y.",
    "div": "x / y; a ZeroDivisionError where y is 0.",
    "constant": (
        "x itself, held fixed: no derivative flows through it, at any order.\n\n"
        ">>> from fgrad import constant, grad\n"
        ">>> grad(lambda x: x * constant(x))(3.0)\n"
        "3.0"
    ),
    "neg": "-x.",
    "sqrt": "The square root of x; a ValueError below 0.",
    "exp": "e ** x; an OverflowError where that is too large for a float.",
    "log": "The natural logarithm of x, or that to a base; a ValueError at 0 and below.",
    "sin": "The sine of x radians; a ValueError at an infinity.",
    "cos": "The cosine of x radians; a ValueError at an infinity.",
    "tan": "The tangent of x radians; a ValueError at an infinity.",
    "tanh": "The hyperbolic tangent of x.",
    "sinh": "The hyperbolic sine of x; an OverflowError where that is too large for a float.",
    "cosh": "The hyperbolic cosine of x; an OverflowError where that is too large for a float.",
    "asin": "The angle from -pi/2 to pi/2 whose sine is x; a ValueError beyond -1 and 1.",
    "acos": "The angle from 0 to pi whose cosine is x; a ValueError beyond -1 and 1.",
    "atan": "The angle from -pi/2 to pi/2 whose tangent is x.",
    "asinh": "The number whose hyperbolic sine is x.",
    "acosh": "The number from 0 on whose hyperbolic cosine is x; a ValueError below 1.",
    "atanh": "The number whose hyperbolic tangent is x; a ValueError at -1 and 1, and beyond.",
    "atan2": "The angle from -pi to pi whose tangent is x / y, in the quadrant of (y, x).",
    "exp2": "2 ** x; an OverflowError where that is too large for a float.",
    "expm1": "exp(x) - 1, exact to the last digits beside 0.",
    "log1p": "log(1 + x), exact to the last digits beside 0; a ValueError from -1 down.",
    "log2": "The logarithm of x to the base 2; a ValueError at 0 and below.",
    "log10": "The logarithm of x to the base 10; a ValueError at 0 and below.",
    "cbrt": "The cube root of x, which is negative where x is.",
    "erf": "The error function: 2 / sqrt(pi) times the integral of exp(-t ** 2) from 0 to x.",
    "erfc": "1 - erf(x), exact to the last digits in its tail.",
    "lgamma": "log(abs(gamma(x))); a ValueError at 0 and at negative whole numbers.",
    "gamma": "The gamma function, (n - 1)! at whole n; a ValueError at 0 and at negative ones.",
    "degrees": "The angle of x radians in degrees.",
    "radians": "The angle of x degrees in radians.",
    "fabs": "The absolute value of x.",
    "copysign": "The absolute value of x with the sign of y.",
    "floordiv": "x // y, the floor of x / y; a ZeroDivisionError where y is 0.",
    "mod": "x % y, which has the sign of y; a ZeroDivisionError where y is 0.",
    "fmod": "x minus y times the whole part of x / y; it has the sign of x.",
    "remainder": "x minus the multiple of y that is nearest to it.",
    "hypotenuse": "sqrt(x ** 2 + y ** 2), where no square over- or underflows: `hypot` of two.",
    "hypot": "sqrt(x_1 ** 2 + x_2 ** 2 + …), where no square over- or underflows.",
}
"""What rows compute whose function is one of Python's own."""


class Docstring:
    """The docstring of a kind of row; of one row that of its function, and its convention."""

    def __init__(self, kind: str | None) -> None:
        self._kind = kind

    def __get__(self, row: Primitive | None, owner: object) -> str | None:
        if row is None:
            return self._kind
        own = _PYTHONS_OWN.get(row.name) if isbuiltin(row.value) else row.value.__doc__
        convention = row.convention and f"\n\nConvention: {row.convention}."
        return f"{own or self._kind}{convention}"


class OperandSignature:
    """The signature of a row: its operands, called as its rules call them, or its sequences.

    `spread` says that it takes the items of its sequence one by one; `more` come last.
    """

    def __init__(self, *more: Parameter, spread: bool = False) -> None:
        self._more = more
        self._kind = Parameter.VAR_POSITIONAL if spread else Parameter.POSITIONAL_ONLY

    def __get__(self, row: Primitive | None, owner: object) -> Signature:
        if row is None:
            raise AttributeError("__signature__")  # that of a class is of its making
        names = _SEQUENCES[-row.blocks :] if row.blocks else _operands(row)
        return Signature([*[Parameter(name, self._kind) for name in names], *self._more])


def _operands(row: Primitive) -> Sequence[str]:
    """What the first rule calls the operands: without the underscores of what it does not read."""
    count = len(row.partials)
    try:
        names = [name.lstrip("_") for name in signature(row.partials[0]).parameters][:count]
    except (IndexError, TypeError, ValueError):  # there is none, or none that says
        names = []
    if len(set(names)) == count and all(map(str.isidentifier, names)):
        return names
    return [f"x_{i}" for i in range(1, count + 1)]


def operand_paths(row: Primitive, operands: Sequence[object]) -> dict[str, object]:
    """The operands of one call by their paths, as the signature has them: x and y, or xs[1]."""
    if not row.blocks:
        return dict(zip(_operands(row), operands, strict=True))
    size = len(operands) // row.blocks
    paths: dict[str, object] = {}
    for i, name in enumerate(_SEQUENCES[-row.blocks :]):
        paths |= numbered(name, operands[i * size : (i + 1) * size])
    return paths


def numbered(name: str, items: Iterable[object]) -> dict[str, object]:
    """The items by their paths: name[0], name[1], and so on."""
    return {f"{name}[{i}]": x for i, x in enumerate(items)}
