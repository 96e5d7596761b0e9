"""From a graph to expressions: each distinct computation once, and only rewrites that keep bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fgrad import calculus
from fgrad.compiler.program import Constant, Guard, Line, Operand, Program, used
from fgrad.graph import ALIAS, LEAF, Node, ancestors

if TYPE_CHECKING:
    from fgrad.primitive import Primitive
    from fgrad.tree import Structure

__all__ = ["Comparison", "Expressions", "OuterNode", "Path", "Seen"]

# A row applied to x and this constant at this place is x, to the last bit.
_IDENTITIES: Final = {
    (calculus.mul, 0, 1.0),
    (calculus.mul, 1, 1.0),
    (calculus.div, 1, 1.0),
    (calculus.quotient, 1, 1.0),
}
_TRANSPARENT: Final = frozenset({ALIAS, calculus.constant})
_NEVER_RAISES: Final = frozenset(
    {
        calculus.add,
        calculus.sub,
        calculus.mul,
        calculus.neg,
        calculus.quotient,
        calculus.power,
        calculus.logarithm,
        calculus.total,
        calculus.dot,
        calculus.where,
        calculus.fabs,
        calculus.sign,
        calculus.relu,
        calculus.maximum,
        calculus.minimum,
        calculus.copysign,
        calculus.tanh,
        calculus.sigmoid,
        calculus.softplus,
    }
)


class OuterNode(Exception):  # noqa: N818 - a signal, no error
    """A run used a node that is older than its inputs: it belongs to an outer differentiation."""


class Comparison(NamedTuple):
    """A comparison as a run made it, and when: the index that a node made then would have."""

    relation: str
    left: Node
    right: Node | float
    outcome: bool
    when: int


class Seen(NamedTuple):
    """A comparison of expressions; `before` are those computed earlier that may have raised."""

    relation: str
    left: Operand
    right: Operand
    outcome: bool
    before: tuple[int, ...]


class Path(NamedTuple):
    """One run: its comparisons in order, and the expressions that it returned."""

    seen: tuple[Seen, ...]
    outputs: tuple[Operand, ...]
    structure: Structure
    before: tuple[int, ...]


class Expressions:
    """The distinct computations of all runs of a function, numbered after its inputs."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.lines: list[Line] = []
        self._places: dict[Line, int] = {}

    def line(self, value: int) -> Line | None:
        """What computes a value; None if it is an input."""
        return None if value < self.inputs else self.lines[value - self.inputs]

    def add(self, row: Primitive, operands: tuple[Operand, ...]) -> Operand:
        """The value or constant that `row` gives of `operands`."""
        simpler = self._simplified(row, operands)
        if simpler is not None:
            return simpler
        line = Line(row, operands)
        if line not in self._places:
            self._places[line] = self.inputs + len(self.lines)
            self.lines.append(line)
        return self._places[line]

    def _simplified(self, row: Primitive, operands: tuple[Operand, ...]) -> Operand | None:
        if row in _TRANSPARENT:
            return operands[0]
        constants = [x.value for x in operands if isinstance(x, Constant)]
        if len(constants) == len(operands):
            try:
                return Constant(row.value(*constants))
            except (ArithmeticError, ValueError):
                return None  # it raises when it runs, as it should
        for place, operand in enumerate(operands):
            if isinstance(operand, Constant) and (row, place, operand.value) in _IDENTITIES:
                return operands[1 - place]
        if row is calculus.neg and isinstance(operands[0], int):
            line = self.line(operands[0])
            if line is not None and line.row is calculus.neg:
                return line.operands[0]
        return None

    def lower(
        self,
        leaves: Sequence[Node],
        compared: Sequence[Comparison],
        roots: Sequence[Node | float],
        structure: Structure,
    ) -> Path:
        """The path of a run that began with `leaves` and returned `roots`."""
        ends = [x for c in compared for x in (c.left, c.right)] + list(roots)
        values: dict[int, Operand] = {leaf.index: i for i, leaf in enumerate(leaves)}
        risky: list[tuple[int, int]] = []
        for node in ancestors(*(x for x in ends if isinstance(x, Node))):
            if node.index in values:
                continue
            if node.index < leaves[0].index or node.primitive is LEAF:
                self._outer_or_constant(node, leaves, values)
                continue
            operands = tuple(_operand(x, values) for x in node.operands)
            value = values[node.index] = self.add(node.primitive, operands)
            if isinstance(value, int) and node.primitive not in _NEVER_RAISES:
                risky.append((node.index, value))
        seen = [
            Seen(
                c.relation,
                _operand(c.left, values),
                _operand(c.right, values),
                c.outcome,
                tuple(value for index, value in risky if index < c.when),
            )
            for c in compared
        ]
        outputs = tuple(_operand(root, values) for root in roots)
        variable = tuple(s for s in seen if isinstance(s.left, int) or isinstance(s.right, int))
        return Path(variable, outputs, structure, tuple(value for _, value in risky))

    @staticmethod
    def _outer_or_constant(node: Node, leaves: Sequence[Node], values: dict[int, Operand]) -> None:
        """A leaf made within the run is a constant of it; a node from before is none of ours."""
        if node.index < leaves[0].index:
            raise OuterNode
        values[node.index] = Constant(node.value)

    def program(self, path: Path) -> Program:
        """The lines of one path alone, numbered anew."""
        ends = [*path.outputs, *path.before, *(x for s in path.seen for x in (s.left, s.right))]
        needed = sorted(self.needed(used(ends)))
        places: dict[int, int] = {i: i for i in range(self.inputs)}
        places |= {value: self.inputs + i for i, value in enumerate(needed)}

        def placed(operand: Operand) -> Operand:
            return places[operand] if isinstance(operand, int) else operand

        lines = []
        for value in needed:
            line = self.lines[value - self.inputs]
            lines.append(Line(line.row, tuple(map(placed, line.operands))))
        guards = []
        for s in path.seen:
            ready = [places[x] - self.inputs + 1 for x in used([s.left, s.right, *s.before])]
            guards.append(
                Guard(s.relation, placed(s.left), placed(s.right), s.outcome, max([0, *ready]))
            )
        return Program(self.inputs, tuple(lines), tuple(guards), tuple(map(placed, path.outputs)))

    def needed(
        self, values: Iterable[int], known: frozenset[int] | set[int] = frozenset()
    ) -> set[int]:
        """The lines, by value, that `values` need and that are not `known`."""
        found: set[int] = set()
        pending = [value for value in values if value >= self.inputs]
        while pending:
            value = pending.pop()
            if value not in found and value not in known:
                found.add(value)
                line = self.lines[value - self.inputs]
                pending += [x for x in used(line.operands) if x >= self.inputs]
        return found


def _operand(x: Node | float, values: dict[int, Operand]) -> Operand:
    return values[x.index] if isinstance(x, Node) else Constant(x)
