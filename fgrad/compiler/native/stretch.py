"""Straight stretches of a program: LLVM's text of one step after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from attrs import frozen

from fgrad.compiler.native.forms import FORMS, LIBM
from fgrad.compiler.native.number import RELATIONS, Number, spell
from fgrad.compiler.program import Atom, Constant, Guard

if TYPE_CHECKING:
    from fgrad.compiler.native.called import Calls
    from fgrad.compiler.program import Fork, Program
    from fgrad.primitive import Primitive

__all__ = ["HEAD", "Output", "Step", "Stretch"]

_INTRINSICS = {"ceil": 1, "copysign": 2, "fabs": 1, "floor": 1, "rint": 1, "sqrt": 1, "trunc": 1}


def _declarations() -> Iterator[str]:
    """What forms call. Nothing there reads or changes memory, errno apart, which nobody reads."""
    for name, operands in LIBM.items():
        yield f"declare double @libm.{name}({', '.join(['double'] * operands)}) #0"
    for name, operands in _INTRINSICS.items():
        yield f"declare double @llvm.{name}.f64({', '.join(['double'] * operands)})"
    yield "attributes #0 = { nounwind nonlazybind willreturn memory(none) }"


HEAD: Final = "\n".join([*_declarations(), ""])


class Output(NamedTuple):
    """A number is put where another function, or the kernel's caller, will look for it."""

    operand: Atom
    place: int


Step: TypeAlias = int | Guard | Output


class Template(NamedTuple):
    """The instructions of a row, and the name of its answer."""

    text: str
    answer: str


@lru_cache(maxsize=1_000)
def template(row: Primitive, operands: int) -> Template:
    """The instructions of a row of so many operands."""
    lines: list[str] = []
    answer = FORMS[row](*[Number(f"{{{i}}}", lines) for i in range(operands)])
    return Template("\n".join(lines), answer.text)


@frozen
class Stretch:
    """Instructions as they grow, one after another, and the names of the values known there.

    slots: where in the space a value is found, if it is not known by a name.
    """

    program: Program
    calls: Calls
    slots: Mapping[Atom, int]
    suffix: str
    names: dict[int, str]
    text: list[str]

    def spell(self, operand: Atom) -> str:
        """An operand in an instruction; a value without a name is first loaded."""
        if isinstance(operand, Constant):
            return spell(operand.value)
        name = self.names.get(operand)
        if name is None:
            name = self.names[operand] = f"%v{operand}{self.suffix}"
            address = self._address(self.slots[operand], name)
            self.text.append(f"{name} = load double, ptr {address}")
        return name

    def add(self, step: Step) -> None:
        """What a step does."""
        if isinstance(step, int):
            self._compute(step)
        elif isinstance(step, Guard):
            self._require(step)
        else:
            self._put(self.spell(step.operand), step.place)

    def compare(self, comparison: Guard | Fork) -> str:
        """The name of the truth of a comparison."""
        name = f"%c{len(self.text)}{self.suffix}"
        left, right = self.spell(comparison.left), self.spell(comparison.right)
        relation = RELATIONS[comparison.relation]
        self.text.append(f"{name} = fcmp {relation} double {left}, {right}")
        return name

    def _compute(self, value: int) -> None:
        line, z = self.program.line(value), f"v{value}{self.suffix}"
        names = [self.spell(x) for x in line.operands]
        if line.row in FORMS:
            text, answer = template(line.row, len(names))
            self.text.append(text.format(*names, z=z))
            self.names[value] = answer.format(*names, z=z)
        else:
            self._call(self.calls.numbers[line.row], names, z)
            self.names[value] = "%" + z

    def _call(self, number: int, operands: Sequence[str], z: str) -> None:
        """Call the value of a row, and go on with its answer, if there is one."""
        for place, operand in enumerate(operands, self.calls.place):
            self._put(operand, place)
        address = self._address(self.calls.place, f"%{z}")
        held = f"%{z}.held = getelementptr ptr, ptr %values, i64 {number}"
        given = f"ptr %{z}.value, ptr {address}, i64 {len(operands)}"
        self.text.append(
            f"{held}\n%{z}.value = load ptr, ptr %{z}.held\n"
            f"%{z}.went = call i32 @call_value({given})\n"
            f"%{z}.known = icmp ne i32 %{z}.went, 0\n"
            f"br i1 %{z}.known, label %{z}.next, label %unknown\n{z}.next:\n"
            f"%{z} = load double, ptr {address}"
        )

    def _require(self, guard: Guard) -> None:
        condition, label = self.compare(guard), f"g{len(self.text)}{self.suffix}"
        ways = (label, "unknown") if guard.outcome else ("unknown", label)
        self.text.append(f"br i1 {condition}, label %{ways[0]}, label %{ways[1]}\n{label}:")

    def _put(self, name: str, place: int) -> None:
        address = self._address(place, f"%p{len(self.text)}{self.suffix}")
        self.text.append(f"store double {name}, ptr {address}")

    def _address(self, place: int, name: str) -> str:
        self.text.append(f"{name}.at = getelementptr double, ptr %space, i64 {place}")
        return f"{name}.at"
