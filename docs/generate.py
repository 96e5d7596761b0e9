"""Writes the generated parts of the documentation: `python docs/generate.py`.

With `--check` it writes nothing, names the pages that are out of date, and ends with 1 if any is.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fgrad.calculus import TABLE, tanh
from fgrad.codegen import expressions
from fgrad.draw import svg
from fgrad.exercise import Value
from fgrad.graph import leaf
from fgrad.primitive import Pairing, Primitive, Reduction, Selection, Unary, Variadic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
LIMITS: Final = {row.limit: row for row in TABLE.values() if row.limit}


# The table of derivatives.


def operand_names(row: Primitive) -> tuple[str, ...]:
    """What a page of calculus calls the operands of a row."""
    if isinstance(row, Selection):
        return "condition", "x", "y"
    if row.blocks:
        return ("w_i", "x_i")[-row.blocks :]
    return ("x", "y")[: len(row.partials)]


class Reading(ast.NodeTransformer):
    """A Python expression as a page of calculus has it: a power is a power, of whatever sign.

    And a choice is made once, where one side of it makes it again.
    """

    def __init__(self) -> None:
        self.known: dict[str, bool] = {}

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Take `x ** y` for `x ** y if x >= 0 else pow(x, y)`."""
        test = ast.dump(node.test)
        if test in self.known:
            return self.side(node, holds=self.known[test])
        node.body = self.side(node, holds=True)
        node.orelse = self.side(node, holds=False)
        del self.known[test]
        power = isinstance(node.body, ast.BinOp) and isinstance(node.body.op, ast.Pow)
        return node.body if power and isinstance(node.orelse, ast.Call) else node

    def side(self, node: ast.IfExp, *, holds: bool) -> ast.expr:
        """What a choice takes, as it is known to be made."""
        self.known[ast.dump(node.test)] = holds
        taken: ast.expr = self.visit(node.body if holds else node.orelse)
        return taken


def brief(expression: str) -> str:
    """A Python expression without needless parentheses, and 1.0 as 1."""
    read = Reading().visit(ast.parse(expression))
    return re.sub(r"\b(\d+)\.0\b", r"\1", ast.unparse(read))


def value(row: Primitive) -> str:
    """What a row computes."""
    match row:
        case Reduction():
            return f"{row.name}(xs)"
        case Pairing():
            return f"{row.name}(ws, xs)"
        case Variadic():
            return f"{row.name}(x_1, x_2, ...)"
    return brief(row.spelling.format(*operand_names(row)))


def partials(row: Primitive) -> str:
    """The partials of a row, as its rules have them."""
    names = operand_names(row)
    written = dict(zip("xyz", names, strict=False))
    written["answer"] = "y" if isinstance(row, Unary) else "z"
    texts = [
        re.sub(r"\b(x|y|z|answer)\b", lambda found: written[found[0]], brief(symbol.text))
        for symbol in expressions(row, limits=False)
    ]
    if len(names) == 1:
        return f"`{texts[0]}`"
    return "<br>".join(f"{name}: `{text}`" for name, text in zip(names, texts, strict=True))


def domain(row: Primitive) -> str:
    """Where the value of a row exists; empty if everywhere."""
    places = zip(row.domain, operand_names(row), strict=True)
    conditions = (interval.describe(name) for interval, name in places)
    return ", ".join(f"`{condition}`" for condition in conditions if condition)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = list(header)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def derivatives() -> str:
    """A line for each row of the calculus table, but for the limits."""
    return table(
        ("row", "value", "partial derivatives", "domain", "convention"),
        (
            (row.name, f"`{value(row)}`", partials(row), domain(row), row.convention)
            for row in TABLE.values()
            if row not in LIMITS
        ),
    )


def limits() -> str:
    """A line for each row that stands for another inside a rule."""
    rows = ((limit.name, f"`{value(row)}`") for limit, row in LIMITS.items())
    return table(("row", "inside a rule stands for"), rows)


