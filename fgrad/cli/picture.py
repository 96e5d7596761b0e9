"""`fgrad draw`: the graph of an expression, with the gradient of its result in every box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fgrad.cli.expression import ExpressionError, evaluate
from fgrad.draw import picture
from fgrad.exercise import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["run"]


def run(expression: str, numbers: Mapping[str, float], output: Path) -> None:
    """Compute the expression, draw it, and say its value and its gradient."""
    variables = {name: Value(number, name=name) for name, number in numbers.items()}
    result = evaluate(expression, variables, Value)
    try:
        result.backwards()
    except (ArithmeticError, ValueError) as error:
        raise ExpressionError(f"the gradient of {expression}: {error}") from error
    try:
        drawn = picture(result)
    except ValueError as error:
        message = "the expression is too long for a picture: more than 200 numbers"
        raise ExpressionError(message) from error
    drawn.save(output)
    print(f"{' '.join(expression.split())} = {result.data!r}")
    for name, variable in variables.items():
        print(f"  d/d{name} = {variable.grad!r}")
    print(f"The picture is {output}.")
