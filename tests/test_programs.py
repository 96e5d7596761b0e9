"""Programs drawn at random, with sharing, against mpmath and against differences.

A program is a straight line: each line applies a row to inputs, constants and earlier lines, so
a line is used many times, or never. What a derivative is worth in floats depends on the program:
the tolerance is measured, by rounding every line of the exact program anew.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import mpmath
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

from fgrad import Scalar, grad, value_and_grad
from fgrad.calculus import TABLE
from fgrad.primitive import Pairing, Primitive, Reduction
from tests.oracle import meaning

if TYPE_CHECKING:
    from fgrad.interval import Interval

EPSILON: Final = 2.0**-53
BITS: Final = 220
"""The precision of the exact programs: 66 digits."""

NOT_SMOOTH: Final = ("pow", "maximum", "minimum", "hypot", "atan2", "where", "relu", "fabs")
TOO_SLOW: Final = ("gamma", "lgamma")  # with mpmath a single one takes as long as a program

ROWS: Final = sorted(
    name
    for name, row in TABLE.items()
    if (not row.convention and name not in TOO_SLOW) or name in NOT_SMOOTH
    if row not in {other.limit for other in TABLE.values()}
)
"""The rows that are drawn: all that are smooth, and others, away from where they are not."""

FREQUENT: Final = ("add", "sub", "mul", "div", "mul", "add", "pow", "where")

Apply: TypeAlias = Callable[[str, Sequence[Any], int], Any]
Run: TypeAlias = Callable[..., Any]


@frozen
class Line:
    """A row, and its operands: the numbers of inputs and earlier lines, or constants."""

    row: str
    operands: tuple[int | float, ...]


@frozen
class Program:
    """The inputs, and the lines; the answer is the last."""

    inputs: tuple[float, ...]
    lines: tuple[Line, ...]

    def over(self, apply: Apply) -> Run:
        """The program as a function, where `apply` says what a row does to its operands."""

        def run(*inputs: object) -> object:
            numbers = list(inputs)
            for place, line in enumerate(self.lines):
                operands = [numbers[x] if isinstance(x, int) else x for x in line.operands]
                numbers.append(apply(line.row, operands, place))
            return numbers[-1]

        return run


def by_fgrad(name: str, operands: Sequence[Any], _place: int = 0) -> Any:
    """A row applied as its users apply it."""
    row: Any = TABLE[name]
    if isinstance(row, Reduction | Pairing):
        size = len(operands) // row.blocks
        return row(*(operands[i : i + size] for i in range(0, len(operands), size)))
    if name == "where":
        return row(operands[0] > 0, *operands[1:])
    return row(*operands)


def by_mpmath(name: str, operands: Sequence[Any], _place: int = 0) -> mpf:
    exact = [mpf(x) for x in operands]
    if name == "where":
        return exact[1] if exact[0] > 0 else exact[2]
    return meaning(name)(*exact)


@frozen
class Rounding:
    """As `by_mpmath`, but each line and each use of an operand is off by a rounding.

    A use is off in its value and in its derivatives, each by itself: so a sum over the uses moves
    even where it cancels. For each line, `nominal` has its operands, and `off` says by how
    much, and which way, its answer and each use of them is off.
    """

    nominal: tuple[tuple[mpf, ...], ...]
    off: tuple[tuple[mpf, ...], ...]

    def __call__(self, name: str, operands: Sequence[Any], place: int = 0) -> mpf:
        offs = iter(self.off[place])
        uses = []
        for x, middle in zip(operands, self.nominal[place], strict=True):
            step = x - middle
            bend = next(offs) + step * (next(offs) + step * next(offs))
            uses.append(x + middle * next(offs) + step * bend)
        answer = by_mpmath(name, uses)
        return answer + answer * next(offs)


def rounding(program: Program, seed: int) -> Rounding:
    """One way to round the lines of a program."""
    nominal: list[tuple[mpf, ...]] = []

    def note(name: str, operands: Sequence[Any], _place: int) -> mpf:
        nominal.append(tuple(mpf(x) for x in operands))
        return by_mpmath(name, operands)

    program.over(note)(*map(mpf, program.inputs))
    drawn = random.Random(seed)

    def off() -> mpf:  # of any size, so that no two undo each other
        return mpf(drawn.choice((-1, 1)) * drawn.uniform(0.3, 1.0) * EPSILON)

    offs = [tuple(off() for _ in range(4 * len(x) + 1)) for x in nominal]
    return Rounding(tuple(nominal), tuple(offs))


# Drawing.

MARGINS: Final[Mapping[str, Callable[..., float]]] = {
    "maximum": lambda x, y: abs(x - y),
    "minimum": lambda x, y: abs(x - y),
    "where": lambda condition, _x, _y: abs(condition),
    "hypot": lambda *xs: max(map(abs, xs)),
    "atan2": lambda x, y: max(abs(x), y),
}
"""How far the operands are from where a row is not smooth, or floats know no slope."""


def clear(x: float, interval: Interval, kinks: Sequence[float]) -> bool:
    """Whether x lies well inside an interval, away from kinks, and is of middling size."""
    ends = (interval.low, interval.high, interval.hole, *kinks)
    return abs(x) < 1e3 and x in interval and all(e is None or abs(x - e) > 0.01 for e in ends)


def is_tame(name: str, operands: Sequence[float]) -> bool:
    """Whether a row may be applied there: no error, no kink and no huge number is near."""
    row = TABLE[name]
    intervals = [i for i in row.domain for _ in range(len(operands) // len(row.domain))]
    if not all(clear(x, i, row.kinks) for x, i in zip(operands, intervals, strict=True)):
        return False
    if name in MARGINS and MARGINS[name](*operands) < 0.01:
        return False
    try:
        return 1e-4 < float(abs(by_fgrad(name, operands))) < 1e4
    except (ArithmeticError, ValueError):
        return False


def arity(row: Primitive) -> st.SearchStrategy[int]:
    blocks = row.blocks
    return st.integers(1, 4).map(lambda n: n * blocks) if blocks else st.just(len(row.partials))


@st.composite
def programs(
    draw: st.DrawFn,
    max_lines: int = 40,
    max_inputs: int = 5,
    inputs: tuple[float, ...] = (),
) -> Program:
    """A program whose every line is tame: one that is not becomes the sine of its first operand."""
    number = st.floats(0.1, 3.0).map(lambda x: round(x, 3))
    signed = st.builds(lambda x, s: x * s, number, st.sampled_from((1.0, -1.0)))
    inputs = inputs or tuple(draw(st.lists(signed, min_size=1, max_size=max_inputs)))
    values = list(inputs)
    lines: list[Line] = []
    names = st.one_of(st.sampled_from(FREQUENT), st.sampled_from(ROWS))
    for _ in range(draw(st.integers(3, max_lines))):
        name = draw(names)
        recent = st.integers(max(0, len(values) - 4), len(values) - 1)
        place = st.one_of(recent, st.integers(0, len(values) - 1))
        count = draw(arity(TABLE[name]))
        operands: list[int | float] = [draw(place)]
        operands += [draw(st.one_of(place, place, place, number)) for _ in range(count - 1)]
        if draw(st.booleans()):
            operands.reverse()
        at = [values[x] if isinstance(x, int) else x for x in operands]
        if not is_tame(name, at):
            name, operands, at = "sin", operands[:1], at[:1]
            if isinstance(operands[0], float):
                operands, at = [len(values) - 1], values[-1:]
        lines.append(Line(name, tuple(operands)))
        values.append(by_fgrad(name, at))
    return Program(inputs, tuple(lines))


# The exact derivatives, and what floats can know of them.


@frozen
class Known:
    """An exact number, and how far it moves when each line of the program is rounded."""

    number: mpf
    moves: mpf

    def allows(self, got: float) -> bool:
        """Whether `got` is as near as floats can be expected to come."""
        return bool(abs(mpf(got) - self.number) <= 64 * self.moves + 8 * EPSILON * abs(self.number))


def known(exact: Callable[..., mpf], *programs: Program) -> Known:
    """What `exact` makes of programs over exact rows, and of the same over rounded ones."""
    with mpmath.workprec(BITS):
        number = exact(*(program.over(by_mpmath) for program in programs))
        moved = [
            abs(exact(*(program.over(rounding(program, seed)) for program in programs)) - number)
            for seed in range(3)
        ]
        return Known(number, max(moved))


def known_derivative(program: Program, orders: Sequence[int]) -> Known:
    at = [mpf(x) for x in program.inputs]
    return known(lambda run: mpmath.diff(run, at, orders), program)


def unit(place: int, count: int) -> list[int]:
    return [int(place == i) for i in range(count)]


def of_tuple(f: Run) -> Callable[[tuple[Scalar, ...]], Scalar]:
    """The same function, of all its operands as one."""

    def run(xs: tuple[Scalar, ...]) -> Scalar:
        answer: Scalar = f(*xs)
        return answer

    return run


# The tests.


@given(programs())
def test_value_and_gradient_of_a_program(program: Program) -> None:
    f = program.over(by_fgrad)
    number, gradient = value_and_grad(of_tuple(f))(program.inputs)
    assert isinstance(number, float)
    assert number.hex() == f(*program.inputs).hex()
    at = [mpf(x) for x in program.inputs]
    assert known(lambda run: run(*at), program).allows(number)
    assert len(gradient) == len(program.inputs)
    for i, got in enumerate(gradient):
        expected = known_derivative(program, unit(i, len(at)))
        assert type(got) is float
        assert expected.allows(got), (i, got, expected)


@given(programs(max_lines=20))
def test_the_gradient_of_a_program_against_differences(program: Program) -> None:
    """Of the same program run on plain floats: no oracle's reading of a row can be at fault."""
    f = program.over(by_fgrad)
    gradient = grad(of_tuple(f))(program.inputs)
    at = [mpf(x) for x in program.inputs]
    noise = float(known(lambda run: run(*at), program).moves) + EPSILON * abs(f(*program.inputs))
    for i, got in enumerate(gradient):
        steps = (1e-4, 5e-5, 2.5e-5)
        try:
            coarse, middle, fine = (difference(f, program.inputs, i, step) for step in steps)
        except (ArithmeticError, ValueError):
            continue  # a step leaves a domain
        expected = (4 * fine - middle) / 3
        unsure = abs(coarse - middle) + abs(middle - fine) + noise / steps[-1]
        if unsure < 1e-2 * abs(expected) + 1e-6:  # or the steps are too wide to tell
            assert abs(got - expected) <= 10 * unsure, (i, got, expected, unsure)


