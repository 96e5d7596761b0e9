"""Sweeps that select instead of branching, so that one trace holds for every way through them.

Where a rule says, by a condition, that nothing flows, an eager sweep adds nothing, and does not go
on from there. Here it goes on everywhere, and with each number goes the condition on which it
flows; where it does not, the number does not matter. In a sum it is -0.0 there, which added to any
other leaves it to the last bit, and in an answer 0.0. Below, v6 is what flows through `relu`, on
the condition v5 (not v0 <= 0), and v7 is that in a sum:

>>> from fgrad import grad, jit, relu
>>> print(jit(grad(lambda x: relu(x) * x)).program(2.0))
inputs v0
v1 = relu(v0)
v2 = at_most(v0, 0.0)
v3 = greater(v0, 0.0)
v4 = where(v3, 1.0, nan)
v5 = where(v2, 0.0, 1.0)
v6 = mul(v0, v4)
v7 = where(v5, v6, -0.0)
v8 = add(v1, v7)
return v8

A second derivative is a sweep through what such a sweep has made. However the conditions go, an
eager one finds a graph without selections: in the place of each there is one of its sides, in the
place of a sum with nothing the other term. So a selection hands on what flows to it, unchanged. But
where the side is read elsewhere, too, the order of additions there would be another one: such a
selection is a `knot`, and a trace that sweeps down to it is made again with branches.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, TypeAlias

from attrs import frozen

from fgrad import calculus
from fgrad.arithmetic import Arithmetic
from fgrad.calculus import where
from fgrad.codegen import expressions
from fgrad.graph import Node, Scalar
from fgrad.number import to_float
from fgrad.primitive import ZERO, Binary, Primitive, Selection, binary

__all__ = ["NEVER_RAISE", "RELATIONS", "SELECTIONS", "Selecting", "chooses", "nothing"]


def nothing(*_: object) -> float:
    """The partial of a row to whose operands nothing flows."""
    return ZERO


def _relation(name: str, sign: str, holds: Callable[[float, float], bool]) -> Binary:
    """A comparison as a row: 1.0 where it holds, 0.0 where it fails. Nothing flows to its sides."""
    return binary(
        name,
        lambda x, y: float(holds(x, y)),
        nothing,
        nothing,
        spelling=f"({{}} {sign} {{}})",
    )


less: Final = _relation("less", "<", operator.lt)
at_most: Final = _relation("at_most", "<=", operator.le)
greater: Final = _relation("greater", ">", operator.gt)
at_least: Final = _relation("at_least", ">=", operator.ge)
equal: Final = _relation("equal", "==", operator.eq)
unequal: Final = _relation("unequal", "!=", operator.ne)
RELATIONS: Final = (less, at_most, greater, at_least, equal, unequal)


def _selection(name: str, *partials: Callable[..., Flow | float]) -> Selection:
    """A row with the value of `where`."""
    return Selection(
        name=name,
        value=where.value,
        partials=(nothing, *partials),
        spelling=where.spelling,
        domain=where.domain,
    )


_FLOWS_ON: Final = (
    lambda c, *_: Flow(1.0, c.number, constant=True),
    lambda c, *_: Flow(1.0, _whether(c.number, 0.0, 1.0), constant=True),
)
pick: Final = _selection("pick", nothing, nothing)
"""A constant, as a condition has it."""
select: Final = _selection("select", *_FLOWS_ON)
"""In an eager graph there is one of the two in its place, so what flows, flows on unchanged."""
knot: Final = _selection("knot", *_FLOWS_ON)
"""The same, where an eager graph has a side in other places, too."""
SELECTIONS: Final = frozenset({pick, select, knot})
NEVER_RAISE: Final = calculus.NEVER_RAISE.union(RELATIONS, SELECTIONS)
"""As the table has it, with the rows that only compiled sweeps have."""


@lru_cache(maxsize=1_000)
def chooses(row: Primitive) -> bool:
    """Whether a rule of this row has a condition."""
    return row in SELECTIONS or any(" if " in rule.text for rule in expressions(row))


@frozen(eq=False)
class Flow(Arithmetic):
    """A number, and the condition on which it flows: 1.0 for always, 0.0 for never, or a node.

    constant: whether a rule has the number from nowhere; so times 1 is not computed.
    """

    number: Scalar
    condition: Scalar = 1.0
    constant: bool = False

    @classmethod
    def of(cls, x: object) -> Flow:
        """What a rule has in its hands."""
        if isinstance(x, Flow):
            return x
        return cls(to_float(x, "a rule"), 0.0 if x is ZERO else 1.0, constant=True)

    @property
    def plain(self) -> Scalar:
        """The number, and 0.0 where nothing flows, as it is in arithmetic."""
        return _choose(knot, self.condition, self.number, 0.0)

    def bind(self, primitive: Primitive, operands: Sequence[object]) -> Flow:
        """The answer of `primitive`, or of its limit, as rules have it."""
        flows = [Flow.of(operand) for operand in operands]
        if primitive is where:
            return _chosen(*flows)
        return Flow((primitive.limit or primitive).apply([flow.plain for flow in flows]))

    def __lt__(self, other: object) -> Flow:
        return self.bind(less, (self, other))

    def __le__(self, other: object) -> Flow:
        return self.bind(at_most, (self, other))

    def __gt__(self, other: object) -> Flow:
        return self.bind(greater, (self, other))

    def __ge__(self, other: object) -> Flow:
        return self.bind(at_least, (self, other))

    def __eq__(self, other: object) -> Flow:  # type: ignore[override]  # a condition, no bool
        return self.bind(equal, (self, other))

    def __ne__(self, other: object) -> Flow:  # type: ignore[override]  # a condition, no bool
        return self.bind(unequal, (self, other))

    def __and__(self, other: object) -> Flow:
        return Flow(_whether(self.number, Flow.of(other).number, 0.0))

    __hash__ = None  # type: ignore[assignment]  # equality is a condition, so there is no hash


def _chosen(condition: Flow, x: Flow, y: Flow) -> Flow:
    """`where` in a rule."""
    flows = _whether(condition.plain, x.condition, y.condition)
    if _never(x.condition):
        return Flow(y.number, flows)
    if _never(y.condition):
        return Flow(x.number, flows)
    row = pick if _is_constant(x.number) and _is_constant(y.number) else knot
    return Flow(_choose(row, condition.plain, x.number, y.number), flows)


def _is_constant(number: Scalar) -> bool:
    return not isinstance(number, Node) or number.primitive is pick


def _choose(row: Selection, condition: Scalar, x: Scalar, y: Scalar) -> Scalar:
    """x where the condition holds, else y; with no line where that is known beforehand."""
    if isinstance(condition, Node):
        return row.apply((condition, x, y))
    return x if condition else y


def _whether(condition: Scalar, x: Scalar, y: Scalar) -> Scalar:
    """As `_choose`, of conditions."""
    if not isinstance(x, Node) and not isinstance(y, Node):
        if bool(x) is bool(y):
            return x
        if x:
            return condition
    return _choose(pick, condition, x, y)


def _never(condition: Scalar) -> bool:
    return not isinstance(condition, Node) and not condition


def _index(number: Scalar | None) -> int:
    return number.index if isinstance(number, Node) else -1


Numbers: TypeAlias = "list[Scalar | None] | dict[int, Scalar | None] | dict[int, Scalar]"


class Knotted(Exception):  # noqa: N818 - a signal, no error
    """A sweep came down to a knot."""


class Selecting:
    """The sweeps of one trace, in the place of those that branch.

    failed: whether one of them could not be done without branches.
    """

    def __init__(self) -> None:
        self.failed = False

    def down(  # noqa: PLR0913, PLR0917 - all that the loops of sweeps are given
        self,
        steps: Iterable[tuple[Scalar | None, Node | None]],
        cotangents: Numbers,
        nodes: list[Node | None] | dict[int, Node | None],
        top: int,
        first: int,
        end: int,
    ) -> None:
        """The loop of a reverse sweep."""
        sweep = _Sweep(cotangents)
        with self._noting_failure():
            for _, node in steps:
                flow = None if node is None else sweep[top - node.index]
                if flow is None or node is None:
                    continue
                if node.index < end:
                    break
                if node.primitive is knot:
                    raise Knotted
                for operand, rule, operands in _columns(node, first):
                    sweep.add(top - operand.index, sweep.term(flow, rule(*operands)))
                    nodes[top - operand.index] = operand
            sweep.settle()

    def up(self, nodes: Iterable[Node], tangents: dict[int, Scalar], first: int) -> None:
        """The loop of a forward sweep."""
        sweep = _Sweep(tangents)
        with self._noting_failure():
            for node in nodes:
                for operand, rule, operands in _columns(node, first):
                    flow = sweep[operand.index]
                    if flow is not None:
                        sweep.add(node.index, sweep.term(flow, rule(*operands)))
            sweep.settle()

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self.failed = True
            raise


class _Sweep:
    """What one sweep has found so far, by its place."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._conditions: dict[int, Scalar] = {}
        self._made: set[int] = set()
        """The nodes that this sweep has made."""
        self._own: set[int] = set()
        """Of these, those that only one place has."""
        self._sums: dict[int, Scalar] = {}
        """Of these, sums, which are -0.0 where this condition fails."""

    def __getitem__(self, place: int) -> Flow | None:
        numbers = self._numbers
        number = numbers.get(place) if isinstance(numbers, dict) else numbers[place]
        return None if number is None else Flow(number, self._conditions.get(place, 1.0))

    def term(self, flow: Flow, partial: object) -> Flow | None:
        """flow * partial, written as `codegen` does; None where nothing ever flows."""
        factor = Flow.of(partial)
        condition = _whether(flow.condition, factor.condition, 0.0)
        if _never(condition):
            return None
        if factor.constant and factor.number == 1.0:
            self._own.discard(_index(flow.number))
            return Flow(flow.number, condition)
        opposite = factor.constant and factor.number == -1.0
        return self._new(-flow.number if opposite else flow.number * factor.number, condition)

    def _new(self, number: Scalar, condition: Scalar) -> Flow:
        if isinstance(number, Node):
            self._made.add(number.index)
            self._own.add(number.index)
        return Flow(number, condition)

    def add(self, place: int, term: Flow | None) -> None:
        """Add a term to what there is at a place."""
        if term is None:
            return
        before = self[place]
        if before is not None:
            total = self._summand(before, term) + self._summand(term, before)
            term = self._new(total, _whether(before.condition, 1.0, term.condition))
            self._sums[_index(total)] = term.condition
        self._numbers[place], self._conditions[place] = term.number, term.condition

    def _summand(self, flow: Flow, other: Flow) -> Scalar:
        """The number, or -0.0: there the sum is the other one, which others must not share."""
        number = flow.number
        if isinstance(other.number, Node) and other.number.index not in self._own:
            return _choose(knot, flow.condition, number, -0.0)
        if isinstance(number, Node) and self._sums.get(number.index) is flow.condition:
            return number
        return _choose(select, flow.condition, number, -0.0)

    def settle(self) -> None:
        """Put 0.0 where nothing flows; what is one number in an eager graph stays one."""
        conditions: dict[int, set[int]] = {}
        for place, condition in self._conditions.items():
            conditions.setdefault(_index(self._numbers[place]), set()).add(_index(condition))
        settled: dict[int, Scalar] = {}
        for place, condition in self._conditions.items():
            number = self._numbers[place]
            if number is None or not isinstance(condition, Node):
                continue
            if not isinstance(number, Node):
                self._numbers[place] = _choose(select, condition, number, 0.0)
            elif number.index not in self._made or len(conditions[number.index]) > 1:
                self._numbers[place] = _choose(knot, condition, number, 0.0)
            else:
                answer = _choose(select, condition, number, 0.0)
                self._numbers[place] = settled.setdefault(number.index, answer)


def _columns(
    node: Node, first: int
) -> Iterator[tuple[Node, Callable[..., object], Sequence[Flow]]]:
    """Each operand that is a node of the sweep, with its rule and what that is applied to."""
    row, operands = node.primitive, node.operands
    size = len(operands) // row.blocks if row.blocks else min(1, len(operands))
    answer = Flow(node)
    for place in range(size):
        group = operands[place::size] if row.blocks else operands
        flows = [*map(Flow, group), answer]
        for operand, rule in zip(group, row.partials, strict=True):
            if isinstance(operand, Node) and operand.index >= first:
                yield operand, rule, flows
