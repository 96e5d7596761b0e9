"""Programs with derivatives inside: drawing them, running them, and what their derivatives are.

A program is a list of lines over inputs and earlier lines. A line applies a row, takes a branch,
or differentiates a smaller program, a closure over the numbers so far, by one of the operators.
The exact derivatives come from mpmath by differences of the whole program, so from nothing that
knows a derivative; how near floats can come to them is measured by running the exact program
again with every use of a number and every line off by a rounding.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import mpmath
from mpmath import mpf

import fgrad
from fgrad.calculus import TABLE
from tests.oracle import meaning

# Handed lambdas of anything: what types these have is tested in tests/typing.
grad: Any = fgrad.grad
hessian: Any = fgrad.hessian
hvp: Any = fgrad.hvp
jacobian: Any = fgrad.jacobian
jvp: Any = fgrad.jvp
linearize: Any = fgrad.linearize
value_and_grad: Any = fgrad.value_and_grad
vjp: Any = fgrad.vjp

Path: TypeAlias = tuple[int, ...]
"""Where a line stands: its number, after those of the lines that it is inside of."""

DIGITS: Final = 60
STEP: Final = mpf(10) ** -(DIGITS // 2)
"""Of a central difference, which is then right to twice as many digits."""

UNIT_ROUNDOFF: Final = 2.0**-53


class Line(NamedTuple):
    """What is done, to which numbers (places of inputs and lines, or constants), and within."""

    name: str
    operands: tuple[int | float, ...]
    inner: Program | None = None


class Program(NamedTuple):
    """The number of inputs, and the lines; the answer is the last."""

    width: int
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return "\n".join(self.text())

    def text(self, indent: str = "", outer: Sequence[str] = ()) -> Iterator[str]:
        """The program as Python might have it."""
        names = [*outer] or [f"x{i}" for i in range(self.width)]
        depth = len(indent) // 4
        for line in self.lines:
            operands = [names[x] if isinstance(x, int) else repr(x) for x in line.operands]
            name = f"{'abcd'[depth]}{len(names)}"
            if line.inner is not None:
                variable = "t" * (depth + 1)
                yield f"{indent}def g({variable}):"
                yield from line.inner.text(indent + "    ", [variable, *operands[2:]])
                operands = ["g", *operands[:2]]
            yield f"{indent}{name} = {line.name}({', '.join(operands)})"
            names.append(name)


# Running.


class Numbers:
    """How a program runs on floats, and on the nodes of a differentiation: as a user writes it."""

    def row(self, name: str, operands: Sequence[Any], path: Path) -> Any:
        """The answer of a row, or of a branch."""
        del path
        if name == "branch":
            condition, x, y = operands
            return x if condition > 0 else y
        row: Any = TABLE[name] if name in TABLE else getattr(fgrad, name)
        if name == "where":
            return row(operands[0] > 0, *operands[1:])
        if name in {"dot", "total"}:
            size = len(operands) // row.blocks
            return row(*(operands[i : i + size] for i in range(0, len(operands), size)))
        return row(*operands)

    def slope(self, name: str, g: Callable[[Any], Any], at: Any, along: Any) -> Any:
        """The derivative of `g`, by the operator of this name, times `along`."""
        return OPERATORS[name](g, at, along)


OPERATORS: Final[dict[str, Callable[[Callable[[Any], Any], Any, Any], Any]]] = {
    "grad": lambda g, x, v: grad(g)(x) * v,
    "grad_by_name": lambda g, x, v: grad(lambda *, t: g(t), argnames="t")(t=x) * v,
    "value_and_grad": lambda g, x, v: value_and_grad(g)(x)[1] * v,
    "jvp": lambda g, x, v: jvp(g, x, v)[1],
    "vjp": lambda g, x, v: vjp(g, x)[1](v),
    "linearize": lambda g, x, v: linearize(g, x)[1](v),
    "jacobian_up": lambda g, x, v: jacobian(lambda t: [t, g(t)], mode="forward")(x)[1] * v,
    "jacobian_down": lambda g, x, v: jacobian(lambda p: [g(p[0])], mode="reverse")([x])[0][0] * v,
    "hvp": hvp,
    "hessian": lambda g, x, v: hessian(lambda p: g(p["t"]))({"t": x})["t"]["t"] * v,
}
TWICE: Final = {"hvp", "hessian"}
"""The operators that give a second derivative."""


class Exact(Numbers):
    """How a program runs on mpmath's numbers, which know no derivative."""

    def row(self, name: str, operands: Sequence[Any], path: Path) -> Any:
        """What a row means."""
        del path
        exact = [mpf(x) for x in operands]
        if name in {"branch", "where"}:
            return exact[1] if exact[0] > 0 else exact[2]
        if name == "logsumexp":  # a composition
            return mpmath.log(mpmath.fsum(map(mpmath.exp, exact)))
        return meaning(name)(*exact)

    def slope(self, name: str, g: Callable[[Any], Any], at: Any, along: Any) -> Any:
        """The difference quotient of `g`, first or second."""
        at = mpf(at)
        above, below = g(at + STEP), g(at - STEP)
        if name in TWICE:
            return (above - 2 * g(at) + below) / STEP**2 * along
        return (above - below) / (2 * STEP) * along


