"""Every row, at orders 1 to 4, at every kind of point: the right number, or the row says why not.

One table of cells, one for each row, operand, order and point. The points are those inside the
domain and at its ends, both zeros, tiny and huge numbers, the infinities, nan, and ties. What a
cell should hold is worked out by mpmath from what the row means, from both sides of the point;
the derivatives are taken both up and down the graph.
"""

from __future__ import annotations

import math
import operator as op
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import mpmath
import pytest
from mpmath import mpf

from fgrad import grad, jvp, polygamma, softplus, value
from fgrad.calculus import TABLE
from fgrad.primitive import Pairing, Primitive, Reduction
from tests.oracle import Meaning, derivative, meaning

if TYPE_CHECKING:
    from fgrad.interval import Interval

ORDERS: Final = (1, 2, 3, 4)
Operands: TypeAlias = tuple[float, ...]

STANDS_FOR: Final = {row.limit: row for row in TABLE.values() if row.limit}
"""The rows that only rules use, and what each is the limit of."""

HELD: Final[Mapping[tuple[str, int], Sequence[float]]] = {
    ("constant", 0): (3.0,),
    ("where", 0): (0.0, 1.0),
    ("ldexp", 1): (0.0, 3.0, -2.0),
    ("polygamma", 0): (0.0, 1.0, 2.0),
}
"""Operands that nothing flows to, whatever mathematics says, and what they may be."""

STEPPED: Final = {"floordiv", "mod", "fmod", "remainder"}
"""Rows whose jumps lie closer than the floats do where their quotient is large."""


def digamma_orders(x: mpf, first: int) -> list[mpf]:
    return [mpmath.psi(n, x) for n in range(first, first + 4)]


def of_gamma(x: mpf) -> list[mpf]:
    """From gamma' = gamma * psi by Leibniz's rule."""
    slopes = digamma_orders(x, 0)
    found = [mpmath.gamma(x)]
    for n in range(4):
        terms = (mpmath.binomial(n, k) * found[k] * slopes[n - k] for k in range(n + 1))
        found.append(mpmath.fsum(terms))
    return found[1:]


def of_logaddexp(place: int, *xs: mpf) -> list[mpf]:
    """The derivatives of the logistic function of the difference to the other operand."""
    p = 1 / (1 + mpmath.exp(xs[1 - place] - xs[place]))
    q = 1 / (1 + mpmath.exp(xs[place] - xs[1 - place]))
    return [p, p * q, p * q * (q - p), p * q * (1 - 6 * p * q)]


CLOSED: Final[Mapping[str, Callable[..., list[mpf]]]] = {
    "lgamma": lambda _, x: digamma_orders(x, 0),
    "gamma": lambda _, x: of_gamma(x),
    "polygamma": lambda _, n, x: digamma_orders(x, int(n) + 1),
    "logaddexp": of_logaddexp,
}
"""Rows whose differences take mpmath too long: the derivatives in one operand, orders 1 to 4."""


# The points.


def inside(interval: Interval) -> list[float]:
    low, high = max(interval.low, -1e9), min(interval.high, 1e9)
    if high - low <= 2:
        return [low + part * (high - low) for part in (0.15, 0.75)]
    return [x for x in (-2.5, -0.4, 0.4, 1.7, 6.0) if low < x < high]


def special() -> list[float]:
    """Zero, the tiny, the huge and the infinite, of both signs."""
    return [sign * x for x in (0.0, 1e-200, 1e-8, 1e10, 1e200, math.inf) for sign in (1.0, -1.0)]


def edges(interval: Interval, kinks: Sequence[float]) -> list[float]:
    return [x for x in (interval.low, interval.high, *kinks) if math.isfinite(x)]


def width(row: Primitive) -> int:
    """The number of operands that a row is asked with: two a block if it takes any number."""
    return 2 * row.blocks if row.blocks else len(row.partials)


