"""The kernel of a program: LLVM's text of a function from numbers to numbers.

`kernel` finds the inputs at the beginning of its space, leaves the outputs in it, and gives the
number of the return that it came to, or -1 where no run is known or a row raised. The values of
rows that it calls are handed to it. A large program is cut into chunks, functions of about a
thousand lines, since what LLVM does to one function takes longer than in proportion; the values
that cross from chunk to chunk go through the space too.

Of what is loaded and what is stored, LLVM's scheduler compares each with each. So a function with
many inputs or outputs is cut up sooner, and chunks that do little else than load and store are
`optnone`: they are translated one instruction after another, and run as fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from fgrad.compiler.native.called import CALL_VALUE, DECLARATION, Calls
from fgrad.compiler.native.stretch import HEAD, Output, Step, Stretch
from fgrad.compiler.native.sums import in_pieces
from fgrad.compiler.program import Atom, Block, Constant, Guard, Return, used

if TYPE_CHECKING:
    from fgrad.compiler.program import Program

__all__ = ["Kernel", "returns"]

CHUNK: Final = 1_000  # lines
MODULE: Final = 20  # chunks
PASSING: Final = 4  # lines that an input or an output weighs as much as
DENSE: Final = CHUNK // 2  # loads and stores in a chunk


def returns(block: Block) -> Iterator[Return]:
    """Where runs may end, in the order of their numbers."""
    if isinstance(block.end, Return):
        yield block.end
    else:
        yield from returns(block.end.holds)
        yield from returns(block.end.fails)


class Kernel:
    """The text of a program's kernel, and of its chunks if it is too large for one function.

    A kernel that `is_whole` computes all by itself, and puts its outputs behind its inputs; another
    calls its chunks one by one, and its outputs are where these leave all that is read later.

    space: how many numbers the kernel needs room for.
    places: for each return, where in the space its outputs are.
    calls: the rows that are called.
    """

    def __init__(self, program: Program) -> None:
        self.program = program = in_pieces(program)
        blocks, ends = list(_blocks(program.body)), list(returns(program.body))
        outputs = max(len(end.outputs) for end in ends)
        weight = PASSING * (program.inputs + outputs)
        weight += sum(_weight(program, step) for block in blocks for step in block.steps)
        self.is_whole = weight <= CHUNK
        self._slots: dict[Atom, int] = {value: value for value in range(program.inputs)}
        self.places: list[Sequence[int]]
        self._parts: Sequence[Sequence[Sequence[Step]]]
        if self.is_whole:
            self._parts = [[_with_outputs(block, program.inputs)] for block in blocks]
            self.places = [range(program.inputs, program.inputs + len(end.outputs)) for end in ends]
            space = program.inputs + outputs
        else:
            parts = [list(_cut(program, block.steps)) for block in blocks]
            self._parts = parts
            for operand in _crossing(program, blocks, parts):
                self._slots.setdefault(operand, len(self._slots))
            self.places = [[self._slots[output] for output in end.outputs] for end in ends]
            space = len(self._slots)
        self.calls = Calls.of(program, space)
        self.space = space + self.calls.room

    def text(self) -> str:
        """The function `kernel`."""
        lines: list[str] = []
        entry = Stretch(self.program, self.calls, {}, "", {}, lines)
        for operand, place in self._slots.items():
            if isinstance(operand, Constant):
                entry.add(Output(operand, place))
        self._block(self.program.body, {}, lines, _Numbers(count(), count(), count()))
        attributes = "alwaysinline" if self.is_whole else "noinline"
        chunks = "" if self.is_whole else self._declarations()
        called = CALL_VALUE if self.calls.numbers else ""
        body = "\n".join(lines)
        return (
            f"{called}{chunks}define internal i32 @kernel(ptr %space, ptr %values) "
            f"{attributes} nounwind {{\n{body}\nunknown:\nret i32 -1\n}}\n"
        )

    def modules(self) -> Iterator[str]:
        """The chunks, some in each module, since LLVM holds all of a module at once."""
        if self.is_whole:
            return
        parts = [part for block in self._parts for part in block]
        for first in range(0, len(parts), MODULE):
            some = enumerate(parts[first : first + MODULE], first)
            chunks = [self._chunk(number, part) for number, part in some]
            yield HEAD + DECLARATION + "".join([*chunks, _attributes(chunks)])

    def _declarations(self) -> str:
        chunks = range(sum(map(len, self._parts)))
        return "".join([f"declare hidden i32 @chunk.{number}(ptr, ptr)\n" for number in chunks])

    def _chunk(self, number: int, part: Sequence[Step]) -> str:
        # an i32 says whether the run goes on: with an i1, LLVM's fast selection gives up
        stretch = Stretch(self.program, self.calls, self._slots, "", {}, [])
        for step in part:
            stretch.add(step)
            if isinstance(step, int) and step in self._slots:
                stretch.add(Output(step, self._slots[step]))
        body = "\n".join(stretch.text)
        return (
            f"define hidden i32 @chunk.{number}(ptr %space, ptr %values) #2 {{\n{body}\n"
            "ret i32 1\nunknown:\nret i32 0\n}\n"
        )

    def _block(
        self, block: Block, names: dict[int, str], lines: list[str], numbers: _Numbers
    ) -> None:
        number = next(numbers.blocks)
        names = dict(names)
        stretch = Stretch(self.program, self.calls, self._slots, f".b{number}", names, lines)
        for part in self._parts[number]:
            if self.is_whole:
                for step in part:
                    stretch.add(step)
            else:
                lines.append(_called(next(numbers.chunks)))
        if isinstance(block.end, Return):
            lines.append(f"ret i32 {next(numbers.returns)}")
            return
        truth = stretch.compare(block.end)
        lines.append(f"br i1 {truth}, label %holds{number}, label %fails{number}\nholds{number}:")
        self._block(block.end.holds, stretch.names, lines, numbers)
        lines.append(f"fails{number}:")
        self._block(block.end.fails, stretch.names, lines, numbers)


class _Numbers(NamedTuple):
    """The next block, chunk and return."""

    blocks: Iterator[int]
    chunks: Iterator[int]
    returns: Iterator[int]


def _called(chunk: int) -> str:
    """The call of a chunk, which says whether the run goes on."""
    return (
        f"%went{chunk} = call i32 @chunk.{chunk}(ptr %space, ptr %values)\n"
        f"%known{chunk} = icmp ne i32 %went{chunk}, 0\n"
        f"br i1 %known{chunk}, label %next{chunk}, label %unknown\nnext{chunk}:"
    )


def _attributes(chunks: Sequence[str]) -> str:
    """What LLVM is told of a module's chunks."""
    is_dense = sum(chunk.count("ptr %space, i64") for chunk in chunks) > DENSE * len(chunks)
    return f"attributes #2 = {{ nounwind {'noinline optnone ' if is_dense else ''}}}\n"


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    if not isinstance(block.end, Return):
        yield from _blocks(block.end.holds)
        yield from _blocks(block.end.fails)


