"""The runs of a function, as a tree that parts where they did; and the program that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from attrs import define

from fgrad.compiler.lowering import NEVER_RAISE, Expressions, Path, Turn
from fgrad.compiler.program import Block, Fork, Guard, Line, Operand, Program, Return, used
from fgrad.compiler.trace import Contradiction

__all__ = ["Tree", "assemble", "graft"]


@define(eq=False)
class Junction:
    """A turn on which runs part: what follows where its comparison holds, and where it fails."""

    turn: Turn
    holds: Tree | None = None
    fails: Tree | None = None


Tree: TypeAlias = "Junction | Path"
"""All runs so far: where they part, and what each returns."""

_ROOT: Final = Turn("", 0, 0, outcome=True, before=())


def graft(tree: Tree | None, path: Path) -> Tree:
    """The tree of runs with one more in it; Contradiction if the run contradicts the others."""
    root = Junction(_ROOT, holds=tree)
    place, side = root, "holds"
    for turn in path.turns:
        here = getattr(place, side) or Junction(turn)
        if not isinstance(here, Junction) or here.turn._replace(outcome=turn.outcome) != turn:
            raise Contradiction
        setattr(place, side, here)
        place, side = here, "holds" if turn.outcome else "fails"
    if getattr(place, side) not in (None, path):
        raise Contradiction
    setattr(place, side, path)
    return root.holds or path


def assemble(expressions: Expressions, tree: Tree) -> Program:
    """The program of all runs in a tree, its values numbered in the order of their computing."""
    numbered = _Numbered(expressions)
    body = numbered.block(tree, set())
    return Program(expressions.inputs, tuple(numbered.lines), body)


def _ends(tree: Tree) -> list[int]:
    """The values that the runs of a tree compare, return, or compute for their errors."""
    found: list[int] = []
    pending: list[Tree | None] = [tree]
    for some in pending:
        if isinstance(some, Junction):
            found += [*some.turn.before, *used([some.turn.left, some.turn.right])]
            pending += [some.holds, some.fails]
        elif some is not None:
            found += [*some.before, *used(some.outputs)]
    return found


class _Numbered:
    """A program as it grows: the lines so far, and the new number of each value."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.lines: list[Line] = []
        self.places = {i: i for i in range(expressions.inputs)}

    def block(self, tree: Tree, known: set[int]) -> Block:
        """What there is to do from a place in the tree on, where the values `known` are."""
        steps: list[int | Guard] = []
        while isinstance(tree, Junction):
            turn = tree.turn
            steps += self.computed([*turn.before, *used([turn.left, turn.right])], known)
            left, right = self.placed(turn.left), self.placed(turn.right)
            if tree.holds is not None and tree.fails is not None:
                steps += self.computed(self._shared(tree.holds, tree.fails, known), known)
                holds = self.block(tree.holds, set(known))
                fails = self.block(tree.fails, known)
                return Block(tuple(steps), Fork(turn.relation, left, right, holds, fails))
            steps.append(Guard(turn.relation, left, right, tree.fails is None))
            tree = tree.holds or tree.fails  # type: ignore[assignment]  # a junction has a side
        steps += self.computed([*tree.before, *used(tree.outputs)], known)
        outputs = tuple([self.placed(output) for output in tree.outputs])
        return Block(tuple(steps), Return(outputs, tree.structure))

    def _shared(self, one: Tree, other: Tree, known: set[int]) -> list[int]:
        """What both sides of a fork need and no row may raise for: it need not be written twice."""
        needed = [set(self.expressions.needed(_ends(tree), known)) for tree in (one, other)]
        shared: list[int] = []
        ready = known.union(range(self.expressions.inputs))
        for value in sorted(needed[0] & needed[1]):
            line = self.expressions.line(value)
            if line.row in NEVER_RAISE and ready.issuperset(used(line.operands)):
                ready.add(value)
                shared.append(value)
        return shared

    def computed(self, values: Iterable[int], known: set[int]) -> list[int]:
        """The steps to `values`, which are known from then on."""
        needed = self.expressions.needed(values, known)
        known.update(needed)
        places = self.places
        for value in needed:
            if value not in places:
                line = self.expressions.line(value)
                operands = tuple([places[x] if isinstance(x, int) else x for x in line.operands])
                places[value] = self.expressions.inputs + len(self.lines)
                self.lines.append(line if operands == line.operands else Line(line.row, operands))
        return [places[value] for value in needed]

    def placed(self, operand: Operand) -> Operand:
        """An operand by its new number."""
        return self.places[operand] if isinstance(operand, int) else operand
