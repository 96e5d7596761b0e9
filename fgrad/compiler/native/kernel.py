"""The kernel of a program as LLVM's text: doubles in, doubles out, and which run it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias

from fgrad.calculus import NEVER_RAISE
from fgrad.compiler.native.body import Body
from fgrad.compiler.native.forms import BODIES, LIBRARY
from fgrad.compiler.program import Block, Fork, Guard, Operand, Program, Return, used

__all__ = ["MISSED", "Kernel"]

MISSED: Final = -1
"""What a kernel gives where Python has to be asked."""
_PART: Final = 1_000
_MODULE: Final = 25
_HEAD: Final = "ptr %in, ptr %out, ptr %work"
_PARAMETERS: Final = ("%x", "%z", "%u")


class Kernel:
    """The text of a program's kernel, as modules that are compiled one by one.

    A short program is one function of values in registers. A long one is cut into functions of a
    thousand steps, and the values that cross from one to another go through a workspace.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._long = len(program.lines) > 2 * _PART
        self._crossing = dict(_crossing(program)) if self._long else {}
        self._parts: list[str] = []
        self.returns: list[Return] = []
        """The runs, in the order of the numbers that the kernel gives for them."""
        body = Body(program, self._crossing)
        self._block(body, program.body)
        body.label("miss")
        body.say(f"ret i32 {MISSED}")
        self._main = _function("i32", "kernel", "noinline nounwind", body)

    @property
    def workspace(self) -> int:
        """How many doubles cross."""
        return len(self._crossing)

    @property
    def outputs(self) -> int:
        """How many doubles a run returns at most."""
        return max(len(end.outputs) for end in self.returns)

    def modules(self, wrapper: str) -> Iterator[str]:
        """The texts of the modules; the first has the kernel and what wraps it."""
        names = [f"declare i1 @part{i}({_HEAD})\n" for i in range(len(self._parts))]
        yield _with_declarations("".join([*names, self._main, wrapper]))
        parts = iter(self._parts)
        while some := list(islice(parts, _MODULE)):
            yield _with_declarations("".join(some))

    def _block(self, body: Body, block: Block) -> None:
        for part in _parts(block) if self._long else [block.steps]:
            if self._long:
                self._call(body, part)
            else:
                for step in part:
                    body.step(step)
        if isinstance(block.end, Return):
            if not self._long:
                self._keep(body, _unused(self._program, (*block.steps, block.end)))
            self._return(body, block.end)
        else:
            if not self._long:
                self._keep(body, _risky(self._program, block.steps))
            self._fork(body, block.end)

    def _call(self, body: Body, steps: Sequence[int | Guard]) -> None:
        """A call of a function of its own for `steps`."""
        part = Body(self._program, self._crossing)
        for step in steps:
            part.step(step)
        alone = _unused(self._program, steps)
        self._keep(part, [value for value in alone if value not in self._crossing])
        part.say("ret i1 true")
        part.label("miss")
        part.say("ret i1 false")
        name = f"part{len(self._parts)}"
        self._parts.append(_function("i1", name, "noinline nounwind", part))
        body.part(body.made(f"call i1 @{name}({_HEAD})"), "go", "miss")

    def _keep(self, body: Body, values: Sequence[int]) -> None:
        """Compute these here, whatever becomes of them: their errors are the function's."""
        for value in values:
            body.say(f"store volatile double {body.spelled(value)}, ptr %out")

    def _fork(self, body: Body, fork: Fork) -> None:
        condition = body.compared(fork)
        holds, fails = body.fresh("holds"), body.fresh("fails")
        body.say(f"br i1 {condition}, label %{holds}, label %{fails}")
        names = body.names
        for label, block in ((holds, fork.holds), (fails, fork.fails)):
            body.label(label)
            body.names = dict(names)
            self._block(body, block)

    def _return(self, body: Body, end: Return) -> None:
        for i, output in enumerate(end.outputs):
            body.say(f"store double {body.spelled(output)}, ptr {body.place('%out', i)}")
        body.say(f"ret i32 {len(self.returns)}")
        self.returns.append(end)


def _function(kind: str, name: str, attributes: str, body: Body) -> str:
    lines = "\n".join(body.text)
    return f"define {kind} @{name}({_HEAD}) {attributes} {{\n{lines}\n}}\n"


def _parts(block: Block) -> Iterator[tuple[int | Guard, ...]]:
    for start in range(0, len(block.steps), _PART):
        yield block.steps[start : start + _PART]


_Step: TypeAlias = "int | Guard | Return | Fork"


def _risky(program: Program, steps: Sequence[_Step]) -> list[int]:
    """The values among `steps` whose rows may raise."""
    values = [step for step in steps if isinstance(step, int)]
    return [value for value in values if program.line(value).row not in NEVER_RAISE]


def _unused(program: Program, steps: Sequence[_Step]) -> list[int]:
    """The values among `steps` that are computed for their errors alone."""
    needed = {value for step in steps for value in used(_needs(program, step))}
    return [value for value in _risky(program, steps) if value not in needed]


def _needs(program: Program, step: _Step) -> Sequence[Operand]:
    if isinstance(step, int):
        return program.line(step).operands
    return step.outputs if isinstance(step, Return) else (step.left, step.right)


def _crossing(program: Program) -> Iterator[tuple[int, int]]:
    """The values that one function computes and another needs, each with its place."""
    made: dict[int, object] = {}
    crossing: dict[int, None] = {}
    for place, step in _places(program.body):
        for value in used(_needs(program, step)):
            if value >= program.inputs and made.get(value) != place:
                crossing[value] = None
        if isinstance(step, int):
            if made.setdefault(step, place) != place:
                crossing[step] = None
            made[step] = place
    return ((value, i) for i, value in enumerate(crossing))


def _places(block: Block) -> Iterator[tuple[object, _Step]]:
    """Every step, and a mark of the function that it belongs to."""
    for start, part in enumerate(_parts(block)):
        for step in part:
            yield (id(block), start), step
    yield None, block.end
    if isinstance(block.end, Fork):
        yield from _places(block.end.holds)
        yield from _places(block.end.fails)


_INTRINSIC: Final = re.compile(r"@llvm\.(\w+)\.f64\(([^)]*)\)")
_CALLED: Final = re.compile(r"@(c|row)_(\w+)\(")
_PURE: Final = "nounwind willreturn memory(none)"


def _with_declarations(text: str) -> str:
    """A module: functions, and what they call."""
    called = dict.fromkeys(_CALLED.findall(text))
    bodies = [_row(name) for kind, name in called if kind == "row"]
    whole = "".join([*bodies, text])
    library = dict.fromkeys(name for kind, name in _CALLED.findall(whole) if kind == "c")
    intrinsics = {name: call.count("double") for name, call in _INTRINSIC.findall(whole)}
    declared = [(f"c_{name}", _ARITIES[name]) for name in library]
    declared += [(f"llvm.{name}.f64", count) for name, count in intrinsics.items()]
    lines = [
        f"declare double @{name}({', '.join(['double'] * count)}) {_PURE}\n"
        for name, count in declared
    ]
    return "".join([*lines, whole])


_ARITIES: Final = {name: len(row.partials) for row, name in LIBRARY.items()}


def _row(name: str) -> str:
    """A row that takes a few instructions, as a function that is written into its callers."""
    row = next(row for row in BODIES if row.name == name)
    parameters = ", ".join(f"double {name}" for name in _PARAMETERS[: len(row.partials)])
    return (
        f"define internal double @row_{name}({parameters}) alwaysinline {_PURE} {{\n"
        f"{BODIES[row]}    ret double %y\n}}\n"
    )