def points(row: Primitive) -> Iterator[Operands]:
    """Each operand at every kind of point, the others inside; and every one the same."""
    domain = STANDS_FOR.get(row, row).domain
    domain = tuple(i for i in domain for _ in range(width(row) // len(domain)))
    middling = [HELD.get((row.name, k), inside(i)[-2:-1]) for k, i in enumerate(domain)]
    for place, interval in enumerate(domain):
        own = HELD.get((row.name, place)) or [
            *inside(interval),
            *special(),
            *edges(interval, row.kinks),
        ]
        for others in product(*(middling[:place] + middling[place + 1 :])):
            for x in own:
                yield (*others[:place], x, *others[place:])
    if width(row) > 1 and not any((row.name, k) in HELD for k in range(width(row))):
        yield from (((x,) * width(row)) for x in (0.0, 1.7, 2.0, 1e10))


def askable(row: Primitive) -> list[Operands]:
    """The points where the row has a value; where it raises, so does whoever computes it."""
    found = []
    for operands in dict.fromkeys(points(row)):
        try:
            answer = STANDS_FOR.get(row, row).value(*operands)
        except (ArithmeticError, ValueError):
            continue
        fine = row.name in STEPPED and abs(operands[0]) > 1e15 * abs(operands[1])
        if not math.isnan(answer) and not fine:
            found.append(operands)
    return found


# What a cell holds.


def call(row: Primitive, operands: Sequence[Any]) -> Any:
    """The row applied as its users apply it."""
    apply: Any = row
    if row.name == "where":
        return apply(operands[0] != 0, *operands[1:])
    if not isinstance(row, Reduction | Pairing):
        return apply(*operands)
    size = len(operands) // row.blocks
    return apply(*(operands[i : i + size] for i in range(0, len(operands), size)))


def backward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return grad(f)


def forward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: jvp(f, x, 1.0)[1]


def derivatives(
    row: Primitive, operands: Operands, place: int, operator: Callable[..., Any]
) -> list[float]:
    """The derivatives in one operand, orders 1 to 4, by nesting one operator."""
    f: Callable[[Any], Any] = lambda x: call(row, (*operands[:place], x, *operands[place + 1 :]))  # noqa: E731 - wrapped over and over
    found = []
    for _ in ORDERS:
        f = operator(f)
        found.append(f(operands[place]))
    assert {type(x) for x in found} == {float}
    return found


# What it should hold.


class Sides(NamedTuple):
    """One derivative beside a point: None where the function goes on to one side only."""

    below: mpf | None
    above: mpf | None

    @property
    def limit(self) -> mpf | None:
        """The number that both sides tend to; None if they differ."""
        sides = [side for side in self if side is not None]
        if sides[0] == sides[-1] or any(map(mpmath.isinf, sides)):
            return sides[0] if sides[0] == sides[-1] else None
        agree = abs(sides[0] - sides[-1]) <= mpf(2) ** -40 * sum(map(abs, sides)) + mpf(2) ** -70
        return sides[0] if agree else None


def beside(f: Meaning, at: Operands, place: int, direction: int) -> list[mpf] | None:
    """The value and four derivatives of `f` just beside a point: the limits, infinities included.

    An infinite operand is taken twice as a large number, and a finite point twice from a small
    distance: what grows in between is infinite, what vanishes far out is zero.
    """
    far = any(map(math.isinf, at))
    sizes = [abs(mpf(x)) for x in at if x != 0 and math.isfinite(x)]
    scale = min([mpf(1), *sizes])
    bits = 1600 + 5 * int(mpmath.log(max([mpf(1), *sizes]) / scale, 2)) + (1500 if far else 0)
    with mpmath.workprec(bits):
        found = []
        for round_ in (1, 2):
            large = mpf(2) ** (150 * round_)
            xs = [large * (1 if x > 0 else -1) if math.isinf(x) else mpf(x) for x in at]
            if math.isinf(at[place]):
                step = -xs[place] * mpf(2) ** -200
            else:
                xs[place] += direction * scale * mpf(2) ** -(60 + 40 * round_)
                step = direction * scale * mpf(2) ** -240
            ladder = differences(f, xs, place, step)
            if ladder is None:
                return None
            found.append(ladder)
    return [tends(*pair, far=far) for pair in zip(*found, strict=True)]


def differences(f: Meaning, xs: list[mpf], place: int, step: mpf) -> list[mpf] | None:
    """The value and four derivatives by forward differences; None where `f` has no real value."""
    try:
        row = [f(*xs[:place], xs[place] + k * step, *xs[place + 1 :]) for k in range(5)]
    except (ArithmeticError, ValueError):
        return None
    if any(isinstance(y, mpmath.mpc) for y in row):
        return None
    found = [row[0]]
    for _ in ORDERS:
        row = [(after - before) / step for before, after in pairwise(row)]
        found.append(row[0])
    return found


def tends(before: mpf, after: mpf, *, far: bool) -> mpf:
    """What two numbers, the second taken nearer to the limit, tend to."""
    if abs(after) > 1.5 * abs(before) and abs(after) > (mpf(2) ** 6 if far else mpf(2) ** 40):
        return mpmath.inf * mpmath.sign(after)
    return mpf(0) if far and abs(after) < mpf(2) ** -100 else after


def expected(row: Primitive, operands: Operands, place: int) -> list[Sides]:
    """Beside the point: the value, and the derivatives of orders 1 to 4."""
    origin = STANDS_FOR.get(row, row)
    f = meaning(origin.name)
    if row.name in CLOSED and all(map(math.isfinite, operands)):
        with mpmath.workprec(300):
            exact = CLOSED[row.name](place, *map(mpf, operands))
            return [Sides(y, y) for y in (f(*map(mpf, operands)), *exact)]
    below = beside(f, operands, place, -1)
    above = beside(f, operands, place, 1)
    sides = zip(below or [None] * 5, above or [None] * 5, strict=True)
    return [Sides(*pair) for pair in sides]


class Cell(NamedTuple):
    """One derivative at one point: both ways to it, and what it should be."""

    operands: Operands
    place: int
    order: int
    up: float
    down: float
    limit: mpf | None
    tolerance: mpf

    @property
    def right(self) -> bool:
        """Whether both ways give the limit."""
        return self.limit is not None and self.near(self.up) and self.near(self.down)

    @property
    def undefined(self) -> bool:
        """Whether there is no limit, or a nan stands in its place."""
        return self.limit is None or math.isnan(self.up) or math.isnan(self.down)

    def near(self, got: float) -> bool:
        """Whether `got` is the limit as far as floats go."""
        assert self.limit is not None
        if math.isnan(got):
            return False
        if math.isinf(got) or abs(self.limit) > 1e300:
            return abs(got) > 1e299 and abs(self.limit) > 1e299 and (got > 0) == (self.limit > 0)
        return bool(abs(mpf(got) - self.limit) <= self.tolerance)

    def __str__(self) -> str:
        limit = "none" if self.limit is None else mpmath.nstr(self.limit, 17)
        return (
            f"order {self.order} in operand {self.place} at {self.operands}: "
            f"forward {self.up!r}, reverse {self.down!r}, expected {limit}"
        )


def cells(row: Primitive) -> Iterator[Cell]:
    """All cells of a row at points that are numbers."""
    for operands in askable(row):
        for place in range(len(operands)):
            up = derivatives(row, operands, place, forward)
            down = derivatives(row, operands, place, backward)
            if (row.name, place) in HELD:
                sides = [Sides(mpf(0), mpf(0))] * 5
            else:
                sides = expected(row, operands, place)
            if sides[0] == (None, None):
                continue  # a limit with a value where the row itself has none
            known = [side.limit for side in sides]
            for order in ORDERS:
                yield Cell(
                    operands,
                    place,
                    order,
                    up[order - 1],
                    down[order - 1],
                    known[order],
                    tolerance(known[: order + 1], operands, place),
                )


def tolerance(known: Sequence[mpf | None], operands: Operands, place: int) -> mpf:
    """What rounding may do: some ulps of the derivative, and of what the lower ones contribute.

    A derivative is a sum, over the lower ones, of terms as large as each over the size of x to
    the power of the orders in between; where these cancel, only they are known to so many ulps.
    """
    size = abs(operands[place])
    finite = [abs(x) for x in operands if x != 0 and math.isfinite(x)]
    scale = mpf(size if 0 < size < math.inf else min([1.0, *finite]))
    order = len(known) - 1
    terms = [abs(y) / scale ** (order - k) for k, y in enumerate(known) if y is not None and k]
    largest = max([mpf(0), *(x for x in terms if x < mpmath.inf)])
    return mpf(10) ** (order - 15) * largest + mpf(2) ** -80


# What is asked.

PUBLIC: Final = {name: row for name, row in TABLE.items() if row not in STANDS_FOR}


every_row = pytest.mark.parametrize("row", PUBLIC.values(), ids=PUBLIC)


@every_row
def test_every_cell_is_right_or_the_row_says_that_it_is_not(row: Primitive) -> None:
    """Where there is no limit a row has a convention; where it gives nan for one, that says so."""
    found = list(cells(row))
    assert len(found) >= len(ORDERS)
    wrong = [cell for cell in found if not cell.right and not cell.undefined]
    assert not wrong, "\n".join(["wrong numbers:", *map(str, wrong)])
    silent = [cell for cell in found if cell.undefined and not states(row, cell)]
    assert not silent, "\n".join([f"the convention of {row.name} should say:", *map(str, silent)])


def states(row: Primitive, cell: Cell) -> bool:
    """Whether the row's convention speaks of such a cell."""
    if cell.limit is None:
        return row.convention != ""
    infinite = any(map(math.isinf, cell.operands))
    return "nan" in row.convention and ("infinity" in row.convention or not infinite)


@pytest.mark.parametrize("row", STANDS_FOR, ids=lambda row: row.name)
def test_a_limit_has_the_rules_of_the_row_that_it_stands_for(row: Primitive) -> None:
    """So the cells above are its cells too."""
    assert row.partials == STANDS_FOR[row].partials
    assert all(a is b for a, b in zip(row.partials, STANDS_FOR[row].partials, strict=True))


@every_row
def test_a_nan_stays_one_unless_the_derivative_does_not_depend_on_it(row: Primitive) -> None:
    """At every order, and in every operand; nothing raises where the function does not."""
    domain = [i for i in row.domain for _ in range(width(row) // len(row.domain))]
    spoken = re.search(r"\b(a|the) nan\b", row.convention)
    for held, place in product((0, 1), range(len(domain))):
        if (row.name, place) in HELD:
            continue
        usual = [
            HELD[row.name, k][held % len(HELD[row.name, k])]
            if (row.name, k) in HELD
            else inside(i)[held]
            for k, i in enumerate(domain)
        ]
        operands, other = (
            (*usual[:place], x, *usual[place + 1 :]) for x in (math.nan, inside(domain[place])[-1])
        )
        try:
            row.value(*operands)
        except (ArithmeticError, ValueError):
            continue
        for k in range(len(domain)):
            numbers = [derivatives(row, x, k, backward) for x in (operands, tuple(usual), other)]
            assert derivatives(row, operands, k, forward) == pytest.approx(numbers[0], nan_ok=True)
            for at_nan, here, there in zip(*numbers, strict=True):
                assert math.isnan(at_nan) or at_nan == here == there or spoken, (operands, numbers)


@pytest.mark.parametrize("x", [10**400, -(10**400), 2**2000, 2**1024 - 1])
def test_an_int_too_large_for_a_float_is_what_it_is_to_python(x: int) -> None:
    """Only logarithms take it; their answers have all digits."""
    rows: Mapping[str, Any] = TABLE
    for name in ("log", "log2", "log10"):
        assert result(rows[name], x) == result(getattr(math, name), x)
    assert result(rows["log"], x, 10) == result(math.log, x, 10)
    assert result(rows["log"], 3, x) == result(math.log, 3, x)
    for name in ("sin", "sqrt", "neg", "fabs", "floor", "constant", "exp"):
        with pytest.raises(OverflowError, match="too large"):
            rows[name](x)


@pytest.mark.parametrize("name", sorted({*dir(math)} & {*PUBLIC} - {"fsum", "hypot"}))
def test_a_row_that_math_has_has_its_values_and_errors(name: str) -> None:
    """But pow is Python's own: there 0 to a negative power is a division by zero."""
    row, same = TABLE[name], (op.pow if name == "pow" else getattr(math, name))
    for operands in product((*special(), -3.0, 0.5, 170.5, 1000.0, math.nan), repeat=width(row)):
        if name == "ldexp":
            if operands[1].is_integer():
                expected = result(math.ldexp, operands[0], int(operands[1]))
                assert result(call, row, operands) == expected, operands
        elif not isinstance(expected := result(same, *operands), complex):
            assert result(call, row, operands) == expected, operands


def result(f: Callable[..., Any], *operands: Any) -> Any:
    """The bits of what `f` gives, or the kind of its error; a complex answer as it is."""
    try:
        answer = f(*operands)
    except (ArithmeticError, ValueError) as error:
        return type(error)
    return answer if isinstance(answer, complex) else float(answer).hex()


TAILS: Final[Mapping[str, Sequence[float]]] = {
    "tanh": (-300.0, -40.0, 1.1, 7.7, 40.0, 300.0),
    "sech_squared": (-300.0, -40.0, 7.7, 40.0, 300.0),
    "sigmoid": (-300.0, -40.0, 40.0, 300.0),
    "softplus": (-300.0, -40.0, 40.0, 300.0),
    "erf": (5.0, -20.0, 25.0),
    "erfc": (5.0, 20.0, 25.0, -26.0),
    "gaussian": (5.0, 20.0, -26.0),
    "expm1": (-40.0, -300.0),
    "exp2": (-500.0,),
    "atan": (1e5, -1e10, 1e50, -1e76, 1e82),
    "lorentzian": (1e5, 1e50, -1e76),
    "asinh": (1e5, -1e10),
    "log1p": (1e-8, -1e-8, 1e10),
}
"""Where derivatives are small, and still right to the last digits."""


@pytest.mark.parametrize("name", TAILS)
def test_in_its_tails_a_row_is_right_to_the_last_digits(name: str) -> None:
    for x in TAILS[name]:
        up = derivatives(TABLE[name], (x,), 0, forward)
        down = derivatives(TABLE[name], (x,), 0, backward)
        for order, (forth, back) in enumerate(zip(up, down, strict=True), 1):
            with mpmath.workdps(330):
                exact = mpmath.diff(meaning(name), mpf(x), order, h=mpf(10) ** -20)
            for got in (forth, back):
                assert abs(mpf(got) - exact) <= 1e-12 * abs(exact) + mpf(10) ** -307, (x, order)


@pytest.mark.parametrize(
    "name",
    ["asin", "acos", "atanh", "asinh", "atan", "tanh", "sech_squared", "sigmoid", "softplus"],
)
@pytest.mark.parametrize("x", [1e-9, -1e-5, 0.01, 0.4])
def test_beside_zero_every_order_is_right_to_the_last_digits(name: str, x: float) -> None:
    """The even orders are of the size of x: a rule that subtracts there loses them."""
    up = derivatives(TABLE[name], (x,), 0, forward)
    down = derivatives(TABLE[name], (x,), 0, backward)
    for order, got in (*enumerate(up, 1), *enumerate(down, 1)):
        with mpmath.workdps(100):
            exact = mpmath.diff(meaning(name), mpf(x), order)
        assert abs(mpf(got) - exact) <= 4e-15 * abs(exact), order


@pytest.mark.parametrize("name", ["log2", "log10", "log"])
def test_the_slope_of_a_logarithm_does_not_vanish_where_x_is_huge(name: str) -> None:
    for x in (1e308, 1.7e308):
        exact = 1 / mpf(x) / {"log2": mpmath.log(2), "log10": mpmath.log(10)}.get(name, 1)
        assert abs(mpf(grad(TABLE[name])(x)) - exact) <= 1e-14 * exact


@pytest.mark.parametrize(
    ("name", "quotient"),
    [("mod", math.floor), ("fmod", math.trunc), ("remainder", round)],
)
def test_the_slope_of_what_remains_is_a_whole_number(
    name: str, quotient: Callable[[Fraction], int]
) -> None:
    """It is minus the quotient that was taken away, whatever rounding makes of x / y."""
    draw = random.Random(name)
    for _ in range(2000):
        x, y = (draw.gauss(0.0, 1.0) * 10.0 ** draw.randrange(-3, 4) for _ in range(2))
        exact = -quotient(Fraction(x) / Fraction(y))
        assert grad(TABLE[name])(x, y) == (1.0, exact), (x, y)
    assert grad(TABLE[name])(1e300, 1e-300) == (1.0, -math.inf)
    assert grad(TABLE[name])(2.0, math.inf) == (1.0, 0.0)


UNEQUAL: Final = (
    *((3.0, 4.0), (1.2, 1.1), (-1.3, 2.1), (1e8, 1.0), (-1.0, 1e8), (1e100, -1.0), (1.0, 1e100)),
    *((-1e300, 1e-10), (3e200, 4e200), (-3e-200, 4e-200), (1e-95, 1e-180), (2e-158, -1e-158)),
)
"""Two numbers, of which one may outweigh the other, or whose squares are no floats."""


@pytest.mark.parametrize("orders", [x for x in product(range(5), repeat=2) if 0 < sum(x) < 5])
@pytest.mark.parametrize("name", ["hypot", "atan2"])
def test_a_small_number_counts_beside_a_large_one(name: str, orders: tuple[int, int]) -> None:
    """At every order, to the last digits; what is too large for a float is infinite, or nan."""
    for operands in UNEQUAL:
        step = mpf(min(map(abs, operands))) * mpf(10) ** -40
        with mpmath.workdps(3000):
            exact = mpmath.diff(meaning(name), [*map(mpf, operands)], orders, h=step)
        got = shared_out(TABLE[name], operands, orders, (backward, forward))
        if abs(exact) > mpf(2) ** 1024:
            assert not math.isfinite(got), operands
        else:
            assert abs(mpf(got) - exact) <= 1e-13 * abs(exact) + mpf(10) ** -320, (operands, got)


@pytest.mark.parametrize("y", [1e-100, -1e-100, 1e-5, 0.03, -0.03, 0.06, 0.0625, 0.3])
def test_a_small_power_has_a_slope_beside_zero(y: float) -> None:
    """As long as it is a float: x ** (y - 1) and x ** (y - 2) may be too large before."""
    for x in (1e-310, 1e-300, 1e-250, 1e-200, 1e-150, 1e-100, 1e-3, 0.7, 1e100):
        found = derivatives(TABLE["pow"], (x, y), 0, backward)
        for order, got in enumerate(found, 1):
            with mpmath.workdps(100):
                exact = mpmath.ff(mpf(y), order) * mpf(x) ** (mpf(y) - order)
            if abs(exact) > mpf(2) ** 1023:
                assert not math.isfinite(got), (x, order)
            else:
                assert abs(mpf(got) - exact) <= 2e-13 * abs(exact) + mpf(10) ** -320, (x, order)


@pytest.mark.parametrize("distance", [0.0, 2e-16, 1e-12, 1e-5, 0.01, 0.2, 0.2499, 0.2501])
def test_the_slope_of_lgamma_is_right_beside_its_zero(distance: float) -> None:
    """Relative to itself, and so is that of gamma, which has its least value there."""
    for x in (1.4616321449683622 + distance, 1.4616321449683622 - distance):
        with mpmath.workdps(50):
            slope = mpmath.psi(0, mpf(x))
            exact = {"lgamma": slope, "gamma": slope * mpmath.gamma(mpf(x))}
        for name, expected in exact.items():
            assert abs(mpf(grad(TABLE[name])(x)) - expected) <= 8e-15 * abs(expected)


def test_far_out_a_falling_power_is_flat_in_its_exponent() -> None:
    for y in (-0.5, -1.0, -2.0):
        for operator in (backward, forward):
            assert derivatives(TABLE["pow"], (math.inf, y), 1, operator) == [0.0] * 4
    assert grad(TABLE["pow"])(math.inf, 2.0) == (math.inf, math.inf)
    assert grad(TABLE["pow"])(math.inf, 0.0) == (0.0, math.inf)


@pytest.mark.parametrize("x", [-0.5, -3.7, -19.9, -20.3, -25.4, -100.25])
def test_below_zero_the_slopes_of_gamma_are_those_of_its_reflection(x: float) -> None:
    for name, exact in (
        ("lgamma", mpmath.psi(0, mpf(x))),
        ("polygamma", mpmath.psi(1, mpf(x))),
        ("gamma", mpmath.gamma(mpf(x)) * mpmath.psi(0, mpf(x))),
    ):
        operands = (0.0, x) if name == "polygamma" else (x,)
        got = grad(lambda y, name=name, o=operands: call(TABLE[name], (*o[:-1], y)))(x)
        assert abs(mpf(got) - exact) <= 1e-12 * abs(exact) + mpf(10) ** -300, (name, x)


@pytest.mark.parametrize("x", [-20.25, -25.4, -123456.789, -1e6 - 0.3, -1e6 - 0.5, -1e12 - 0.25])
def test_far_below_zero_no_order_raises(x: float) -> None:
    """By Abramowitz and Stegun 6.4.7, the derivatives of the cotangent written out."""
    with mpmath.workdps(60):
        angle, pi = mpmath.pi * mpf(x), mpmath.pi
        exact = [
            mpmath.psi(0, 1 - mpf(x)) - pi * mpmath.cot(angle),
            (pi / mpmath.sin(angle)) ** 2 - mpmath.psi(1, 1 - mpf(x)),
            mpmath.psi(2, 1 - mpf(x)) - 2 * pi**3 * mpmath.cot(angle) / mpmath.sin(angle) ** 2,
        ]
    for operator in (backward, forward):
        found = derivatives(TABLE["lgamma"], (x,), 0, operator)
        for got, expected in zip(found, exact, strict=False):
            assert abs(mpf(got) - expected) <= 1e-13 * abs(expected)
        assert len(found) == 4


@pytest.mark.parametrize("order", [0, 1, 2, 3, 5, 8, 12, 20, 30, 60])
def test_polygamma_is_right_to_the_last_digits_at_high_orders_too(order: int) -> None:
    for x in (0.5, 1.0, 3.0, 19.5, 20.0, 25.3, 40.0, 50.0, 80.0, 1e4):
        exact = mpmath.psi(order, mpf(x))
        assert abs(mpf(polygamma(float(order), x)) - exact) <= 2e-15 * abs(exact), x


def test_a_high_order_of_polygamma_does_not_vanish_before_it_must() -> None:
    """Where x ** -n is too small for a float, (n - 1)! times it is not."""
    for order, x in (
        (60, 4e5),
        (90, 3e4),
        (105, 1000.0),
        (140, 160.0),
        (140, 258.0),
        (149, 1e3),
        (150, 1400.0),
    ):
        exact = mpmath.psi(order, mpf(x))
        assert abs(mpf(polygamma(float(order), x)) - exact) <= 2e-14 * abs(exact), (order, x)
    assert polygamma(150.0, 1e6) == 0.0


@pytest.mark.parametrize("x", [0.7, 5.3, -17.1, 25.1, -26.4])
def test_the_slope_of_erf_far_out_is_right_to_the_last_digits(x: float) -> None:
    """The rounding of x * x counts x * x times in exp(-x * x)."""
    with mpmath.workdps(50):
        exact = 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(mpf(x) ** 2))
    for name, sign in (("erf", 1), ("erfc", -1)):
        assert abs(mpf(grad(TABLE[name])(x)) - sign * exact) <= 1e-15 * exact


def test_the_curvature_of_softplus_far_out() -> None:
    assert grad(grad(softplus))(40.0) == pytest.approx(4.24835425529159e-18, rel=1e-14)


BOTH: Final = [orders for orders in product(range(5), repeat=2) if sum(orders) == 4 and all(orders)]


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in PUBLIC.values()
        if width(row) == 2 and (row.name, 0) not in HELD and (row.name, 1) not in HELD
    ],
    ids=lambda row: row.name,
)
@pytest.mark.parametrize("orders", BOTH, ids=str)
def test_four_differentiations_shared_out_over_two_operands(
    row: Primitive, orders: tuple[int, int]
) -> None:
    """In every interleaving of the two modes: two turns of it."""
    for operands in ((1.3, 0.6), (0.4, 2.3)):
        expected = derivative(meaning(row.name), operands, orders)
        for modes in ((backward, forward), (forward, backward)):
            got = shared_out(row, operands, orders, modes)
            assert abs(mpf(got) - expected) <= 1e-12 * abs(expected) + 1e-12, (operands, modes)


def shared_out(
    row: Primitive, operands: Operands, orders: tuple[int, int], modes: Sequence[Any]
) -> float:
    """The mixed derivative: in turns by one mode and the other, the second operand innermost."""
    x, y = operands

    def in_y(x: Any) -> Any:
        f: Callable[[Any], Any] = lambda y: call(row, (x, y))  # noqa: E731 - wrapped
        for turn in range(orders[1]):
            f = modes[turn % 2](f)
        return f(y)

    g: Callable[[Any], Any] = in_y
    for turn in range(orders[0]):
        g = modes[(turn + orders[1]) % 2](g)
    return value(g(x))


def test_a_tie_of_zeros_keeps_the_first() -> None:
    assert math.copysign(1.0, TABLE["maximum"].value(0.0, -0.0)) == 1.0
    assert math.copysign(1.0, TABLE["minimum"].value(0.0, -0.0)) == 1.0