class Noting(Exact):
    """As `Exact`, and remembers what each line was applied to."""

    def __init__(self) -> None:
        self.seen: dict[Path, tuple[Any, ...]] = {}

    def row(self, name: str, operands: Sequence[Any], path: Path) -> Any:
        """What a row means, here for the last time."""
        self.seen[path] = tuple(mpf(x) for x in operands)
        return super().row(name, operands, path)


class Rounded(Exact):
    """As `Exact`, but each line is off by a rounding, and so is each use of an operand.

    A use is off in its value, its slope and its curvature, each by itself: so a sum over the uses
    moves even where it cancels.
    """

    def __init__(self, seen: dict[Path, tuple[Any, ...]], seed: int) -> None:
        self.seen = seen
        self.seed = seed
        self.offs: dict[Path, list[Any]] = {}

    def row(self, name: str, operands: Sequence[Any], path: Path) -> Any:
        """What a row means, but for a few roundings."""
        middle = self.seen[path]
        offs = self.offs.get(path)
        if offs is None:
            rng = random.Random(f"{self.seed} {path}")
            offs = [mpf(UNIT_ROUNDOFF * rng.uniform(-1.5, 1.5)) for _ in range(3 * len(middle) + 1)]
            self.offs[path] = offs
        uses = []
        for i, (x, x0) in enumerate(zip(operands, middle, strict=True)):
            step = x - x0
            value, slope, bend = offs[3 * i : 3 * i + 3]
            uses.append(x0 + x0 * value + step + step * (slope + step * bend))
        answer = super().row(name, uses, path)
        return answer + answer * offs[-1]


NUMBERS: Final = Numbers()
EXACT: Final = Exact()


def run(program: Program, inputs: Sequence[Any], by: Numbers = NUMBERS, path: Path = ()) -> Any:
    """The answer of a program."""
    numbers = list(inputs)
    for place, line in enumerate(program.lines):
        here = (*path, place)
        operands = [numbers[x] if isinstance(x, int) else x for x in line.operands]
        if line.inner is None:
            numbers.append(by.row(line.name, operands, here))
            continue
        at, along, *captured = operands

        def g(
            t: Any,
            inner: Program = line.inner,
            captured: Sequence[Any] = captured,
            here: Path = here,
        ) -> Any:
            return run(inner, (t, *captured), by, here)

        numbers.append(by.slope(line.name, g, at, along))
    return numbers[-1]


# Drawing.

ARITHMETIC: Final = ("add", "sub", "mul", "div")
FUNCTIONS: Final = (
    *("sin", "cos", "exp", "tanh", "sigmoid", "softplus", "atan", "asinh", "neg", "erf", "relu"),
    *("log", "sqrt", "cbrt", "tan", "sinh", "cosh", "log1p", "expm1", "fabs", "exp2", "log2"),
)
OTHERS: Final = (
    "pow",
    "hypot",
    "maximum",
    "minimum",
    "where",
    "dot",
    "total",
    "logsumexp",
    "atan2",
)
ARITIES: Final = {"pow": 2, "atan2": 2, "maximum": 2, "minimum": 2, "where": 3, "branch": 3}
CLEAR: Final = 0.05
"""How far a number stays from kinks, jumps and the ends of domains."""


