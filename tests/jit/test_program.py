"""A program is data: it prints, compares, pickles; and what is rewritten in it keeps every bit."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import pytest

from fgrad import Scalar, calculus, exp, jit, row, sin, tanh, value_and_grad
from fgrad.calculus import NEVER_RAISE, TABLE
from fgrad.compiler.lowering import COMMUTATIVE, IDENTITIES, Expressions
from fgrad.compiler.program import Constant, Fork, Program, Return
from fgrad.compiler.python import Emitted
from fgrad.container import LEAF
from tests.jit.runners import bits

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

TINY_TO_HUGE: Final = (0.0, 5e-324, 1e-310, 1e-8, 0.5, 1.0, 1.5, 2.0, 40.0, 745.5, 1e16, 1e308)
SPECIAL: Final = [math.nan, *(s * x for x in (*TINY_TO_HUGE, math.inf) for s in (1.0, -1.0))]

cube = row("cube", lambda x: x * x * x, lambda x, y: 3 * x * x)


def branching(x: Any, y: Any) -> Any:
    return {"a": cube(x) * y, "b": (sin(x),)} if x > y else {"a": y, "b": (-x,)}


def program_of(f: Callable[..., Any], *points: Sequence[float]) -> Program:
    """The program of the runs at all these points."""
    quick = jit(f, native=False)
    for point in points:
        quick(*point)
    compiled = next(iter(quick._compiled.values()))  # noqa: SLF001 - as no user sees it
    assert compiled.program is not None
    return compiled.program


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own


BOTH: Final = ((1.0, 2.0), (2.0, 1.0))


def test_a_program_is_readable() -> None:
    assert str(program_of(branching, *BOTH)).splitlines() == [
        "inputs v0, v1",
        "if v0 > v1:",
        "    v2 = cube(v0)",
        "    v3 = mul(v2, v1)",
        "    v4 = sin(v0)",
        "    return v3, v4",
        "else:",
        "    v5 = neg(v0)",
        "    return v1, v5",
    ]


def test_programs_of_one_structure_are_equal() -> None:
    first, second = program_of(branching, *BOTH), program_of(branching, *BOTH)
    assert first is not second
    assert first == second
    assert hash(first) == hash(second)
    assert first != program_of(branching, *BOTH[:1])
    assert program_of(lambda x: x + 0.0, [1.0]) != program_of(lambda x: x + 1e-320, [1.0])
    assert program_of(lambda x: 0.0 / x, [1.0]) != program_of(lambda x: -0.0 / x, [1.0])
    assert program_of(lambda x: x, [1.0]) != program_of(lambda x: [x], [1.0])


@pytest.mark.parametrize("copied", [pickled, deepcopy])
def test_a_program_survives_a_pickle(copied: Callable[[Program], Program]) -> None:
    program = program_of(branching, *BOTH)
    again = copied(program)
    assert again == program
    assert hash(again) == hash(program)
    assert str(again) == str(program)
    f, g = Emitted(program).function(), Emitted(again).function()
    assert bits(f(1.5, 2.5)) == bits(g(1.5, 2.5)) == bits(branching(1.5, 2.5))


def test_the_leaf_of_a_structure_is_one() -> None:
    assert pickled(LEAF) is LEAF
    assert deepcopy(LEAF) is LEAF
    end = pickled(program_of(lambda x: x + 1, [1.0])).body.end
    assert isinstance(end, Return)
    assert end.structure is LEAF


def test_a_fork_shares_what_comes_before_it() -> None:
    def f(x: Any) -> Any:
        y = tanh(x) + 1
        return y * 2 if y > 1 else y * 3

    program = program_of(f, [1.0], [-1.0])
    assert isinstance(program.body.end, Fork)
    assert [str(line.row.name) for line in program.lines] == ["tanh", "add", "mul", "mul"]


# Rewrites.


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda i: f"{i[0].name} {i[1]} {i[2]}")
def test_an_identity_keeps_every_bit(identity: tuple[Primitive, int, Constant]) -> None:
    rewritten, place, constant = identity
    for x in SPECIAL:
        operands = [x, x]
        operands[place] = constant.value
        assert bits(rewritten.value(*operands)) == bits(x), operands


def test_what_is_no_identity_is_left_alone() -> None:
    for f in (
        lambda x: x + 0.0,
        lambda x: x * 0.0,
        lambda x: x**3,
        lambda x: x**-1,
        lambda x: 0.0 - x,
        lambda x: x * -1.0,
        lambda x: 1.0**x,
        lambda x: x - x,
        lambda x: x - -0.0,
        lambda x: x / x,
    ):
        assert len(program_of(f, [1.5]).lines) == 1


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1 * x,
        lambda x: x * 1.0,
        lambda x: x / 1,
        lambda x: x**1,
        lambda x: x - 0.0,
        lambda x: x + -0.0,
        lambda x: -0.0 + x,
        lambda x: --x,
        lambda x: -(-(-(-x))),
        lambda x: +x,
        lambda x: x * (3.0 - 2.0),
        lambda x: calculus.constant(x),
        lambda x: calculus.where(True, x, x * x),  # noqa: FBT003 - as users write it
    ],
)
def test_nothing_is_left_of_an_identity(f: Callable[[Any], Any]) -> None:
    assert program_of(f, [1.5]).lines == ()


@pytest.mark.parametrize("commutative", COMMUTATIVE, ids=lambda r: r.name)
def test_a_commutative_row_keeps_every_bit(commutative: Primitive) -> None:
    for x, y in itertools.product(SPECIAL, repeat=2):
        assert bits(commutative.value(x, y)) == bits(commutative.value(y, x))


@pytest.mark.parametrize("base", [-0.0, 0.0, -2.0, 2.0])
def test_a_power_of_a_constant_keeps_the_sign_of_that(base: float) -> None:
    """The text `-0.0 ** y` is a power of 0.0, and negated."""
    quick = jit(lambda x: base**x, native=False)
    for x in (2.0, 2.0, 3.0, 0.0):
        assert bits(quick(x)) == bits(base**x)


def test_the_same_computation_is_made_once() -> None:
    program = program_of(lambda x, y: (x * y + y * x) + (x * y + x * y), BOTH[0])
    assert [line.row.name for line in program.lines] == ["mul", "add", "add"]


def test_zeros_and_nans_are_told_apart_as_constants() -> None:
    expressions = Expressions(1)
    assert expressions.constant(0.0) is expressions.constant(0.0)
    assert expressions.constant(0.0) != expressions.constant(-0.0)
    assert expressions.constant(math.nan) is expressions.constant(float("nan"))
    quick = jit(lambda x: [x + 0.0, x + -0.0, x * math.nan, x * math.inf, 0.0, -0.0], native=False)
    for _ in range(2):
        assert bits(quick(-0.0)) == bits([0.0, -0.0, math.nan, math.nan, 0.0, -0.0])


def widths(row: Primitive) -> Sequence[int]:
    return [row.blocks, 2 * row.blocks] if row.blocks else [len(row.partials)]


@pytest.mark.parametrize("safe", sorted(NEVER_RAISE, key=lambda r: r.name), ids=lambda r: r.name)
def test_a_row_that_never_raises_never_does(safe: Primitive) -> None:
    for width in widths(safe):
        some = SPECIAL if width < 3 else [*SPECIAL[::4], math.nan]
        for operands in itertools.product(some, repeat=width):
            assert isinstance(safe.value(*operands), float), operands


def test_a_row_that_may_raise_does_somewhere_or_is_not_trusted() -> None:
    """So that no row is left out of NEVER_RAISE by mistake: that would cost a check in each run."""
    unmoved = {"quotient", "power", "logarithm"}
    for name, risky in TABLE.items():
        if risky in NEVER_RAISE or name in unmoved:
            continue
        assert any(_raises(risky, operands) for operands in _points(risky)) or name in CAREFUL, name


CAREFUL: Final = {"hypot", "hypotenuse"}
"""Rows that raise nowhere that is known, whose code does not promise it."""


def _points(risky: Primitive) -> Any:
    width = widths(risky)[-1]
    return itertools.product(SPECIAL if width < 3 else SPECIAL[::5], repeat=width)


def _raises(risky: Primitive, operands: Sequence[float]) -> bool:
    try:
        risky.value(*operands)
    except (ArithmeticError, ValueError):
        return True
    return False


# Names and sizes.


@pytest.mark.parametrize("name", ["function", "v1", "part_0", "static", "close", "MISSING"])
def test_a_row_may_be_called_as_the_source_calls_things(name: str) -> None:
    odd = row(name, lambda x: x * 3, lambda x, y: 3)
    f = lambda x: {"a": odd(x) * x, "b": "text"}
    quick = jit(f, native=False)
    assert quick(2.0) == quick(2.0) == f(2.0)


def test_two_rows_may_be_called_as_a_part_of_the_source_is() -> None:
    one, other = (row("part", lambda x, n=n: x * n, lambda x, y, n=n: n) for n in (3, 5))
    quick = jit(lambda x: one(x) - other(x), native=False)
    assert quick(2.0) == quick(2.0) == -4.0


def of_rows(count: int) -> Callable[[Any], Any]:
    rows = [row("odd", lambda x: x * 3, lambda x, y: 3) for _ in range(count)]
    return lambda x: [each(x) for each in rows]


@pytest.mark.parametrize(
    "f",
    [
        lambda n: lambda x: [(x, f"text {i}") for i in range(n)],
        lambda n: lambda x: [{"x": x} for _ in range(n)],
        of_rows,
    ],
)
def test_the_source_grows_with_the_things_in_it_that_have_one_name(
    f: Callable[[int], Callable[[Any], Any]],
) -> None:
    few, many = (len(jit(f(n)).source(1.0)) for n in (200, 400))
    assert many < 2.2 * few


def chain(count: int) -> Callable[[Any], Any]:
    def f(x: Scalar) -> Scalar:
        y = x
        for i in range(count):
            y = exp(-y * x) if i % 2 else y * 0.5 + x
        return y

    return f


def test_a_long_program_is_cut_into_parts() -> None:
    f = value_and_grad(chain(4_000))
    quick = jit(f, native=False)
    assert quick.source(0.3).count("def function") > 10
    for x in (0.3, 0.3, -0.2):
        assert bits(quick(x)) == bits(f(x))


def test_a_long_program_may_branch_and_raise() -> None:
    def f(x: Any) -> Any:
        y = chain(3_000)(x)
        return chain(2_000)(1 / y) if x > 0.25 else -y

    quick = jit(f, native=False)
    for x in (0.3, 0.1, 0.35, 0.15):
        assert bits(quick(x)) == bits(f(x))


def test_lowering_needs_no_recursion() -> None:
    quick = jit(chain(20_000), native=False)
    assert len(quick.program(0.1).lines) > 40_000


def test_what_both_sides_of_a_fork_need_is_written_once() -> None:
    def f(x: Any) -> Any:
        total = x
        for _ in range(50):
            total = total * 0.99 + 0.1
        for i in range(10):
            if x < i:
                return total * (i + 2)
        return total

    quick = jit(f, native=False)
    for i in range(10):
        assert quick(i + 0.5) == f(i + 0.5)
    (compiled,) = vars(quick)["_compiled"].values()
    source = Emitted(compiled.program).source
    assert source.count("* 0.99") == 50
