"""Long sums as chains of shorter ones: the same additions in the same order.

What LLVM does with a thousand operands at once takes much longer than in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fgrad.calculus import dot, mul, total
from fgrad.compiler.program import Atom, Block, Fork, Line, Program

__all__ = ["PIECE", "in_pieces"]

PIECE: Final = 250


def in_pieces(program: Program) -> Program:
    """The program without sums of more than `PIECE` terms or so; its values keep their numbers."""
    lines, chains = list(program.lines), dict[int, range]()
    for place, line in enumerate(program.lines):
        if line.row in (total, dot) and len(line.operands) > PIECE * line.row.blocks:
            first = program.inputs + len(lines)
            *chain, lines[place] = _chain(line, first)
            lines += chain
            chains[program.inputs + place] = range(first, program.inputs + len(lines))
    if not chains:
        return program
    return Program(program.inputs, tuple(lines), _with_chains(program.body, chains))


def _chain(line: Line, value: int) -> list[Line]:
    """The lines of a sum, of which the last is the answer; they are numbered from `value` on."""
    half = len(line.operands) // line.row.blocks
    weights, terms = line.operands[: len(line.operands) - half], line.operands[-half:]
    chain = [Line(line.row, weights[:PIECE] + terms[:PIECE])]
    for begin in range(PIECE, half, PIECE):
        before: Atom = value + len(chain) - 1
        piece = terms[begin : begin + PIECE]
        if weights:
            pairs = zip(weights[begin : begin + PIECE], piece, strict=True)
            piece = tuple(range(value + len(chain), value + len(chain) + len(piece)))
            chain += [Line(mul, pair) for pair in pairs]
        chain.append(Line(total, (before, *piece)))
    return chain


def _with_chains(block: Block, chains: Mapping[int, range]) -> Block:
    """The block, with each chain before the line that ends it."""
    end = block.end
    if isinstance(end, Fork):
        holds, fails = (_with_chains(arm, chains) for arm in (end.holds, end.fails))
        end = Fork(end.relation, end.left, end.right, holds, fails)
    steps = [
        value
        for step in block.steps
        for value in (*(chains.get(step, ()) if isinstance(step, int) else ()), step)
    ]
    return Block(tuple(steps), end)