def difference(f: Callable[..., float], at: Sequence[float], place: int, step: float) -> float:
    """The central difference of `f` in one of its operands."""
    below, above = ([*at], [*at])
    below[place] -= step
    above[place] += step
    return (f(*above) - f(*below)) / (above[place] - below[place])


@given(programs(max_lines=14, max_inputs=3))
def test_second_derivatives_of_a_program(program: Program) -> None:
    f = program.over(by_fgrad)
    count = len(program.inputs)
    for i in range(count):

        def first(xs: tuple[Scalar, ...], i: int = i) -> Scalar:
            return grad(of_tuple(f))(xs)[i]

        for j, got in enumerate(grad(first)(program.inputs)):
            orders = [a + b for a, b in zip(unit(i, count), unit(j, count), strict=True)]
            expected = known_derivative(program, orders)
            assert type(got) is float
            assert expected.allows(got), (i, j, got, expected)


@given(programs(max_lines=8, max_inputs=1))
def test_third_derivatives_of_a_program(program: Program) -> None:
    f = program.over(by_fgrad)
    got = grad(grad(grad(f)))(program.inputs[0])
    assert known_derivative(program, [3]).allows(got)


@given(st.data())
def test_a_derivative_inside_a_program(data: st.DataObject) -> None:
    """The inner variable and the outer one of the same value are two: no confusion.

    h(x, …) = f(x, …) * dg(y, …)/dy at y = x, where … are the outer variables; then all of it once
    more, at an inner point that does not depend on the outer one.
    """
    first = data.draw(programs(max_lines=8, max_inputs=3))
    second = data.draw(programs(max_lines=8, inputs=first.inputs))

    def by_nodes(xs: tuple[Scalar, ...]) -> Scalar:
        f, g = first.over(by_fgrad), second.over(by_fgrad)

        def inner(y: Scalar) -> Scalar:
            product: Scalar = f(*xs) * g(y, *xs[1:])
            return product

        return grad(inner)(xs[0]) + grad(inner)(first.inputs[0])

    def by_differences(f: Callable[..., mpf], g: Callable[..., mpf], orders: Sequence[int]) -> mpf:
        def h(*xs: mpf) -> mpf:
            slopes = [mpmath.diff(lambda y: g(y, *xs[1:]), y) for y in (xs[0], at[0])]
            return f(*xs) * sum(slopes, mpf(0))

        return mpmath.diff(h, at, orders)

    gradient: tuple[float, ...] = grad(by_nodes)(first.inputs)  # type: ignore[assignment]  # as of floats
    at = [mpf(x) for x in first.inputs]
    for i, got in enumerate(gradient):
        orders = unit(i, len(at))
        expected = known(lambda f, g, o=orders: by_differences(f, g, o), first, second)
        assert expected.allows(got), (i, got, expected)


def test_the_programs_are_what_they_are_meant_to_be() -> None:
    """Long and short, of few and many inputs, with lines used often, and every row in some."""
    drawn: list[Program] = []

    @given(programs())
    def draw(program: Program) -> None:
        drawn.append(program)

    draw()
    rows = {line.row for program in drawn for line in program.lines}
    assert len(rows) > len(ROWS) / 2
    assert len({len(program.inputs) for program in drawn}) >= 3
    assert max(len(program.lines) for program in drawn) > 25
    uses = [
        Counter(x for line in program.lines for x in line.operands if isinstance(x, int))
        for program in drawn
    ]
    assert sum(max(count.values()) >= 3 for count in uses) > len(drawn) / 2
