"""An expression that someone typed, such as `tanh(x*y) + x`, computed without `eval`.

Python's parser reads it; what is then allowed is a short list: numbers, the variables given,
`+ - * / // % **`, a minus or plus before a number, and calls of the table's rows by their names.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import frozen

from fgrad import calculus
from fgrad.arithmetic import Arithmetic
from fgrad.calculus import TABLE
from fgrad.primitive import Binary, Primitive, Unary, Variadic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FUNCTIONS", "ExpressionError", "evaluate"]

A = TypeVar("A", bound=Arithmetic)

LONGEST: Final = 2_000
"""Characters in an expression: short of where Python's own parser gives up."""

SHOWN: Final = 60
"""Characters of an expression in a message."""

LIMITS: Final = {row.limit for row in TABLE.values()}

FUNCTIONS: Final = {
    name: row
    for name, row in [("abs", calculus.fabs), *TABLE.items()]
    if isinstance(row, (Unary, Binary, Variadic)) and row not in LIMITS
}
"""What an expression may call: the rows whose operands are numbers."""

OPERATORS: Final[Mapping[type[ast.operator], Primitive]] = {
    ast.Add: calculus.add,
    ast.Sub: calculus.sub,
    ast.Mult: calculus.mul,
    ast.Div: calculus.div,
    ast.FloorDiv: calculus.floordiv,
    ast.Mod: calculus.mod,
    ast.Pow: calculus.pow,
}


class ExpressionError(ValueError):
    """An expression that cannot be computed: one line, with the part and what is wrong there."""


@frozen
class _Step:
    """One step, as on a pocket calculator: push a variable or a number, or apply a row.

    `text` is the part of the expression that is then computed.
    """

    text: str
    does: Primitive | str | float
    operands: Sequence[ast.expr] = ()


def evaluate(text: str, variables: Mapping[str, A], constant: Callable[[float], A]) -> A:
    """The answer of the expression `text`, in which a number n stands for `constant(n)`.

    An ExpressionError where the text holds anything that is not allowed, and where Python cannot
    compute it. Nesting costs no recursion.

    >>> from fgrad.graph import leaf
    >>> evaluate("2 * tanh(x - 1) + x**2", {"x": leaf(1.0)}, leaf)
    Node(1.0, add)
    >>> evaluate("sqrt(x - 2)", {"x": leaf(1.0)}, leaf)
    Traceback (most recent call last):
    fgrad.cli.expression.ExpressionError: sqrt(x - 2): ...
    """
    answers: list[A] = []
    for step in _steps(text.strip()):
        first = len(answers) - len(step.operands)
        operands = answers[first:]
        try:
            answers[first:] = [_answer(step.does, operands, variables, constant)]
        except (ArithmeticError, ValueError) as error:
            raise _error(step.text, error.args[-1]) from error
    return answers.pop()


def _answer(
    does: Primitive | str | float,
    operands: Sequence[A],
    variables: Mapping[str, A],
    constant: Callable[[float], A],
) -> A:
    """What one step gives."""
    if isinstance(does, Primitive):
        return operands[0].bind(does, operands)
    if not isinstance(does, str):
        return constant(float(does))
    if does in variables:
        return variables[does]
    given = ", ".join(variables) or "none"
    message = f"no such variable was given (given: {given}); add it, as in {does}=1"
    raise ValueError(message)


def _steps(text: str) -> list[_Step]:
    """The steps that compute `text`, each after those of its operands, these from the left."""
    found: list[_Step] = []
    pending = [_parse(text)]
    while pending:
        node = _signless(pending.pop())
        step = _step(node, ast.get_source_segment(text, node) or text)
        found.append(step)
        pending += step.operands
    return found[::-1]


def _signless(node: ast.expr) -> ast.expr:
    """What a plus before it leaves as it is."""
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
        node = node.operand
    return node


def _parse(text: str) -> ast.expr:
    """The syntax tree of `text`."""
    if not text:
        raise _error(text, "write one, as in tanh(x*y) + x")
    if len(text) > LONGEST:
        raise _error(text, f"{len(text)} characters, and no more than {LONGEST} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd spelling is refused below, or does no harm
            return ast.parse(text, mode="eval").body
    except (RecursionError, MemoryError) as error:
        raise _error(text, "nested too deeply") from error
    except SyntaxError as error:
        place = " (the expression comes first, then x=1)" if "=" in text else ""
        raise _error(text, f"{error.msg}{place}") from error
    except UnicodeError as error:
        raise _error(text, "there are bytes in it that are no text") from error
    except ValueError as error:
        raise _error(text, error) from error


def _step(node: ast.expr, text: str) -> _Step:
    """The step at one node of the syntax tree, if it is one that is allowed."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _Step(text, number)
        case ast.Name(id=name):
            return _Step(text, name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _Step(text, calculus.neg, (operand,))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return _Step(text, OPERATORS[type(operator)], (left, right))
        case ast.Call(func=ast.Name(id="log") as log, args=[x, base], keywords=[]):
            logarithms = [ast.Call(log, [operand], []) for operand in (x, base)]
            return _Step(text, calculus.div, logarithms)
        case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
            return _Step(text, _function(name, len(operands), text), operands)
    raise _error(
        text, "only numbers, variables, + - * / // % ** (powers) and functions are understood"
    )


def _function(name: str, count: int, text: str) -> Primitive:
    """The row called `name`, if there is one and it takes `count` operands."""
    if name not in FUNCTIONS:
        known = TABLE.get(name) not in {None, *LIMITS}
        problem = f"{name} takes more than numbers" if known else f"no function {name} is known"
        raise _error(text, f"{problem} (fgrad draw --help lists what can be called)")
    row = FUNCTIONS[name]
    expected = "at least 1" if row.blocks else str(len(row.partials))
    if row is calculus.log:
        expected = "1 or 2"
    if count == 0 or (count != len(row.partials) and not row.blocks):
        raise _error(text, f"operands of {name}: expected {expected}, got {count}")
    return row


def _error(text: str, reason: object) -> ExpressionError:
    """What is wrong with this part of an expression, on one line."""
    part = " ".join(text.split())
    if len(part) > SHOWN:
        part = f"{part[: SHOWN - 3]}..."
    return ExpressionError(f"{part or 'an empty expression'}: {reason}")
