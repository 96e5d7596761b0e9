"""Numbers that LLVM will compute: what is done to them in Python becomes its instructions.

The text that grows is a template: `{0}`, `{1}`, … stand for the operands of a row, and `{z}` for
a name that is free.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from attrs import frozen

__all__ = ["RELATIONS", "Number", "Truth", "branch", "call", "select", "spell"]

RELATIONS: Final = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
"""What LLVM calls each of Python's comparisons."""


def spell(number: float) -> str:
    """A float as LLVM reads it, to the last bit.

    >>> spell(0.1)
    '0x3FB999999999999A'
    """
    return "0x" + struct.pack(">d", number).hex().upper()


@frozen(eq=False)
class Written:
    """What an instruction computes, by its name, and the template to which the next is added."""

    text: str
    template: list[str]

    def write(self, instruction: str, *operands: Written | float) -> str:
        """Add an instruction, with the operands in its holes; the name of what it computes."""
        name = f"{{z}}.{len(self.template)}"
        texts = [x.text if isinstance(x, Written) else spell(x) for x in operands]
        self.template.append(f"%{name} = {instruction.format(*texts)}")
        return "%" + name


class Truth(Written):
    """A condition."""

    __slots__ = ()

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.write("and i1 {}, {}", self, other), self.template)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.write("or i1 {}, {}", self, other), self.template)

    def __xor__(self, other: Truth) -> Truth:
        return Truth(self.write("xor i1 {}, {}", self, other), self.template)

    def __invert__(self) -> Truth:
        return Truth(self.write("xor i1 {}, true", self), self.template)


class Number(Written):
    """A double."""

    __slots__ = ()

    def compute(self, instruction: str, *operands: Written | float) -> Number:
        """The number that an instruction gives."""
        return Number(self.write(instruction, *operands), self.template)

    def compare(self, sign: str, other: Number | float) -> Truth:
        """How this number compares with another, by Python's sign."""
        instruction = f"fcmp {RELATIONS[sign]} double {{}}, {{}}"
        return Truth(self.write(instruction, self, other), self.template)

    def given(self, condition: Truth) -> Number:
        """This number where the condition holds; where it fails, the kernel gives up."""
        label = f"{{z}}.{len(self.template)}"
        branch = f"br i1 {condition.text}, label %{label}, label %unknown"
        self.template.append(f"{branch}\n{label}:")
        return self

    def __add__(self, other: Number | float) -> Number:
        return self.compute("fadd double {}, {}", self, other)

    def __radd__(self, other: float) -> Number:
        return self.compute("fadd double {}, {}", other, self)

    def __sub__(self, other: Number | float) -> Number:
        return self.compute("fsub double {}, {}", self, other)

    def __rsub__(self, other: float) -> Number:
        return self.compute("fsub double {}, {}", other, self)

    def __mul__(self, other: Number | float) -> Number:
        return self.compute("fmul double {}, {}", self, other)

    def __truediv__(self, other: Number | float) -> Number:
        return self.compute("fdiv double {}, {}", self, other)

    def __rtruediv__(self, other: float) -> Number:
        return self.compute("fdiv double {}, {}", other, self)

    def __neg__(self) -> Number:
        return self.compute("fneg double {}", self)

    def __abs__(self) -> Number:
        return self.compute("call double @llvm.fabs.f64(double {})", self)

    def __lt__(self, other: Number | float) -> Truth:
        return self.compare("<", other)

    def __le__(self, other: Number | float) -> Truth:
        return self.compare("<=", other)

    def __gt__(self, other: Number | float) -> Truth:
        return self.compare(">", other)

    def __ge__(self, other: Number | float) -> Truth:
        return self.compare(">=", other)


def call(function: str, *operands: Number | float) -> Number:
    """The answer of a function of doubles, of which at least one is written."""
    written = next(x for x in operands if isinstance(x, Number))
    holes = ", ".join(["double {}"] * len(operands))
    return written.compute(f"call double @{function}({holes})", *operands)


def branch(condition: Truth, holds: Callable[[], Number], fails: Callable[[], Number]) -> Number:
    """`holds() if condition else fails()`: of the two, only what is wanted is computed."""
    template = condition.template
    here = f"{{z}}.{len(template)}"
    template.append(f"br i1 {condition.text}, label %{here}.holds, label %{here}.fails")
    answers = []
    for label, side in ((f"{here}.holds", holds), (f"{here}.fails", fails)):
        template.append(f"{label}:")
        answer = side().text
        template.append(f"br label %{label}.last\n{label}.last:\nbr label %{here}.end")
        answers.append(f"[ {answer}, %{label}.last ]")
    template.append(f"{here}.end:\n%{here} = phi double {', '.join(answers)}")
    return Number(f"%{here}", template)


def select(condition: Truth, x: Number | float, y: Number | float) -> Number:
    """`x if condition else y`, of numbers that are both computed."""
    name = condition.write("select i1 {}, double {}, double {}", condition, x, y)
    return Number(name, condition.template)
