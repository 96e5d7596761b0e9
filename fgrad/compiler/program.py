"""A program: the straight-line form of a function, with the comparisons on which its runs part.

Its values are numbered: first the inputs, then one for each line. A line applies a row to values
and constants. The body says in which order lines are computed and what is compared in between:
a block is a stretch without alternatives, and ends in what a run returns, or in a fork.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from fgrad.container import Structure
    from fgrad.primitive import Primitive

__all__ = ["Atom", "Block", "Constant", "Fork", "Guard", "Line", "Program", "Return", "used"]


@frozen(cache_hash=True)
class Constant:
    """A number that is the same in every run; equal to another only if all its bits are."""

    value: float = field(eq=float.hex)

    def __str__(self) -> str:
        return repr(self.value)


Atom: TypeAlias = int | Constant
"""What is applied, compared or returned: a value, by its number, or a constant."""


class Line(NamedTuple):
    """One application of a row."""

    row: Primitive
    operands: tuple[Atom, ...]

    def __str__(self) -> str:
        return f"{self.row.name}({', '.join(map(spell, self.operands))})"


@frozen
class Guard:
    """A comparison of two numbers, and how it went in every run that came here.

    Where it goes the other way no run is known, and the function itself must be asked.
    """

    relation: str
    left: Atom
    right: Atom
    outcome: bool

    def __str__(self) -> str:
        return f"require {'' if self.outcome else 'not '}{spell_comparison(self)}"


@frozen
class Return:
    """What a run returns: numbers, and the tree that they belong in."""

    outputs: tuple[Atom, ...]
    structure: Structure

    def __str__(self) -> str:
        return "return " + ", ".join(map(spell, self.outputs))


@frozen
class Fork:
    """A comparison that went both ways, and what follows where it holds and where it fails."""

    relation: str
    left: Atom
    right: Atom
    holds: Block
    fails: Block


@frozen
class Block:
    """Lines, by the values that they compute, and guards, in order; then the end."""

    steps: tuple[int | Guard, ...]
    end: Return | Fork


@frozen
class Program:
    """The lines that are computed from the inputs, and the order of things.

    >>> from fgrad.calculus import mul, sin
    >>> from fgrad.container import LEAF
    >>> lines = Line(mul, (0, 1)), Line(sin, (2,))
    >>> steps = 2, Guard(">", 2, Constant(0.0), True), 3
    >>> print(Program(2, lines, Block(steps, Return((3,), LEAF))))
    inputs v0, v1
    v2 = mul(v0, v1)
    require v2 > 0.0
    v3 = sin(v2)
    return v3
    """

    inputs: int
    lines: tuple[Line, ...]
    body: Block

    def line(self, value: int) -> Line:
        """What computes a value that is no input."""
        return self.lines[value - self.inputs]

    def __str__(self) -> str:
        inputs = ", ".join(f"v{i}" for i in range(self.inputs)) or "none"
        return "\n".join([f"inputs {inputs}", *self._text(self.body, "")])

    def _text(self, block: Block, by: str) -> Iterator[str]:
        for step in block.steps:
            text = f"v{step} = {self.line(step)}" if isinstance(step, int) else str(step)
            yield by + text
        if isinstance(block.end, Return):
            yield f"{by}{block.end}"
            return
        yield f"{by}if {spell_comparison(block.end)}:"
        yield from self._text(block.end.holds, by + "    ")
        yield f"{by}else:"
        yield from self._text(block.end.fails, by + "    ")


def spell(operand: Atom) -> str:
    """A value as `v3`, a constant as its digits."""
    return f"v{operand}" if isinstance(operand, int) else str(operand)


def spell_comparison(comparison: Guard | Fork) -> str:
    """A comparison as Python has it."""
    return f"{spell(comparison.left)} {comparison.relation} {spell(comparison.right)}"


def used(operands: Sequence[Atom]) -> list[int]:
    """The values among the operands."""
    return [operand for operand in operands if isinstance(operand, int)]
