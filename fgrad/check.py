"""Derivatives against differences: for a user's function, and for a row when it is defined."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from itertools import pairwise, product
from typing import Final, NamedTuple, ParamSpec, TypeAlias, TypeVar

from fgrad.codegen import NAMES
from fgrad.graph import ALIAS, LEAF, Node, Scalar, ancestors, leaf, value
from fgrad.primitive import Primitive
from fgrad.reverse import cotangents
from fgrad.transform import grad, jacobian
from fgrad.transform.arguments import ALL, function, one_number, parameter, take
from fgrad.tree import paths
from fgrad.unrolled import put

__all__ = ["Comparison", "DerivativeError", "Report", "check_grad", "check_row"]

_HALVINGS: Final = 10
_FEWEST: Final = 3
_FINEST: Final = 2.0**-50
_SHARP: Final = 1e-6
_SETTLED: Final = 1e-3
_STENCILS: Final = ((1.0, -1.0), (2.0, 1.0), (-1.0, -2.0))  # steps from x: around, above, below it
_EXACT: Final = (LEAF, ALIAS)
_CLEAR: Final = 0.3  # farther from a kink than any step
R = TypeVar("R", bound=Primitive)
P = ParamSpec("P")


class DerivativeError(ArithmeticError):
    """Derivatives that should be the same number are not."""


class Comparison(NamedTuple):
    """One derivative, computed in three ways: up the graph, down it, and by differences."""

    name: str
    forward: float
    reverse: float
    difference: float
    tolerance: float
    rounding: float

    @property
    def agrees(self) -> bool:
        """Whether the sweeps agree to `rounding`, and the differences to their `tolerance`."""
        return _near(self.forward, self.reverse, self.rounding) and _near(
            self.reverse, self.difference, self.tolerance
        )


def _near(x: float, y: float, tolerance: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y)) or abs(x - y) <= tolerance < math.inf


class Report(NamedTuple):
    """What `check_grad` compared; as text, a table."""

    comparisons: tuple[Comparison, ...]

    @property
    def agrees(self) -> bool:
        """Whether every comparison does."""
        return all(comparison.agrees for comparison in self.comparisons)

    def __str__(self) -> str:
        width = max([len(c.name) for c in self.comparisons], default=0)
        head = f"{'':{width}}  {'forward':>22}  {'reverse':>22}  {'differences':>22}"
        lines = [
            f"{c.name:{width}}  {c.forward:22.15g}  {c.reverse:22.15g}  {c.difference:22.12g}"
            + ("" if c.agrees else "  <- differs")
            for c in self.comparisons
        ]
        return "\n".join([head, *lines])


def check_grad(f: Callable[P, Scalar]) -> Callable[P, Report]:
    """The function that compares the derivatives of `f`, which returns one number, at a point.

    First and second derivatives, by forward and by reverse sweeps and by differences (central,
    extrapolated; Ridders 1982). It gives a report; where the three disagree a DerivativeError shows
    it, with the conventions of the rows involved. At a kink they disagree by nature: differences
    look at both sides. At the end of a domain, and at an infinite slope, differences look at one.

    >>> print(check_grad(lambda x, y: x * x * y)(3.0, 2.0))
                             forward                 reverse             differences
    d/dx                          12                      12                      12
    d/dy                           9                       9                       9
    d2/dx dx                       4                       4                       4
    d2/dx dy                       6                       6                       6
    d2/dy dx                       6                       6                       6
    d2/dy dy                       0                       0                       0
    """

    @wraps(function(f), updated=())
    def check(*args: object, **kwargs: object) -> Report:
        inputs = take(f, args, kwargs, ALL)
        point = [leaf.value for leaf in inputs.leaves]
        names = _names(f, inputs.args)

        def flat(xs: Sequence[Scalar]) -> Scalar:
            rest = iter([x if isinstance(x, Node) else leaf(x) for x in xs])
            trees = [put(structure, rest) for structure in inputs.structures]
            return one_number(f, f(*trees, **kwargs))  # type: ignore[arg-type]  # what f takes

        report = Report((*_first(flat, point, names), *_second(flat, point, names)))
        if not report.agrees:
            message = f"the derivatives of {getattr(f, '__name__', f)!s} disagree:\n{report}"
            raise DerivativeError("\n".join([message, *_conventions(flat(inputs.leaves))]))
        return report

    return check


def _conventions(root: Scalar) -> Iterable[str]:
    """What the rows of a graph say of where they have no slope; at a kink, if they name any."""
    nodes = ancestors(root) if isinstance(root, Node) else []
    told = [node for node in nodes if node.primitive.convention]
    rows = [
        node.primitive
        for node in told
        if not node.primitive.kinks or any(value(x) in node.primitive.kinks for x in node.operands)
    ]
    return dict.fromkeys([f"{row.name}, by convention: {row.convention}" for row in rows])


def _names(f: Callable[..., object], args: Sequence[object]) -> list[str]:
    """What to call each number in the arguments: `x`, `params.w[0]`."""
    named = [found for i, arg in enumerate(args) for found in paths(arg, parameter(f, i))]
    return [name for name, thing in named if isinstance(thing, Node)]


_Flat: TypeAlias = Callable[[Sequence[Scalar]], Scalar]
_Line: TypeAlias = Callable[[float], tuple[float, float]]


def _first(f: _Flat, point: Sequence[float], names: Sequence[str]) -> Iterator[Comparison]:
    slope = grad(f)
    reverse = slope(list(point))
    (forward,) = jacobian(lambda xs: [f(xs)], mode="forward")(list(point))
    for i, name in enumerate(names[: len(point)]):
        moved = _difference(_along(f, point, i), point[i])
        swept = value(forward[i]), value(reverse[i])
        yield Comparison(f"d/d{name}", *swept, *moved, _apart(_component(slope, i), point, *swept))


def _second(f: _Flat, point: Sequence[float], names: Sequence[str]) -> Iterator[Comparison]:
    slope = grad(f)
    at = slope(list(point))
    forward = jacobian(slope, mode="forward")(list(point))
    reverse = jacobian(slope, mode="reverse")(list(point))
    for i, j in product(range(len(point)), repeat=2):
        name = f"d2/d{names[i]} d{names[j]}"
        swept = value(forward[i][j]), value(reverse[i][j])
        apart = _apart(_component(grad(_component(slope, i)), j), point, *swept)
        orders = [(i, j), (j, i)] if math.isinf(value(at[i])) else [(i, j)]  # inf may not move
        compared = [
            Comparison(name, *swept, *found, apart)
            for k, m in orders
            for found in _differences(
                _along(_component(slope, k), point, m), point[m], at=value(at[k])
            )
        ]
        yield next((comparison for comparison in compared if comparison.agrees), compared[0])


def _apart(f: _Flat, point: Sequence[float], forward: float, reverse: float) -> float:
    """How far apart rounding may take two sweeps that compute what f does at the point."""
    usual = 1e-9 * max(abs(forward), abs(reverse), 1e-300)
    if _near(forward, reverse, usual):
        return usual
    return max(usual, _rounded(f([leaf(x) for x in point]))[1])


def _component(f: Callable[[Sequence[Scalar]], Sequence[Scalar]], i: int) -> _Flat:
    return lambda xs: f(xs)[i]


def _along(f: _Flat, point: Sequence[float], i: int) -> _Line:
    """f as a function of its number i, the others held as they are at the point."""
    return lambda x: _rounded(f([leaf(y) for y in (*point[:i], x, *point[i + 1 :])]))


def _rounded(answer: Scalar) -> tuple[float, float]:
    """A number, and what rounding may have made of it: of each node on the way, by its slope."""
    nodes = ancestors(answer) if isinstance(answer, Node) else []
    rounded = [place for place, node in enumerate(nodes) if node.primitive not in _EXACT]
    lost = _ulp(value(answer))
    if len(rounded) > 1:
        slopes = cotangents([(answer, 1.0)], nodes)
        parts = [value(slopes[place]) * _ulp(nodes[place].value) for place in rounded]
        lost = sum([abs(part) for part in parts if math.isfinite(part)], 0.0)
    return value(answer), lost


def _ulp(x: float) -> float:
    """How far off a number may be that was rounded to x; too small a one was rounded to 0."""
    return 4 * sys.float_info.epsilon * abs(x) + math.ulp(0.0)


class _Estimate(NamedTuple):
    """What differences say of a slope, and how far off that may be.

    `settled` if they tend to it, down to rounding, and do not merely end there.
    """

    slope: float
    tolerance: float
    settled: bool


def _differences(f: _Line, x: float, *, at: float) -> Sequence[tuple[float, float]]:
    """The slope of f by differences: above x, and below, if f is infinite `at` x."""
    if math.isinf(at):
        return [_difference(f, x, _STENCILS[1:]), _difference(f, x, _STENCILS[2:])]
    return [_difference(f, x)]


def _difference(
    f: _Line, x: float, stencils: Sequence[tuple[float, float]] = _STENCILS
) -> tuple[float, float]:
    """The slope of f at x by differences, and how far off it may be.

    By central differences; where f is on one side of x only, by those to that side. With steps of
    the size of x and of the usual size, the smaller first, and while neither settles it with finer.
    """
    usual = min(max(abs(x), 0.05), 1.0)
    for stencil in stencils:
        found: list[_Estimate] = []
        for size in (*sorted([abs(x), usual]), 1e-3 * usual):
            found += _estimates(f, x, stencil, 0.04 * size)
            if found and found[-1].settled and found[-1].tolerance <= _SHARP * abs(found[-1].slope):
                break
        if found:
            best = min(found, key=lambda estimate: (not estimate.settled, estimate.tolerance))
            return best.slope, best.tolerance
    return math.nan, math.inf


def _estimates(
    f: _Line, x: float, stencil: tuple[float, float], step: float
) -> Iterator[_Estimate]:
    """The slope by the differences of halving steps, but for those on which f has no value.

    None if there are too few. Infinite where the quotients of finite values are too large for
    floats, and where each halving makes them larger by a quarter and more: at a jump it doubles.
    """
    quotients: list[float] = []
    beyond: list[float] = []
    roundings: list[float] = []
    finest = max(16 * math.ulp(x), _FINEST * step)
    while step > finest and len(quotients) < _HALVINGS:
        step /= 2
        high, low = (x + steps * step for steps in stencil)
        try:
            (above, lost_above), (below, lost_below) = f(high), f(low)
            quotient = (above - below) / (high - low)  # the steps that floats take
        except (ArithmeticError, ValueError, TypeError):
            continue
        if math.isfinite(quotient):
            quotients.append(quotient)
            roundings.append((lost_above + lost_below) / step)
        elif lost_above + lost_below < abs(above - below) < math.inf:
            beyond.append(quotient)
    if len(beyond) >= _FEWEST and not quotients:
        yield _Estimate(beyond[-1], 0.0, settled=True)
    growing = [abs(after) > 1.25 * abs(before) for before, after in pairwise(quotients)]
    if len(quotients) > _HALVINGS // 2 and all(growing):
        yield _Estimate(math.copysign(math.inf, quotients[-1]), 0.0, settled=False)
    elif len(quotients) >= _FEWEST:
        order = 4.0 if sum(stencil) == 0 else 2.0  # the errors of central ones are even in the step
        yield _extrapolated(quotients, roundings, order)


def _extrapolated(
    quotients: Sequence[float], roundings: Sequence[float], order: float
) -> _Estimate:
    """What the quotients of halving steps tend to, and how far off that may be (Ridders 1982)."""
    best = _Estimate(math.nan, math.inf, settled=False)
    row: list[float] = []
    for quotient, rounding in zip(quotients, roundings, strict=True):
        column = [quotient]
        for k, before in enumerate(row):
            factor = order ** (k + 1)
            column.append(column[k] + (column[k] - before) / (factor - 1))
            off = 10 * max(abs(column[-1] - column[-2]), abs(column[-1] - before))
            if off + rounding < best.tolerance:
                settled = off <= max(rounding, _SETTLED * abs(column[-1]))
                best = _Estimate(column[-1], off + rounding, settled)
        row = column
    return best._replace(tolerance=best.tolerance + 1e-9 * abs(best.slope))


def check_row(row: R) -> R:
    """The row itself, its partials compared to differences of its value at points of its domain.

    A DerivativeError with the numbers where they disagree, at points that are no kinks. At a jump
    they need agree on one side only.
    """
    checked = False
    for point in _points(row):
        try:
            row.value(*point)
        except (ArithmeticError, ValueError):
            continue  # not in the domain after all, or too large an answer
        checked = True
        compared = enumerate(_first(row.apply, point, NAMES))
        wrong = [
            c
            for i, c in compared
            if not c.agrees and not _agrees_beside_jump(c, _along(row.apply, point, i), point[i])
        ]
        if wrong:
            at = ", ".join(map(repr, point))
            message = f"{row.name}: wrong partial at ({at}):\n{Report(tuple(wrong))}"
            raise DerivativeError(message)
    if not checked:
        message = f"{row.name}: no point to check it at: say where it is defined by domain="
        raise DerivativeError(message)
    return row


def _agrees_beside_jump(at: Comparison, f: _Line, x: float) -> bool:
    """Whether f jumps at x, and so has finite slopes above and below, and agrees with one."""
    if not math.isinf(at.difference):
        return False
    found = [_difference(f, x, [stencil]) for stencil in _STENCILS[1:]]
    sides = [at._replace(difference=slope, tolerance=tolerance) for slope, tolerance in found]
    finite = all(math.isfinite(side.difference) for side in sides)
    return finite and any(side.agrees for side in sides)


_PRIME: Final = 11  # as many as an interval has points: each is tried


def _points(row: Primitive) -> Iterable[tuple[float, ...]]:
    """Points of the domain, away from kinks: any two operands meet at any two of their numbers.

    Of six operands not the eleven to the sixth points that there are, but eleven squared (an
    orthogonal array of strength two; eleven is prime).
    """
    columns = [
        [x for x in interval.points() if all(abs(x - kink) > _CLEAR for kink in row.kinks)]
        for interval in row.domain
    ]
    if not all(columns):
        return ()
    return dict.fromkeys(
        tuple([column[(k + turn * i) % _PRIME % len(column)] for i, column in enumerate(columns)])
        for turn, k in product(range(_PRIME), repeat=2)
    )
