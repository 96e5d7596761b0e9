"""Writes the generated parts of the documentation: `python docs/generate.py`.

With `--check` it writes nothing, names what is out of date and ends with 1 if anything is.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fgrad.calculus import TABLE
from fgrad.codegen import trace
from fgrad.primitive import Pairing, Primitive, Reduction, Selection, Unary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
LIMITS: Final = {row.limit for row in TABLE.values() if row.limit}


def operand_names(row: Primitive) -> tuple[tuple[str, ...], str]:
    """What a page of calculus calls the operands of a row, and its answer."""
    match row:
        case Unary():
            return ("x",), "y"
        case Selection():
            return ("condition", "x", "y"), "z"
        case Reduction():
            return ("x_i",), "z"
        case Pairing():
            return ("w_i", "x_i"), "z"
    return ("x", "y"), "z"


def brief(expression: str) -> str:
    """A Python expression without needless parentheses, and 1.0 as 1."""
    return re.sub(r"(\d)\.0\b", r"\1", ast.unparse(ast.parse(expression)))


def value(row: Primitive) -> str:
    """What a row computes."""
    match row:
        case Reduction():
            return f"{row.name}(xs)"
        case Pairing():
            return f"{row.name}(ws, xs)"
    return brief(row.spelling.format(*operand_names(row)[0]))


def partials(row: Primitive) -> Iterator[tuple[str, str]]:
    """The name of each operand of a row, and the partial of its answer to that operand."""
    names, answer = operand_names(row)
    traced = dict(zip("xyz", names, strict=False)) | {"answer": answer}
    for name, symbol in zip(names, trace(row, limits=False), strict=True):
        yield name, re.sub(r"\b(x|y|z|answer)\b", lambda m: traced[m[0]], brief(symbol.text))


def domain(row: Primitive) -> str:
    """Where the value of a row exists; empty if everywhere."""
    names, _ = operand_names(row)
    described = (d.describe(name) for d, name in zip(row.domain, names, strict=True))
    return ", ".join(f"`{condition}`" for condition in described if condition)


def derivatives() -> str:
    """The table of derivatives in Markdown: one line for each row of the calculus table."""
    header = ("row", "value", "partial derivatives", "domain", "convention")
    lines = [header, ["---"] * len(header)]
    for row in TABLE.values():
        if row not in LIMITS:
            slopes = "<br>".join(f"to {name}: `{slope}`" for name, slope in partials(row))
            lines.append((row.name, f"`{value(row)}`", slopes, domain(row), row.convention))
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)
