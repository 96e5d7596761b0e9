"""The table, row by row: whatever is added to it is tested here, or a test says what is missing."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final, cast

import mpmath
import pytest
from mpmath import mpf

import fgrad
from fgrad import Node, Scalar, grad, value
from fgrad.calculus import SYMMETRIC, TABLE
from fgrad.codegen import expressions
from fgrad.graph import leaf
from fgrad.primitive import Binary, Pairing, Primitive, Reduction
from tests.oracle import (
    MEANINGS,
    Meaning,
    agrees,
    derivative,
    evaluate,
    meaning,
    slopes,
)

if TYPE_CHECKING:
    from fgrad.interval import Interval

EPSILON: Final = sys.float_info.epsilon
UNDERFLOW: Final = sys.float_info.min
"""Below this a float has fewer digits, and the smaller it is the fewer."""

CANCELLING: Final[Mapping[str, float]] = {
    "total": 8 * EPSILON,  # terms of either sign
    "dot": 32 * EPSILON,  # terms of either sign
    "inversion": 8 * EPSILON,  # its slope, of an x as large as y
    "polygamma": 8 * EPSILON,  # the logarithm and the steps down from it
    "lgamma": 8 * EPSILON,  # as polygamma, its slope
    "gamma": 8 * EPSILON,  # as polygamma, a factor of its slope
}
"""Rows that subtract, in the value or in a partial: the absolute error that is allowed, and why."""

AMPLIFYING: Final[Mapping[str, float]] = {
    "pow": 800 * EPSILON,  # x ** (y - 1): the rounding of y - 1 counts log(x) times, so up to 745
    "power": 800 * EPSILON,
}
"""Rows whose partials multiply a rounding: the relative error that is allowed, and why."""

HELD: Final[Mapping[tuple[str, int], tuple[float, ...]]] = {
    ("where", 0): (0.0, 1.0),
    ("ldexp", 1): (0.0, 3.0, -2.0),
    ("polygamma", 0): (0.0, 1.0, 3.0),
    ("constant", 0): (),
}
"""Operands that nothing flows to, whatever mathematics says, and what they may be if not any."""

CONVENTIONS: Final[Mapping[str, Mapping[tuple[float, ...], tuple[float, ...]]]] = {
    "pow": {
        (-2.0, 3.0): (12.0, math.nan),
        (-2.0, 2.0): (-4.0, math.nan),
        (-2.0, 0.0): (-0.0, math.nan),
        (0.0, 0.0): (0.0, 0.0),
        (0.0, 0.5): (math.inf, 0.0),
        (0.0, 1.0): (1.0, 0.0),
        (0.0, 2.0): (0.0, 0.0),
        (1.7, -math.inf): (math.nan, 0.0),
    },
    "power": {(-2.0, 3.0): (12.0, math.nan), (0.0, -1.0): (-math.inf, 0.0)},
    "constant": {(3.0,): (0.0,)},
    "atan2": {(0.0, 0.0): (math.nan, math.nan), (math.inf, -math.inf): (math.nan, math.nan)},
    "inversion": {(0.0, 0.0): (math.nan, math.nan), (math.inf, math.inf): (math.nan, math.nan)},
    "ldexp": {(3.0, 2.0): (4.0, 0.0), (3.0, -1.0): (0.5, 0.0), (1e-300, 2000.0): (math.inf, 0.0)},
    "polygamma": {(0.0, 1.0): (0.0, math.pi**2 / 6)},
    "lgamma": {(-0.5,): (0.03648997397857652,)},
    "gamma": {(-0.5,): (-0.12935358979554,)},
    "copysign": {(0.0, 2.0): (1.0, 0.0), (0.0, -2.0): (-1.0, 0.0), (2.0, math.nan): (1.0, 0.0)},
    "maximum": {
        (2.0, 2.0): (0.5, 0.5),
        (math.nan, 1.0): (1.0, 0.0),
        (1.0, math.nan): (0.0, 1.0),
    },
    "minimum": {
        (2.0, 2.0): (0.5, 0.5),
        (math.nan, 1.0): (1.0, 0.0),
        (1.0, math.nan): (0.0, 1.0),
    },
    "floor": {(2.0,): (0.0,)},
    "ceil": {(2.0,): (0.0,)},
    "trunc": {(0.0,): (0.0,), (2.0,): (0.0,)},
    "round": {(0.5,): (0.0,), (1.5,): (0.0,)},
    "floordiv": {(6.0, 2.0): (0.0, 0.0)},
    "mod": {(6.0, 2.0): (1.0, -3.0), (-6.0, 2.0): (1.0, 3.0)},
    "fmod": {
        (6.0, 2.0): (1.0, -3.0),
        (-6.0, 2.0): (1.0, 3.0),
        (math.nan, 0.0): (1.0, math.nan),
    },
    "remainder": {
        (3.0, 2.0): (1.0, -2.0),
        (5.0, 2.0): (1.0, -2.0),
        (math.nan, 0.0): (1.0, math.nan),
    },
    "where": {(1.0, 2.0, 3.0): (0.0, 1.0, 0.0), (0.0, 2.0, 3.0): (0.0, 0.0, 1.0)},
    "hypotenuse": {(0.0, 0.0): (math.nan, math.nan), (math.inf, math.inf): (math.nan, math.nan)},
    "direction_cosine": {(0.0, 0.0): (math.nan, math.nan), (math.inf, math.inf): (math.nan,) * 2},
    "hypot": {
        (0.0, 0.0): (math.nan, math.nan),
        (0.0, 0.0, 0.0): (math.nan, math.nan, math.nan),
        (math.inf, 1.0, 2.0): (math.nan, 0.0, 0.0),
    },
    "logaddexp": {(math.inf, math.inf): (math.nan, math.nan)},
}
"""What the words of a convention mean in numbers: the gradient at points where there is none."""

ORDINARY: Final = (-3.2, -1.7, -0.6, 0.0, 0.3, 0.7, 1.7, 2.6)
EXTREME: Final = (-1e300, -1e5, -700.0, -40.0, -1.0, -1e-8, -1e-300, -5e-324, 0.0)

STANDS_FOR: Final = {row.limit: row for row in TABLE.values() if row.limit}
"""The rows that only rules use, and what each is the limit of."""

every_row = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
Operands = tuple[float, ...]


# What a row is asked at.


def is_inside(x: float, interval: Interval, kinks: Sequence[float]) -> bool:
    return x in interval and x not in {interval.low, interval.high, *kinks}


def ordinary_points(interval: Interval) -> list[float]:
    """Points in the midst of an interval, of middling size."""
    low, high = interval.low, interval.high
    if math.isfinite(low) and math.isfinite(high):
        return [low + part * (high - low) for part in (0.1, 0.3, 0.55, 0.8)]
    if math.isfinite(low):
        return [low + step for step in (0.3, 0.7, 1.9, 3.4)]
    if math.isfinite(high):
        return [high - step for step in (0.3, 0.7, 1.9, 3.4)]
    return list(ORDINARY)


def extreme_points(interval: Interval, kinks: Sequence[float]) -> list[float]:
    """The smallest and the largest numbers, and those beside an edge or a kink."""
    points = [*EXTREME, *(-x for x in EXTREME)]
    for x in (interval.low, interval.high, *kinks):
        if math.isfinite(x) and x != 0:
            points += [x - 1e-8, math.nextafter(x, -math.inf), math.nextafter(x, math.inf)]
            points += [x + 1e-8]
    return list(dict.fromkeys(points))


def domains(row: Primitive) -> list[Interval]:
    """Where each operand lives; a row of blocks is asked with three operands a block."""
    domain = STANDS_FOR.get(row, row).domain
    return [interval for interval in domain for _ in range(3 if row.blocks else 1)]


def columns(row: Primitive, points: Callable[[Interval], list[float]]) -> list[Sequence[float]]:
    """For each operand the points to ask at, or what it may be."""
    return [
        HELD.get((row.name, i))
        or [x for x in points(interval) if is_inside(x, interval, row.kinks)]
        for i, interval in enumerate(domains(row))
    ]


def ordinary(row: Primitive) -> Iterator[Operands]:
    """Operands in the midst of the domain; of three and more not every combination."""
    found = columns(row, ordinary_points)
    if row.blocks:
        found = [(*column[i:], *column[:i]) for i, column in enumerate(found)]
        return zip(*found, strict=True)
    return product(*found)


def inside(row: Primitive) -> Iterator[Operands]:
    """Operands all over the domain."""
    yield from ordinary(row)
    found = columns(row, lambda interval: extreme_points(interval, row.kinks))
    if len(found) <= 2:  # not where all are at the floor: what lies between would overflow
        yield from (x for x in product(*found) if max(map(abs, x)) > 1e-290)
    first = next(ordinary(row))
    for i, column in enumerate(found):
        yield from ((*first[:i], x, *first[i + 1 :]) for x in column)


def edges(row: Primitive) -> Iterator[tuple[int, float, Operands]]:
    """Operands of which one is a closed end of its interval: which one, and the way in."""
    for i, interval in enumerate(domains(row)):
        for end, inwards in ((interval.low, 1.0), (interval.high, -1.0)):
            if math.isfinite(end) and interval.closed and (row.name, i) not in HELD:
                for operands, x in product(ordinary(row), (end, -end) if end == 0 else (end,)):
                    yield i, inwards, (*operands[:i], x, *operands[i + 1 :])


# How a row is asked.


def call(row: Primitive, operands: Sequence[Scalar]) -> Scalar:
    """The row applied as its users apply it: to numbers, or to one sequence a block."""
    f = cast("Callable[..., Scalar]", row)
    if not isinstance(row, Reduction | Pairing):
        return f(*operands)
    size = len(operands) // row.blocks
    return f(*(operands[i : i + size] for i in range(0, len(operands), size)))


def gradient(row: Primitive, operands: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    def f(xs: tuple[Scalar, ...]) -> Scalar:
        return call(row, xs)

    return grad(f)(operands)


def nested(row: Primitive, operands: tuple[Scalar, ...], orders: Sequence[int]) -> Scalar:
    """The partial derivative of a row by nested gradients, one for each order."""
    place = next((i for i, order in enumerate(orders) if order), None)
    if place is None:
        return call(row, operands)
    lower = (*orders[:place], orders[place] - 1, *orders[place + 1 :])

    def f(xs: tuple[Scalar, ...]) -> Scalar:
        return nested(row, xs, lower)

    return grad(f)(operands)[place]


def outcome(f: Callable[[], Scalar]) -> str:
    """What `f` gives, to the last bit, or what it raises."""
    try:
        return value(f()).hex()
    except (ArithmeticError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def is_finite(row: Primitive, operands: Operands) -> bool:
    """Whether the row has a value there, neither raising nor leaving the floats."""
    try:
        return math.isfinite(row.value(*operands))
    except (ArithmeticError, ValueError):
        return False


def stated(row: Primitive) -> dict[Operands, Operands]:
    """The gradients that the convention of a row states."""
    words = re.findall(r"slope (-?[\w.]+) at (-?[\d.]+)", row.convention)
    found: dict[Operands, Operands] = {(float(at),): (float(slope),) for slope, at in words}
    return {**found, **CONVENTIONS.get(row.name, {})}


def exact(row: Primitive) -> Meaning:
    return meaning(STANDS_FOR.get(row, row).name)


def bits(xs: Sequence[Scalar]) -> list[str]:
    return [value(x).hex() for x in xs]


# What is asked.


@every_row
def test_there_are_points_to_ask_at(row: Primitive) -> None:
    assert len(row.domain) == (row.blocks or len(row.partials))
    assert len([x for x in ordinary(row) if is_finite(row, x)]) >= 4


@every_row
def test_the_value_is_that_of_mathematics(row: Primitive) -> None:
    for operands in inside(row):
        if not is_finite(row, operands):
            continue
        got = row.value(*operands)
        expected = evaluate(exact(row), operands)
        assert type(got) is float
        assert agrees(got, expected, 8 * EPSILON, tolerance(row)), (operands, got, expected)


def tolerance(row: Primitive) -> float:
    return CANCELLING.get(row.name, UNDERFLOW)


@every_row
def test_a_node_has_the_value_that_a_float_has_or_raises_what_it_raises(row: Primitive) -> None:
    points = [*inside(row), *(operands for _, _, operands in edges(row))]
    special = (-1.0, -0.0, 1e308, -1e308, math.nan, math.inf, -math.inf)
    held = [HELD.get((row.name, i)) for i in range(len(domains(row)))]
    points += [tuple(x if h is None else (*h, x)[0] for h in held) for x in special]
    for operands in points:
        plain = outcome(partial(row.value, *operands))
        assert outcome(partial(call, row, operands)) == plain, operands
        sides: list[list[Scalar]] = [[x, leaf(x)] for x in operands]
        for nodes in product(*sides):
            assert outcome(partial(call, row, nodes)) == plain, operands


@every_row
def test_each_partial_is_the_derivative(row: Primitive) -> None:
    """Wherever there is one; where there is none, at a kink or a jump, the row has a convention."""
    relative = AMPLIFYING.get(row.name, 16 * EPSILON)
    for operands in inside(row):
        if not is_finite(row, operands) or operands in stated(row):
            continue
        for i, got in enumerate(gradient(row, operands)):
            assert type(got) is float
            if (row.name, i) in HELD:
                assert got == 0
                continue
            expected = slopes(exact(row), operands, i)
            if not expected.smooth:
                assert row.convention, f"at {operands} there is no slope: state a convention"
                continue
            assert agrees(got, expected.middle, relative, tolerance(row)), (operands, i, got)


@every_row
def test_at_an_edge_the_slope_is_the_limit_from_within(row: Primitive) -> None:
    for i, inwards, operands in edges(row):
        if is_finite(row, operands):
            got = value(gradient(row, operands)[i])
            expected = limit_from_within(row, operands, i, inwards)
            assert agrees(got, expected, 16 * EPSILON), (operands, got, expected)


def limit_from_within(row: Primitive, operands: Operands, place: int, inwards: float) -> mpf:
    """What the slope tends to at the end of an interval: read off from how fast it still moves."""
    found = []
    for distance in (3000, 3500):
        with mpmath.workprec(2 * distance):
            at = [mpf(x) for x in operands]
            step = mpf(2) ** -(distance + 200)
            near, nearer = ([*at], [*at])
            near[place] += inwards * mpf(2) ** -distance
            nearer[place] = near[place] + step
            found.append((exact(row)(*nearer) - exact(row)(*near)) / step)
    before, after = found
    if abs(after) > 1000 * abs(before):
        return mpmath.inf * mpmath.sign(after)
    return mpf(0) if abs(before) > 1000 * abs(after) else after


def orders_of(total: int, count: int) -> list[tuple[int, ...]]:
    """Every way to share out `total` differentiations over `count` operands."""
    return [x for x in product(range(total + 1), repeat=count) if sum(x) == total]


@every_row
@pytest.mark.parametrize("total", [2, 3])
def test_higher_derivatives_are_those_of_mathematics(row: Primitive, total: int) -> None:
    points = [x for x in ordinary(row) if is_finite(row, x) and x not in stated(row)]
    stride = next(
        n for n in (1, 3, 7, 13) if len(points) < 12 * n
    )  # odd, so every number has turns
    for operands in points[::stride]:
        places = [i for i in range(len(operands)) if (row.name, i) not in HELD]
        if not all(slopes(exact(row), operands, i).smooth for i in places):
            continue
        for orders in orders_of(total, len(operands)):
            got = value(nested(row, operands, orders))
            expected = mpf(0)
            if all(i in places for i, order in enumerate(orders) if order):
                expected = derivative(exact(row), operands, orders)
            assert agrees(got, expected, 1e-13, 1e-13), (operands, orders, got, expected)


@every_row
def test_a_sweep_of_nodes_gives_the_bits_of_a_sweep_of_floats(row: Primitive) -> None:
    """So nothing depends on whether a gradient is taken within another; and neither ever raises."""
    points = [*inside(row), *(operands for _, _, operands in edges(row))]
    special = (*row.kinks, 0.0, -0.0, math.nan, math.inf, -math.inf)
    held = [HELD.get((row.name, i)) for i in range(len(domains(row)))]
    points += [tuple(x if h is None else (*h, x)[0] for h in held) for x in special]
    points += stated(row)
    for operands in points:
        if "Error" in outcome(partial(call, row, operands)):
            continue
        plain = gradient(row, operands)
        assert [type(x) for x in plain] == [float] * len(operands)
        inner: list[tuple[Scalar, ...]] = []

        def outer(xs: tuple[Scalar, ...], inner: list[tuple[Scalar, ...]] = inner) -> Scalar:
            inner.append(gradient(row, xs))
            return sum(inner[0])

        grad(outer)(operands)
        assert bits(inner[0]) == bits(plain), operands


def test_inside_another_differentiation_a_gradient_is_made_of_nodes() -> None:
    """So the test above does compare two sweeps."""
    kinds: list[type] = []

    def outer(x: Scalar) -> Scalar:
        inner = grad(fgrad.sin)(x)
        kinds.append(type(inner))
        return inner

    grad(outer)(1.0)
    assert kinds == [Node]


@every_row
def test_where_there_is_no_slope_the_row_does_as_its_convention_says(row: Primitive) -> None:
    if not {(kink,) for kink in row.kinks} <= set(stated(row)):
        pytest.fail(f"{row.name}: let its convention say 'slope … at …' for each of {row.kinks}")
    if row.convention and not stated(row):
        pytest.fail(f"{row.name}: say in CONVENTIONS what {row.convention!r} means in numbers")
    for operands, expected in stated(row).items():
        assert gradient(row, operands) == pytest.approx(expected, rel=1e-12, abs=0, nan_ok=True)


@every_row
def test_a_kink_has_the_slope_of_its_convention_at_either_zero(row: Primitive) -> None:
    if 0.0 in row.kinks:
        assert gradient(row, (-0.0,)) == gradient(row, (0.0,))


@every_row
def test_outside_its_domain_a_row_raises_or_says_what_holds_there(row: Primitive) -> None:
    """`math` raises there, so a function of floats would."""
    if row.convention or row in STANDS_FOR:
        return
    for i, interval in enumerate(domains(row)):
        beyond = [] if interval.hole is None else [interval.hole]
        for end, outwards in ((interval.low, -math.inf), (interval.high, math.inf)):
            if math.isfinite(end):
                beyond += [math.nextafter(end, outwards), end - 0.5 if outwards < 0 else end + 0.5]
                beyond += [] if interval.closed else [end]
        for x in beyond:
            operands = next(ordinary(row))
            operands = (*operands[:i], x, *operands[i + 1 :])
            with pytest.raises((ArithmeticError, ValueError)):
                row.value(*operands)
            with pytest.raises((ArithmeticError, ValueError)):
                gradient(row, operands)


@pytest.mark.parametrize("row", STANDS_FOR, ids=lambda row: row.name)
def test_a_limit_is_the_row_it_stands_for_where_that_has_a_value(row: Primitive) -> None:
    for operands in inside(STANDS_FOR[row]):
        if is_finite(STANDS_FOR[row], operands):
            assert row.value(*operands).hex() == STANDS_FOR[row].value(*operands).hex()


@every_row
def test_a_rule_branches_only_where_nothing_flows(row: Primitive) -> None:
    """A branch is another path to jit, and every one doubles those of a sum of such rows."""
    for symbol in expressions(row):
        assert " if " not in symbol.text or "ZERO" in symbol.text


@every_row
def test_a_row_has_one_name_and_fgrad_has_it(row: Primitive) -> None:
    assert TABLE[row.name] is row
    assert getattr(fgrad, row.name, None) is row, f"export {row.name} from fgrad"


def test_a_row_is_called_symmetric_if_its_operands_may_change_places() -> None:
    pairs = [(2.0, 3.0), (5.0, 3.0), (4.0, 7.0)]
    rows = [row for row in TABLE.values() if isinstance(row, Binary)]
    assert {
        row for row in rows if all(row.value(x, y) == row.value(y, x) for x, y in pairs)
    } == SYMMETRIC


def test_every_meaning_is_that_of_a_row() -> None:
    for names in (MEANINGS, CANCELLING, AMPLIFYING, CONVENTIONS, dict(HELD)):
        assert {name if isinstance(name, str) else name[0] for name in names} <= set(TABLE)