ABSENT: Final = {
    "e, inf, nan, pi, tau": "numbers: take those of `math`",
    "comb, factorial, gcd, isqrt, lcm, perm": "of whole numbers only; `gamma(n + 1)` is n!",
    "frexp": "its second answer is an int: `exponent = math.frexp(value(x))[1]`, "
    "and the first is `ldexp(x, -exponent)`",
    "modf": "has two answers: `fmod(x, 1.0)` and `trunc(x)`",
    "nextafter, ulp": "about how floats are stored, not a function of real numbers: "
    "ask `math` about `value(x)`",
    "fma": "`x * y + z`, which rounds twice",
    "sumprod": "`dot`, from the left",
}
"""The names of Python's `math` that fgrad does not have, those of later versions too, and why."""


def absent() -> str:
    """A line for each name of `math` that is not one of fgrad."""
    return table(
        ("math", "in fgrad"),
        ((f"`{'`, `'.join(names.split(', '))}`", why) for names, why in ABSENT.items()),
    )


def conventions() -> str:
    """A line for each row that somewhere has no slope, or several: where, and what it gives."""
    return table(
        ("row", "value", "kinks", "convention"),
        (
            (row.name, f"`{value(row)}`", ", ".join(f"`{x:g}`" for x in row.kinks), row.convention)
            for row in TABLE.values()
            if row not in LIMITS and (row.kinks or row.convention)
        ),
    )


# The map of the files.


def floors() -> Iterator[str]:
    """The modules from the ground floor up, as the import contract has them."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = pyproject["tool"]["importlinter"]["contracts"]
    for layer in reversed(contract["layers"]):
        yield from re.findall(r"\w+", layer)


def files() -> str:
    """A line for each module of fgrad: the file and the first line of its docstring."""
    lines = []
    for name in floors():
        here = ROOT / "fgrad" / name
        path = here / "__init__.py" if here.is_dir() else here.with_suffix(".py")
        if path.exists():
            says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            shown = f"{name}/" if here.is_dir() else path.name
            lines.append((f"[`{shown}`](../fgrad/{shown})", says.partition("\n")[0]))
    return table(("file", "what it is"), lines)


# The pictures.


def exercise() -> str:
    """The exercise's graph."""
    x_1, x_2, x_4, x_6 = Value(3), Value(4), Value(5), Value(2)
    x_3 = x_1 * x_2
    x_5 = x_4 + x_3
    result = x_5 * x_6
    result.backwards()
    values = (x_1, x_2, x_3, x_4, x_5, x_6, result)
    names = ("x_1", "x_2", "x_3", "x_4", "x_5", "x_6", "l")
    return svg(result, names=dict(zip(names, values, strict=True)))


def function() -> str:
    """The graph of the function that how-it-works.md follows."""
    x, y = leaf(3.0), leaf(4.0)
    return svg(x * y + tanh(x), names={"x": x, "y": y})


# Everything that is generated.

PARTS: Final = {
    "derivatives": derivatives,
    "limits": limits,
    "absent": absent,
    "conventions": conventions,
    "files": files,
}
PICTURES: Final = {"exercise.svg": exercise, "function.svg": function}


def filled(page: str) -> str:
    """A page with its generated parts written anew."""
    return re.sub(
        r"(<!-- generated: (\w+) -->\n).*?(\n<!-- end -->)",
        lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}",
        page,
        flags=re.DOTALL,
    )


def generated() -> Iterator[tuple[Path, str]]:
    """Each generated file, and the text it should have."""
    for path in sorted(DOCS.glob("*.md")):
        yield path, filled(path.read_text(encoding="utf-8"))
    for name, draw in PICTURES.items():
        yield DOCS / name, draw()


def current(path: Path, text: str) -> bool:
    """Whether a file says what it should; where things stand in a picture is not compared.

    That may change with the version of the library that lays it out.
    """
    if not path.exists():
        return False
    old = path.read_text(encoding="utf-8")
    if path.suffix == ".svg":
        old, text = (re.sub('="[^"]*"', "", picture) for picture in (old, text))
    return old == text


def main(arguments: list[str]) -> int:
    """Write what is out of date; with `--check` only name it."""
    check = arguments == ["--check"]
    stale = [(path, text) for path, text in generated() if not current(path, text)]
    for path, text in stale:
        if check:
            print(f"{path.name} is out of date: run `python docs/generate.py`")
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.name}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
