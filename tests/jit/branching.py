"""Programs drawn at random that branch and loop as their numbers say, as Python source.

They are written out and compiled, so that they look like what users write: `if` and `elif`,
`while`, early returns, `and` and `or`, `max` and `sorted`, chained comparisons, errors that are
caught, and operations that may raise and whose answers nobody reads.
"""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from attrs import define, field

import fgrad
from tests.jit.runners import SPECIAL

EXPRESSIONS: Final = (
    *("{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} * {1}", "{0} * {2} + {1}", "-{0}", "abs({0})"),
    *("sin({0})", "tanh({0})", "cos({0}) * {1}", "sigmoid({0})", "0.5 * {0} + {1}", "{0} + 1"),
    *("max({0}, {1})", "min({0}, {1}, {2})", "sorted([{0}, {1}, {2}])[1]", "{0} and {1}"),
    *("{0} or {1}", "relu({0})", "maximum({0}, {1})", "where({0} > {1}, {0}, {2})", "{0} * {0}"),
    *("{0} / (1 + {1} * {1})", "sum([{0}, {1}])", "total([{0}, {1}, 2.0])", "{0} if {1} else {2}"),
    *("{0} ** 2", "exp(-abs({0}))", "atan2({0}, {1})", "({0} < {1}) * {2}", "-0.0 * {0} - 0.0"),
)
RISKY: Final = (
    *("{0} / {1}", "log({0})", "sqrt({0})", "exp({0})", "{0} ** {1}", "{0} // {1}", "{0} % {1}"),
    *("1 / {0}", "acosh({0})", "{0} ** -1.5", "gamma({0})", "fmod({0}, {1})"),
)
CONDITIONS: Final = (
    *("{0} < {1}", "{0} > 0", "{0} <= {1} <= {2}", "{0} == {1}", "{0} != {1} and {1} > {2}"),
    *("{0} > 1 or {1} < -1", "not {0} >= {1}", "-1 < {0} < 1", "{0}", "max({0}, {1}) > {2}"),
    *("all([{0} < 2, {1} < 2])", "any(x > 0.5 for x in ({0}, {1}))", "bool({0} > {1}) is True"),
)
NAMES: Final[dict[str, Any]] = {name: getattr(fgrad, name) for name in dir(fgrad)}
for _hidden in ("pow", "round", "value", "row"):
    del NAMES[_hidden]
_NUMBERS: Final = count()


@define
class Writing:
    """A program as it is written."""

    rng: random.Random
    risk: float
    variables: list[str]
    lines: list[str] = field(factory=list)
    left: int = 0

    def operand(self) -> str:
        if self.rng.random() < 0.15:
            return repr(self.rng.choice((0.0, 1.0, 2.0, -0.5, 0.3, -0.0)))
        return self.rng.choice(self.variables)

    def filled(self, texts: tuple[str, ...]) -> str:
        text = self.rng.choice(texts)
        return text.format(self.rng.choice(self.variables), self.operand(), self.operand())

    def write(self, indent: str, line: str) -> None:
        self.lines.append(indent + line)

    def block(self, indent: str, count: int) -> None:
        """Some statements, one inside the other now and then."""
        for _ in range(count):
            self.left -= 1
            kinds = (self.assign, self.assign, self.branch, self.loop, self.leave)
            kinds += (self.assign, self.unused, self.caught)
            deep = self.left <= 0 or len(indent) > 12
            if not self.risk:
                kinds = kinds[:5]
            kind = self.assign if deep else self.rng.choice(kinds)
            kind(indent)

    def assign(self, indent: str) -> None:
        risky = self.rng.random() < self.risk
        name = self.rng.choice("abcd") if self.variables else "a"
        self.write(indent, f"{name} = {self.filled(RISKY if risky else EXPRESSIONS)}")

    def unused(self, indent: str) -> None:
        self.write(indent, self.filled(RISKY))

    def branch(self, indent: str) -> None:
        self.write(indent, f"if {self.filled(CONDITIONS)}:")
        self.block(indent + "    ", self.rng.randint(1, 2))
        if self.rng.random() < 0.4:
            self.write(indent, f"elif {self.filled(CONDITIONS)}:")
            self.block(indent + "    ", 1)
        if self.rng.random() < 0.6:
            self.write(indent, "else:")
            self.block(indent + "    ", self.rng.randint(1, 2))

    def loop(self, indent: str) -> None:
        name = self.rng.choice("abcd")
        rounds = f"rounds{len(indent)}"
        self.write(indent, f"{rounds} = 0")
        self.write(indent, f"while {self.filled(CONDITIONS)}:")
        self.block(indent + "    ", 1)
        self.write(indent, f"    {name} = {name} * 0.5 + 0.1")
        self.write(indent, f"    {rounds} += 1")
        self.write(indent, f"    if {rounds} >= {self.rng.randint(1, 4)}:")
        self.write(indent, "        break")

    def leave(self, indent: str) -> None:
        self.write(indent, f"if {self.filled(CONDITIONS)}:")
        self.write(indent, f"    return {self.filled(EXPRESSIONS)}")

    def caught(self, indent: str) -> None:
        self.write(indent, "try:")
        self.write(indent, f"    a = {self.filled(RISKY)}")
        self.write(indent, "except (ArithmeticError, ValueError):")
        self.write(indent, "    a = 0.25")


def written(rng: random.Random, risk: float = 0.15) -> str:
    """The source of a function `f` of two numbers."""
    writing = Writing(rng, risk, [*"abcd"], left=rng.randint(4, 14))
    writing.write("", "def f(x, y):")
    writing.write("    ", "a, b, c, d = x, y, x * y, x - y")
    writing.block("    ", rng.randint(3, 7))
    writing.write("    ", f"return {writing.filled(EXPRESSIONS)} + a * b")
    return "\n".join(writing.lines) + "\n"


def function(source: str) -> Callable[..., Any]:
    """The function that a source defines, with lines that errors can show."""
    name = f"<program {next(_NUMBERS)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope = dict(NAMES)
    exec(compile(source, name, "exec"), scope)  # noqa: S102 - the source is ours
    made: Callable[..., Any] = scope["f"]
    return made


def point(rng: random.Random) -> tuple[float, float]:
    """Two numbers, ordinary ones for the most part."""
    x, y = (
        rng.choice(SPECIAL) if rng.random() < 0.1 else round(rng.uniform(-3, 3), 2)
        for _ in range(2)
    )
    return (x, x) if rng.random() < 0.05 else (x, y)
