"""From runs to a program: each distinct computation once, and only rewrites that keep every bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fgrad import calculus
from fgrad.compiler import selection
from fgrad.compiler.program import Atom, Constant, Line, used
from fgrad.compiler.selection import SELECTIONS, nothing
from fgrad.compiler.trace import Compared, Run, Untraceable
from fgrad.graph import ALIAS, LEAF, Node, ancestors
from fgrad.primitive import binary

if TYPE_CHECKING:
    from fgrad.container import Structure
    from fgrad.primitive import Primitive

__all__ = ["COMMUTATIVE", "IDENTITIES", "NEVER_RAISE", "Expressions", "Path", "Turn", "tanh_slope"]

_ONE: Final = Constant(1.0)
_ZERO: Final = Constant(0.0)
_MINUS_ZERO: Final = Constant(-0.0)
IDENTITIES: Final = frozenset(
    {
        (calculus.mul, 0, _ONE),
        (calculus.mul, 1, _ONE),
        (calculus.div, 1, _ONE),
        (calculus.quotient, 1, _ONE),
        (calculus.pow, 1, _ONE),
        (calculus.power, 1, _ONE),
        (calculus.add, 0, _MINUS_ZERO),
        (calculus.add, 1, _MINUS_ZERO),
        (calculus.sub, 1, _ZERO),
    }
)
"""A row of two operands, with this constant at this place, gives the other one to the last bit."""
COMMUTATIVE: Final = frozenset({calculus.add, calculus.mul})
"""Rows whose operands may change places to the last bit, unlike those of maximum(-0.0, 0.0)."""
_TRANSPARENT: Final = frozenset({ALIAS, calculus.constant})


tanh_slope: Final = binary(
    "tanh_slope",
    lambda x, _: calculus.sech_squared.value(x),
    nothing,
    nothing,
    spelling="(1.0 - {1} * {1})",
    within="-1.0 <= {0} <= 1.0",
)
"""sech_squared(x), of x and tanh(x): its gradient comes after tanh, which is known then."""
NEVER_RAISE: Final = selection.NEVER_RAISE.union([tanh_slope])


class Turn(NamedTuple):
    """A comparison of expressions in a run, and those computed before it that may have raised."""

    relation: str
    left: Atom
    right: Atom
    outcome: bool
    before: tuple[int, ...]


class Path(NamedTuple):
    """One run: its turns, and what it returned; `before` were computed after the last turn."""

    turns: tuple[Turn, ...]
    outputs: tuple[Atom, ...]
    structure: Structure
    before: tuple[int, ...]


class Expressions:
    """The distinct computations of all runs of a function, numbered after its inputs."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.lines: list[Line] = []
        self._places: dict[Line, int] = {}
        self._constants: dict[float | str, Constant] = {}

    def line(self, value: int) -> Line:
        """What computes a value that is no input."""
        return self.lines[value - self.inputs]

    def add(self, row: Primitive, operands: tuple[Atom, ...]) -> Atom:
        """The value or constant that `row` gives of `operands`."""
        if row in SELECTIONS:
            row = calculus.where
        if row is calculus.where:
            operands = self._decided(*operands)
        if row is calculus.sech_squared:
            place = self._places.get(Line(calculus.tanh, operands))
            row, operands = (row, operands) if place is None else (tanh_slope, (*operands, place))
        simpler = self._simplified(row, operands)
        if simpler is not None:
            return simpler
        line = Line(row, operands)
        place = self._places.get(line)
        if place is None and row in COMMUTATIVE:
            place = self._places.get(Line(row, operands[::-1]))
        if place is None:
            place = self._places[line] = self.inputs + len(self.lines)
            self.lines.append(line)
        return place

    def constant(self, x: float) -> Constant:
        """The constant of this number: one object for the same bits, which is soon compared."""
        key = x if x == x and x else x.hex()  # noqa: PLR0124 - nan
        return self._constants.get(key) or self._constants.setdefault(key, Constant(x))

    def _simplified(self, row: Primitive, operands: tuple[Atom, ...]) -> Atom | None:
        if row in _TRANSPARENT:
            return operands[0]
        constants = [x.value for x in operands if isinstance(x, Constant)]
        if len(constants) == len(operands):
            return _folded(row, constants)
        if not constants:
            return self._twice_negated(row, operands[0])
        if row is calculus.where and isinstance(operands[0], Constant):
            return operands[1 if operands[0].value else 2]
        for place, operand in enumerate(operands[:2]):
            if (row, place, operand) in IDENTITIES:
                return operands[1 - place]
        return None

    def _decided(self, condition: Atom, x: Atom, y: Atom) -> tuple[Atom, ...]:
        """The operands of a choice, without a choice by the same condition in one of them."""
        arms = [x, y]
        for place, arm in enumerate(arms):
            if isinstance(arm, int) and arm >= self.inputs:
                row, operands = self.line(arm)
                if row is calculus.where and operands[0] == condition:
                    arms[place] = operands[1 + place]
        return condition, *arms

    def _twice_negated(self, row: Primitive, operand: Atom) -> Atom | None:
        if row is calculus.neg and isinstance(operand, int) and operand >= self.inputs:
            line = self.line(operand)
            return line.operands[0] if line.row is calculus.neg else None
        return None

    def lower(self, run: Run) -> Path:
        """The path that a run took; Untraceable where it reached outside itself for a node."""
        values = self._values(run)
        turns: list[Turn] = []
        before: list[int] = []
        for event in run.events:
            if isinstance(event, Compared):
                left, right = (self._operand(x, values) for x in (event.left, event.right))
                if isinstance(left, int) or isinstance(right, int):
                    turns.append(Turn(event.relation, left, right, event.outcome, tuple(before)))
                    before = []
            else:
                before += used([values[event.index]])
        outputs = tuple([self._operand(root, values) for root in run.roots])
        return Path(tuple(turns), outputs, run.structure, tuple(before))

    def _values(self, run: Run) -> dict[int, Atom]:
        """The value of every node that a run made and that matters, by the node's index."""
        values: dict[int, Atom] = {leaf.index: i for i, leaf in enumerate(run.leaves)}
        for node in ancestors(*_ends(run)):
            if node.index in values:
                continue
            if node.index < run.first:
                raise Untraceable("it reads a number of a differentiation around it")
            if node.primitive is LEAF:
                values[node.index] = self.constant(node.value)
            else:
                operands = tuple([self._operand(x, values) for x in node.operands])
                values[node.index] = self.add(node.primitive, operands)
        return values

    def needed(self, values: Iterable[int], known: set[int]) -> list[int]:
        """The lines, by value and in order, that `values` need and that are not `known`."""
        found: set[int] = set()
        lines, inputs = self.lines, self.inputs
        pending = [value for value in values if value >= inputs]
        while pending:
            value = pending.pop()
            if value not in found and value not in known:
                found.add(value)
                for x in lines[value - inputs].operands:
                    if isinstance(x, int) and x >= inputs:
                        pending.append(x)  # noqa: PERF401 - a list would cost as much as all else
        return sorted(found)

    def _operand(self, x: Node | float, values: dict[int, Atom]) -> Atom:
        return values[x.index] if isinstance(x, Node) else self.constant(x)


def _ends(run: Run) -> Iterator[Node]:
    """The nodes that matter in a run; all others are beneath them."""
    for event in run.events:
        sides = (event.left, event.right) if isinstance(event, Compared) else (event,)
        yield from [x for x in sides if isinstance(x, Node)]
    yield from [root for root in run.roots if isinstance(root, Node)]


def _folded(row: Primitive, constants: Sequence[float]) -> Atom | None:
    """The constant that a row gives of constants; None where it raises, as it then should."""
    try:
        return Constant(row.value(*constants))
    except (ArithmeticError, ValueError):
        return None