def _with_outputs(block: Block, place: int) -> list[Step]:
    """What a block does, and where its outputs are to be put, if it returns."""
    outputs = block.end.outputs if isinstance(block.end, Return) else ()
    return [*block.steps, *map(Output, outputs, count(place))]


def _weight(program: Program, step: int | Guard) -> int:
    return max(1, len(program.line(step).operands) - 2) if isinstance(step, int) else 1


def _cut(program: Program, steps: Iterable[int | Guard]) -> Iterator[list[int | Guard]]:
    """The steps in pieces that are small enough for one function."""
    part: list[int | Guard] = []
    room = CHUNK
    for step in steps:
        part.append(step)
        room -= _weight(program, step)
        if room <= 0:
            yield part
            part, room = [], CHUNK
    if part:
        yield part


def _crossing(
    program: Program, blocks: Iterable[Block], parts: Iterable[Iterable[Iterable[int | Guard]]]
) -> dict[Atom, None]:
    """What is computed in one function and used in another, and what is returned, in order."""
    crossing: dict[Atom, None] = {}
    for block, chunks in zip(blocks, parts, strict=True):
        for chunk in chunks:
            known: set[int] = set()
            for step in chunk:
                crossing.update(dict.fromkeys(x for x in _reads(program, step) if x not in known))
                if isinstance(step, int):
                    known.add(step)
        if isinstance(block.end, Return):
            crossing.update(dict.fromkeys(block.end.outputs))
        else:
            crossing.update(dict.fromkeys(used([block.end.left, block.end.right])))
    return crossing


def _reads(program: Program, step: int | Guard) -> list[int]:
    if isinstance(step, int):
        return used(program.line(step).operands)
    return used([step.left, step.right])
