"""Python source of a program: the reference for every other emitter, and always there."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, islice
from typing import Any, Final

from fgrad.compiler.program import Atom, Block, Fork, Guard, Line, Program, Return
from fgrad.container import LEAF, Branch, Static, Structure
from fgrad.source import compile_function
from fgrad.tree import unflatten

__all__ = ["MISSING", "Emitted"]

MISSING: Final = object()
"""What compiled code gives where a comparison goes as it did in no run so far."""
_LONG: Final = 4_000
"""Lines from which on the source is cut into functions: Python compiles one by one far better."""
_PART: Final = 1_000
_DEEPEST: Final = 50
"""The levels of a tree that are written out: Python's own compiler takes no more than 200."""
_OURS: Final = re.compile(r"w|v\d+|part_\d+|function")


class Emitted:
    """The source of a program, and the function of floats that it makes."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._names: dict[str, object] = {"inf": math.inf, "nan": math.nan, "MISSING": MISSING}
        self._given: dict[int, str] = {}
        self._fresh = count()
        self._parts: list[str] = []
        long = len(program.lines) > _LONG
        self._value = "w[{}]" if long else "v{}"
        head = f"def function({', '.join(f'v{i}' for i in range(program.inputs))}):\n"
        if long:
            inputs = "".join(f"v{i}, " for i in range(program.inputs))
            head += f"    w = [{inputs}*[0.0] * {len(program.lines)}]\n"
        body = self._long(program.body, "    ") if long else self._block(program.body, "    ")
        self._main = head + "".join(f"{line}\n" for line in body)

    @property
    def source(self) -> str:
        """The whole of it."""
        return "\n\n".join([*self._parts, self._main])

    def function(self) -> Callable[..., Any]:
        """The function: of as many floats as the program has inputs."""
        names = dict(self._names)
        for i, part in enumerate(self._parts):
            names[f"part_{i}"] = compile_function(part, self._names)
        return compile_function(self._main, names)

    def _block(self, block: Block, by: str) -> Iterator[str]:
        for step in block.steps:
            yield from self._step(step, by)
        yield from self._end(block, by, self._block)

    def _long(self, block: Block, by: str) -> Iterator[str]:
        """A block in parts, each a function over the list of all values."""
        steps = iter(block.steps)
        while part := list(islice(steps, _PART)):
            name = f"part_{len(self._parts)}"
            lines = [line for step in part for line in self._step(step, "    ")]
            self._parts.append("def function(w):\n" + "".join(f"{line}\n" for line in lines))
            yield f"{by}if {name}(w) is MISSING:"
            yield f"{by}    return MISSING"
        yield from self._end(block, by, self._long)

    def _step(self, step: int | Guard, by: str) -> Iterator[str]:
        if isinstance(step, int):
            yield f"{by}{self._value.format(step)} = {self._applied(self._program.line(step))}"
            return
        yield f"{by}if {'not ' if step.outcome else ''}{self._comparison(step)}:"
        yield f"{by}    return MISSING"

    def _end(
        self, block: Block, by: str, follow: Callable[[Block, str], Iterator[str]]
    ) -> Iterator[str]:
        if isinstance(block.end, Return):
            values = iter([self._spelled(output) for output in block.end.outputs])
            yield f"{by}return {self._shaped(block.end.structure, values)}"
            return
        yield f"{by}if {self._comparison(block.end)}:"
        yield from follow(block.end.holds, by + "    ")
        yield from follow(block.end.fails, by)

    def _comparison(self, seen: Guard | Fork) -> str:
        return f"{self._spelled(seen.left)} {seen.relation} {self._spelled(seen.right)}"

    def _applied(self, line: Line) -> str:
        """One line as an expression."""
        row, texts = line.row, [self._spelled(operand) for operand in line.operands]
        return row.written(texts, self._named(row.name, row.value) if row.calls else None)

    def _named(self, wanted: str, thing: object) -> str:
        """The name of `thing`: `wanted`, or one that begins with it and is none of the code's."""
        name = self._given.get(id(thing))
        if name is None:
            name = wanted
            while name in self._names or _OURS.fullmatch(name):
                name = f"{wanted}__{next(self._fresh)}"
            self._names[name], self._given[id(thing)] = thing, name
        return name

    def _spelled(self, operand: Atom) -> str:
        return self._value.format(operand) if isinstance(operand, int) else repr(operand.value)

    def _shaped(self, structure: Structure, values: Iterator[str], depth: int = 0) -> str:
        """The expression that puts `values` in a tree of this structure."""
        if structure is LEAF:
            return next(values)
        if isinstance(structure, Static):
            return self._named("static", structure.content)
        if depth == _DEEPEST:
            items = ", ".join([next(values) for _ in range(_size(structure))])
            return f"{self._named('close', partial(unflatten, structure))}([{items}])"
        children: Sequence[Structure] = structure.children or (LEAF,) * structure.size
        items = ", ".join([self._shaped(child, values, depth + 1) for child in children])
        if structure.kind is list:
            return f"[{items}]"
        if structure.kind is tuple:
            return f"({items}{',' * (len(children) == 1)})"
        outermost = structure._replace(children=None)
        return f"{self._named('close', partial(unflatten, outermost))}([{items}])"


def _size(structure: Structure) -> int:
    """How many leaves a tree of this structure has."""
    pending, leaves = [structure], 0
    for part in pending:
        leaves += part is LEAF
        if isinstance(part, Branch):
            leaves += part.size if part.children is None else 0
            pending += part.children or ()
    return leaves
