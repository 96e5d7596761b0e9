"""Machine code of many inputs and outputs: what LLVM is given to do, and what goes wrong inside."""

from __future__ import annotations

import gc
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest
from llvmlite.binding import parse_assembly

from fgrad.calculus import add, mul
from fgrad.compiler.lock import LOCK
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.entry import Entry
from fgrad.compiler.native.kernel import CHUNK, DENSE
from fgrad.compiler.program import Block, Constant, Line, Program, Return
from fgrad.tree import flatten
from tests.jit.reference import ASKED, SPECIAL, ask, bits, evaluate

SIZES: Final = (0, 1, 8, 130, 330, 800, 3_000)


def gradient(size: int) -> Program:
    """The gradient of the sum of the squares of so many numbers, as a list beside an empty one."""
    lines = tuple([Line(add, (i, i)) for i in reversed(range(size))])
    answers = tuple(range(2 * size - 1, size - 1, -1))
    structure = flatten(([0.5] * size, []))[1]
    return Program(size, lines, Block(answers[::-1], Return(answers, structure)))


def spread(size: int) -> Program:
    """So many numbers made of one, in pairs in a list."""
    lines = tuple([Line(add, (0, Constant(float(i)))) for i in range(size)])
    answers = tuple(range(1, size + 1))
    structure = flatten([(0.5, 0.5)] * (size // 2) + [0.5] * (size % 2))[1]
    return Program(1, lines, Block(answers, Return(answers, structure)))


def chain(size: int) -> Program:
    """So many multiplications one after another."""
    lines = tuple([Line(mul, (i, Constant(0.999))) for i in range(size)])
    return Program(1, lines, Block(tuple(range(1, size + 1)), Return((size,), flatten(0.5)[1])))


def functions(program: Program) -> list[tuple[bool, Counter[str]]]:
    """Of each function of its text: whether it is `optnone`, and how often instructions are there.

    LLVM schedules a function that is not, and compares each load with each store.
    """
    with LOCK:
        return [
            (
                "optnone" in str(list(function.attributes)),
                Counter(step.opcode for block in function.blocks for step in block.instructions),
            )
            for text in Entry(program, [None, ask], ()).modules()
            for function in parse_assembly(text).functions
            if not function.is_declaration
        ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [gradient, spread, chain])
def test_no_function_that_llvm_schedules_moves_many_numbers(
    make: Callable[[int], Program], size: int
) -> None:
    for is_plain, instructions in functions(make(size)):
        assert is_plain or instructions["load"] + instructions["store"] <= DENSE + 50


@pytest.mark.parametrize("make", [gradient, spread])
def test_what_is_written_for_an_output_does_not_grow_with_their_number(
    make: Callable[[int], Program],
) -> None:
    few, many = [
        sum([sum(steps.values()) for _, steps in functions(make(n))]) for n in (2_000, 4_000)
    ]
    assert many - few < 2_000 * 7


def test_straight_code_that_moves_few_numbers_is_scheduled() -> None:
    assert not any(is_plain for is_plain, _ in functions(chain(5 * CHUNK)))


@pytest.mark.parametrize("fast", [False, True], ids=["O1", "fast"])
@pytest.mark.parametrize("size", SIZES)
def test_many_numbers_keep_their_bits_and_places(size: int, fast: bool) -> None:  # noqa: FBT001
    draw = random.Random(size)
    for program in (gradient(size), spread(size)):
        native = compile_native(program, ask, (), fast=fast)
        for _ in range(3):
            point = [draw.choice([*SPECIAL, draw.gauss(0, 1)]) for _ in range(program.inputs)]
            assert bits(native(*point)) == bits(evaluate(program, *point))


@pytest.mark.parametrize("wrong", [1, True, None, "1.0", [1.0], 10**400])
@pytest.mark.parametrize("place", [0, 399, 799])
def test_one_wrong_number_among_many_goes_to_the_fallback(wrong: object, place: int) -> None:
    native = compile_native(gradient(800), ask, ())
    point: list[object] = [float(i) for i in range(800)]
    point[place] = wrong
    before = sys.getrefcount(wrong)
    for _ in range(100):
        assert native(*point) == ASKED
    assert abs(sys.getrefcount(wrong) - before) < 50


@pytest.mark.parametrize("make", [gradient, spread])
def test_memory_that_ends_inside_a_long_list_leaves_nothing_behind(
    make: Callable[[int], Program],
) -> None:
    memory = pytest.importorskip("_testcapi")
    program = make(800)
    native = compile_native(program, ask, ())
    point = [0.1 * i for i in range(program.inputs)]
    answer = bits(native(*point))
    failed = 0
    gc.collect()
    before = sys.getallocatedblocks()
    for start in (*range(1, 5), *range(100, 800, 100)):
        memory.set_nomemory(start, start + 1)
        try:
            native(*point)
        except MemoryError:
            failed += 1
        finally:
            memory.remove_mem_hooks()
    gc.collect()
    assert failed > 5
    assert sys.getallocatedblocks() - before < 100
    assert bits(native(*point)) == answer