class Drawing:
    """A program being drawn: every line is tame where the inputs are."""

    def __init__(self, rng: random.Random, inputs: Sequence[float], depth: int) -> None:
        self.rng = rng
        self.values = list(inputs)
        self.depth = depth
        self.lines: list[Line] = []

    def place(self) -> int:
        """A number so far, more often a recent one."""
        last = len(self.values) - 1
        recent = self.rng.random() < 0.5
        return self.rng.randint(max(0, last - 3) if recent else 0, last)

    def operand(self) -> int | float:
        """A number so far, or now and then a constant."""
        if self.rng.random() < 0.15:
            return round(self.rng.uniform(0.3, 2.0) * self.rng.choice((1, -1)), 2)
        return self.place()

    def at(self, operands: Sequence[int | float]) -> list[float]:
        """The numbers that operands stand for."""
        return [self.values[x] if isinstance(x, int) else x for x in operands]

    def draw(self, count: int) -> Program:
        """That many lines, none with a tiny or a huge answer."""
        width = len(self.values)
        while len(self.lines) < count:
            line = self.line()
            if line is None:
                continue
            answer = run(Program(len(self.values), (line,)), self.values)
            if 0.01 < abs(answer) < 30:
                self.lines.append(line)
                self.values.append(answer)
        return Program(width, tuple(self.lines))

    def line(self) -> Line | None:
        """One line, or None if it is not tame."""
        kind = self.rng.random()
        if kind < 0.12 and self.depth < 2:
            return self.derivative()
        if kind < 0.55:
            name, count = self.rng.choice(ARITHMETIC), 2
        elif kind < 0.8:
            name, count = self.rng.choice(FUNCTIONS), 1
        elif kind < 0.87:
            name, count = "branch", 3
        else:
            name = self.rng.choice(OTHERS)
            count = ARITIES.get(name, 2 * self.rng.randint(1, 2))
        operands = (self.place(), *(self.operand() for _ in range(count - 1)))
        if self.rng.random() < 0.5:
            operands = operands[::-1]
        return Line(name, operands) if is_tame(name, self.at(operands)) else None

    def derivative(self) -> Line:
        """A line that differentiates a smaller program at a number so far, along another."""
        at, along = self.place(), self.operand()
        captured = [self.place() for _ in range(self.rng.randint(1, 3))]
        inside = Drawing(self.rng, self.at([at, *captured]), self.depth + 1)
        inner = inside.draw(self.rng.randint(2, 6))
        names = [name for name in OPERATORS if self.depth == 0 or name not in TWICE]
        return Line(self.rng.choice(names), (at, along, *captured), inner)


TAME: Final[dict[str, Callable[..., bool]]] = {
    **dict.fromkeys(("branch", "where", "relu", "fabs"), lambda x, *_: abs(x) > CLEAR),
    **dict.fromkeys(("maximum", "minimum"), lambda x, y: abs(x - y) > CLEAR),
    **dict.fromkeys(("log", "log2", "sqrt"), lambda x: x > 0.1),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), lambda x: abs(x) < 3),
    "erf": lambda x: abs(x) < 2,
    **dict.fromkeys(("hypot", "logsumexp"), lambda *xs: max(map(abs, xs)) > 0.2),
    "log1p": lambda x: x > -0.8,
    "div": lambda _, y: abs(y) > 0.2,
    "cbrt": lambda x: abs(x) > 0.2,
    "pow": lambda x, y: 0.2 < x < 4 and abs(y) < 3,
    "tan": lambda x: abs(math.cos(x)) > 0.3,
    "atan2": lambda x, y: abs(x) > CLEAR and math.hypot(x, y) > 0.2,
}
"""Where rows may be applied: no edge, no kink, no pole and no large slope is near."""


def is_tame(name: str, operands: Sequence[float]) -> bool:
    return name not in TAME or TAME[name](*operands)


def draw(rng: random.Random, most: int = 40) -> tuple[Program, list[float]]:
    """A program of 3 lines and more over 1 to 5 inputs, and the inputs."""
    inputs = [
        round(rng.uniform(0.2, 2.0) * rng.choice((1, 1, -1)), 3) for _ in range(rng.randint(1, 5))
    ]
    program = Drawing(rng, inputs, 0).draw(rng.randint(3, most))
    return program, inputs


