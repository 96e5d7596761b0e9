"""A program: the straight-line form of one run of a function.

Its values are numbered: first the inputs, then one for each line. A line applies a row to values
and constants; a guard says how a comparison went, and so which run this is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["Constant", "Guard", "Line", "Operand", "Program"]


@frozen
class Constant:
    """A number that is the same in every run; equal to another only if all its bits are."""

    value: float = field(eq=float.hex)

    def __str__(self) -> str:
        return repr(self.value)


Operand: TypeAlias = int | Constant
"""A value, by its number, or a constant."""


@frozen
class Line:
    """One application of a row."""

    row: Primitive
    operands: tuple[Operand, ...]

    def __str__(self) -> str:
        return f"{self.row.name}({', '.join(map(spell, self.operands))})"


@frozen
class Guard:
    """A comparison, the way it went, and how many lines had been computed by then."""

    relation: str
    left: Operand
    right: Operand
    outcome: bool
    line: int

    def __str__(self) -> str:
        comparison = f"{spell(self.left)} {self.relation} {spell(self.right)}"
        return f"require {comparison}" if self.outcome else f"require not {comparison}"


@frozen
class Program:
    """The lines that compute `outputs` from inputs, wherever the guards hold.

    >>> from fgrad.calculus import mul, sin
    >>> print(Program(2, (Line(mul, (0, 1)), Line(sin, (2,))), (), (3, 0)))
    inputs v0, v1
    v2 = mul(v0, v1)
    v3 = sin(v2)
    return v3, v0
    """

    inputs: int
    lines: tuple[Line, ...]
    guards: tuple[Guard, ...]
    outputs: tuple[Operand, ...]

    def __str__(self) -> str:
        text = ["inputs " + ", ".join(f"v{i}" for i in range(self.inputs))]
        guards = list(reversed(self.guards))
        for count, line in enumerate(self.lines):
            while guards and guards[-1].line <= count:
                text.append(str(guards.pop()))
            text.append(f"v{self.inputs + count} = {line}")
        text += [str(guard) for guard in reversed(guards)]
        return "\n".join([*text, "return " + ", ".join(map(spell, self.outputs))])


def spell(operand: Operand) -> str:
    """A value as `v3`, a constant as its digits."""
    return f"v{operand}" if isinstance(operand, int) else str(operand)


def used(operands: Sequence[Operand]) -> list[int]:
    """The values among the operands."""
    return [operand for operand in operands if isinstance(operand, int)]
