"""The body of one function of LLVM's: steps of a program as instructions, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fgrad import calculus
from fgrad.compiler.native.forms import BODIES, DIVISIONS, INSTRUCTIONS, LIBRARY, WHOLE, hexadecimal
from fgrad.compiler.program import Fork, Guard, Line, Operand, Program

__all__ = ["Body", "NoNativeForm"]

_RELATIONS: Final = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
_INFINITY: Final = hexadecimal(float("inf"))


class NoNativeForm(Exception):  # noqa: N818 - a signal, no error
    """A row of the program is computed by Python only."""


class Body:
    """Instructions as they are written, and the names of the values that they have computed.

    crossing: the places in the workspace of the values that other functions compute or need.
    """

    def __init__(self, program: Program, crossing: Mapping[int, int]) -> None:
        self.text: list[str] = []
        self.names: dict[int, str] = {}
        self._program = program
        self._crossing = crossing
        self._count = 0

    def say(self, *instructions: str) -> None:
        """Write instructions."""
        self.text += [f"    {instruction}" for instruction in instructions]

    def label(self, name: str) -> None:
        """Begin a block."""
        self.text.append(f"{name}:")

    def fresh(self, kind: str) -> str:
        """A name that is not taken."""
        self._count += 1
        return f"{kind}{self._count}"

    def made(self, instruction: str) -> str:
        """The name of what an instruction gives."""
        name = f"%{self.fresh('t')}"
        self.say(f"{name} = {instruction}")
        return name

    def step(self, step: int | Guard) -> None:
        """One step: a line's value, or a guard, which leaves for the label `miss`."""
        if isinstance(step, Guard):
            going = ("go", "miss") if step.outcome else ("miss", "go")
            self.part(self.compared(step), *going)
            return
        line = self._program.line(step)
        name = self.names[step] = self._applied(line, [self.spelled(x) for x in line.operands])
        if step in self._crossing:
            self.say(f"store double {name}, ptr {self.place('%work', self._crossing[step])}")

    def part(self, condition: str, holds: str, fails: str) -> None:
        """Go on at a new label where a condition is as it should be, else at the label `miss`."""
        go = self.fresh("go")
        names = [go if name == "go" else name for name in (holds, fails)]
        self.say(f"br i1 {condition}, label %{names[0]}, label %{names[1]}")
        self.label(go)

    def compared(self, seen: Guard | Fork) -> str:
        """The truth of a comparison, as Python has it."""
        left, right = self.spelled(seen.left), self.spelled(seen.right)
        return self.made(f"fcmp {_RELATIONS[seen.relation]} double {left}, {right}")

    def spelled(self, operand: Operand) -> str:
        """A constant, or the name of a value, which may have to be loaded first."""
        if not isinstance(operand, int):
            return hexadecimal(operand.value)
        if operand not in self.names:
            inside = operand >= self._program.inputs
            where = ("%work", self._crossing[operand]) if inside else ("%in", operand)
            self.names[operand] = self.made(f"load double, ptr {self.place(*where)}")
        return self.names[operand]

    def place(self, array: str, index: int) -> str:
        """Where an array of doubles has this item."""
        return self.made(f"getelementptr double, ptr {array}, i64 {index}") if index else array

    def _applied(self, line: Line, operands: Sequence[str]) -> str:
        row = line.row
        if row in DIVISIONS and isinstance(line.operands[1], int):
            self.part(self.made(f"fcmp une double {operands[1]}, 0.0"), "go", "miss")
        if row in INSTRUCTIONS:
            return self.made(INSTRUCTIONS[row].format(*operands))
        if row in LIBRARY:
            return self._called(f"c_{LIBRARY[row]}", operands)
        if row in BODIES:
            return self._called(f"row_{row.name}", operands)
        if row in WHOLE:
            return self._whole(WHOLE[row], operands[0])
        several = {
            calculus.total: self._sum,
            calculus.dot: self._dot,
            calculus.logsumexp: self._log_of_sum,
        }
        if row in several:
            return several[row](operands)
        raise NoNativeForm(row)

    def _called(self, name: str, operands: Sequence[str]) -> str:
        arguments = ", ".join(f"double {operand}" for operand in operands)
        return self.made(f"call double @{name}({arguments})")

    def _sum(self, terms: Sequence[str]) -> str:
        """From the left."""
        so_far = terms[0]
        for term in terms[1:]:
            so_far = self.made(f"fadd double {so_far}, {term}")
        return so_far

    def _dot(self, operands: Sequence[str]) -> str:
        half = len(operands) // 2
        pairs = zip(operands[:half], operands[half:], strict=True)
        return self._sum([self.made(f"fmul double {w}, {x}") for w, x in pairs])

    def _whole(self, function: str, operand: str) -> str:
        """A whole number; where there is none Python is asked, which says so."""
        size = self.made(f"call double @llvm.fabs.f64(double {operand})")
        self.part(self.made(f"fcmp olt double {size}, {_INFINITY}"), "go", "miss")
        whole = self.made(f"call double @llvm.{function}.f64(double {operand})")
        return self.made(f"fadd double {whole}, 0.0")

    def _log_of_sum(self, operands: Sequence[str]) -> str:
        top = operands[0]
        for operand in operands[1:]:
            top = self._called("row_maximum", (top, operand))
        powers = []
        for operand in operands:
            below = self.made(f"fsub double {operand}, {top}")
            powers.append(self._called("c_exp", (below,)))
        log = self._called("c_log", (self._sum(powers),))
        return self.made(f"fadd double {top}, {log}")
