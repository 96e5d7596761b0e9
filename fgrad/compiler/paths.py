"""The runs of a function together, parted where they did; and the program that they make."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from attrs import define

from fgrad.compiler.lowering import NEVER_RAISE, Expressions, Path, Turn
from fgrad.compiler.program import Atom, Block, Fork, Guard, Line, Program, Return, used
from fgrad.compiler.trace import Contradiction

__all__ = ["Runs", "assemble", "graft"]


@define(eq=False)
class Junction:
    """A turn on which runs part: what follows where its comparison holds, and where it fails."""

    turn: Turn
    holds: Runs | None = None
    fails: Runs | None = None


Runs: TypeAlias = "Junction | Path"
"""All runs so far: where they part, and what each returns."""

_ROOT: Final = Turn("", 0, 0, outcome=True, before=())


def graft(runs: Runs | None, path: Path) -> Runs:
    """The runs and one more; Contradiction if that contradicts the others."""
    root = Junction(_ROOT, holds=runs)
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


def assemble(expressions: Expressions, runs: Runs) -> Program:
    """The program of all runs, its values numbered in the order of their computing."""
    numbered = _Numbered(expressions)
    body = numbered.block(runs, set())
    return Program(expressions.inputs, tuple(numbered.lines), body)


def _ends(runs: Runs) -> list[int]:
    """The values that runs compare, return, or compute for their errors."""
    found: list[int] = []
    pending: list[Runs | None] = [runs]
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

    def block(self, runs: Runs, known: set[int]) -> Block:
        """What is left to do in runs that did the same so far, and computed the values `known`."""
        steps: list[int | Guard] = []
        while isinstance(runs, Junction):
            turn = runs.turn
            steps += self.computed([*turn.before, *used([turn.left, turn.right])], known)
            left, right = self.placed(turn.left), self.placed(turn.right)
            if runs.holds is not None and runs.fails is not None:
                steps += self.computed(self._shared(runs.holds, runs.fails, known), known)
                holds = self.block(runs.holds, set(known))
                fails = self.block(runs.fails, known)
                return Block(tuple(steps), Fork(turn.relation, left, right, holds, fails))
            steps.append(Guard(turn.relation, left, right, runs.fails is None))
            runs = runs.holds or runs.fails  # type: ignore[assignment]  # a junction has a side
        steps += self.computed([*runs.before, *used(runs.outputs)], known)
        outputs = tuple([self.placed(output) for output in runs.outputs])
        return Block(tuple(steps), Return(outputs, runs.structure))

    def _shared(self, one: Runs, other: Runs, known: set[int]) -> list[int]:
        """What both sides of a fork need and no row may raise for: it need not be written twice."""
        needed = [set(self.expressions.needed(_ends(runs), known)) for runs in (one, other)]
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

    def placed(self, operand: Atom) -> Atom:
        """An operand by its new number."""
        return self.places[operand] if isinstance(operand, int) else operand