# Judging.


class Known(NamedTuple):
    """An exact number, and how far it moves when the program is rounded."""

    number: mpf
    moves: mpf

    def allows(self, got: float) -> bool:
        """Whether `got` is as near as floats can be expected to come."""
        off = abs(mpf(got) - self.number)
        return bool(off <= 64 * self.moves + 8 * UNIT_ROUNDOFF * abs(self.number))

    def __str__(self) -> str:
        return f"{self.number!s:.24} (moves {float(self.moves):.3g})"


def exact_gradient(
    program: Program, inputs: Sequence[float], roundings: int
) -> tuple[Known, list[Known]]:
    """The value of a program and its derivative in each input, to 60 digits."""
    with mpmath.workdps(DIGITS + 160):
        at = [mpf(x) for x in inputs]
        noting = Noting()
        number = run(program, at, noting)
        runs: list[Numbers] = [EXACT, *(Rounded(noting.seen, seed) for seed in range(roundings))]
        values = [number, *(run(program, at, by) for by in runs[1:])]
        rows = [[difference(program, at, i, by) for by in runs] for i in range(len(at))]
        return judged(values), [judged(row) for row in rows]


def judged(numbers: Sequence[mpf]) -> Known:
    """The first of some numbers, and how far the others are from it."""
    first, *others = numbers
    return Known(first, max(abs(other - first) for other in others))


def difference(program: Program, at: Sequence[mpf], place: int, by: Numbers) -> mpf:
    """The central difference of a program in one input."""
    above, below = (
        run(program, [*at[:place], at[place] + step, *at[place + 1 :]], by)
        for step in (STEP, -STEP)
    )
    slope: mpf = (above - below) / (2 * STEP)
    return slope


class Verdict(NamedTuple):
    """What is wrong with the derivatives of one program: nothing, if it is empty."""

    wrong: tuple[str, ...]
    ulps: float
    """How far forward and reverse are apart, at most, in units of the last place."""


def judge(program: Program, inputs: list[float]) -> Verdict:
    """A program's derivatives: up, down, within another differentiation, and by mpmath.

    What seems wrong is judged again by more roundings: two may happen to cancel as it does.
    """
    verdict = judge_by(program, inputs, roundings=2)
    return judge_by(program, inputs, roundings=12) if verdict.wrong else verdict


def judge_by(program: Program, inputs: list[float], roundings: int) -> Verdict:
    """The verdict by that many ways to round the program."""
    f: Callable[[Sequence[Any]], Any] = lambda xs: run(program, xs)  # noqa: E731 - many times
    number, down = value_and_grad(f)(inputs)
    up = [jvp(f, inputs, unit(i, len(inputs)))[1] for i in range(len(inputs))]
    within: list[Any] = []

    def outer(xs: Sequence[Any]) -> Any:
        within[:] = grad(f)(xs)
        return sum(within)

    grad(outer)(inputs)
    value, slopes = exact_gradient(program, inputs, roundings)
    wrong = []
    if number != f(inputs) or not value.allows(number):
        wrong.append(f"value {number!r}, on floats {f(inputs)!r}, exact {value}")
    if {type(x) for x in (number, *down, *up)} != {float}:
        wrong.append(f"no floats: {number!r}, {down!r}, {up!r}")
    farthest = 0.0
    for i, (reverse, forward, nested, known) in enumerate(
        zip(down, up, within, slopes, strict=True)
    ):
        apart = abs(forward - reverse)
        farthest = max(farthest, apart / math.ulp(reverse) if reverse else 0.0)
        if not known.allows(reverse) or not known.allows(forward):
            wrong.append(f"d/dx{i}: reverse {reverse!r}, forward {forward!r}, exact {known}")
        if apart > 4 * math.ulp(reverse) + 16 * known.moves:
            wrong.append(f"d/dx{i}: reverse {reverse!r} is not forward {forward!r}")
        if getattr(nested, "value", nested) != reverse:
            wrong.append(f"d/dx{i}: reverse {reverse!r}, within another {nested!r}")
    return Verdict(tuple(wrong), farthest)


def unit(place: int, count: int) -> list[float]:
    return [float(i == place) for i in range(count)]
