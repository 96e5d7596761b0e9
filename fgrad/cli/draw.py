"""`fgrad draw`: the graph of an expression, with the gradient of its result in every box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fgrad.cli.expression import ExpressionError, evaluate
from fgrad.draw import picture
from fgrad.draw.reading import LIMIT
from fgrad.exercise import Value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["run"]


def run(expression: str, numbers: Sequence[tuple[str, float]], output: Path) -> None:
    """Compute the expression, draw it, and say its value and its gradient."""
    variables = {name: Value(number, name=name) for name, number in numbers}
    result = evaluate(expression, variables, Value)
    try:
        result.backwards()
    except (ArithmeticError, ValueError) as error:
        raise ExpressionError(f"the gradient of {expression}: {error}") from error
    try:
        drawn = picture(result)
    except ValueError as error:
        message = (
            f"the expression is too long for a picture: more than {LIMIT} nodes "
            f"(draw a part of it, or in Python value.draw({str(output)!r}, limit={5 * LIMIT}))"
        )
        raise ExpressionError(message) from error
    drawn.save(output)
    print(f"{' '.join(expression.split())} = {result.data!r}")
    for name, variable in variables.items():
        print(f"  d/d{name} = {variable.grad!r}")
    print(f"The picture is {output}.")
