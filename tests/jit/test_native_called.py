"""Rows that machine code calls: whatever their value does, it does what it does in Python."""

from __future__ import annotations

import gc
import math
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any

import pytest

from fgrad import Interval, jit, row
from fgrad.calculus import TABLE, add, fsum, gamma, hypot, mul
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.forms import CALLED
from fgrad.compiler.native.kernel import CHUNK
from fgrad.compiler.program import Block, Constant, Line, Program, Return
from fgrad.container import LEAF
from fgrad.primitive import Primitive, unary
from fgrad.tree import flatten
from tests.jit.reference import ASKED, OWN, SPECIAL, ask, bits, evaluate
from tests.jit.runners import DERIVED, Function, Runner, assert_same, value_and_grad
from tests.jit.test_native_rows import program_of

own_square = row(
    "own_square",
    lambda x: x * x if x < 3 else 1 / (x - 4),
    lambda x, y: 2 * x,
    domain=(Interval(high=2.5),),
)


def twice(x: float, y: float) -> float:
    """A function with rows that are called, one of them twice."""
    return own_square(x) * hypot(x, y) + own_square(y)


def calling(value: Callable[[float], float]) -> Primitive:
    """A row of any value; nobody asks for its slope."""
    return unary("calling", value, lambda x, y: 1)


def compiled(*rows: Primitive, ask: Callable[..., object] = ask) -> Callable[..., Any]:
    """The sum of some rows of the only input, in machine code."""
    ends = tuple(range(1, len(rows) + 1))
    lines = *[Line(one, (0,)) for one in rows], Line(TABLE["total"], ends)
    body = Block((*ends, len(lines)), Return((len(lines),), LEAF))
    return compile_native(Program(1, lines, body), ask, ())


@pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)
def test_a_row_of_ones_own_and_its_derivatives(
    derive: Callable[[Function], Function], runner: Runner
) -> None:
    ends = (0.0, -0.0, 0.5, 2.5, 3.5, 4.0, -math.inf, math.inf, math.nan)
    assert_same(runner, derive(twice), [(x, y) for x in ends for y in ends])


@pytest.mark.parametrize("name", [row.name for row in CALLED])
def test_a_row_that_is_called_keeps_nothing_from_machine_code(name: str) -> None:
    one: Any = TABLE[name]
    size = len(one.partials) * (1 + bool(one.blocks))
    f = lambda x: one([x, 0.5]) if one is fsum else one(*[2.0, x][-size:])
    for g in (f, value_and_grad(f)):
        quick = jit(g, native=True)
        assert bits(quick(3.0)) == bits(g(3.0))
        assert isinstance(quick.func, BuiltinFunctionType)
        assert bits(quick(2.0)) == bits(g(2.0))


def test_an_exception_is_left_to_the_function_itself() -> None:
    for error in (ValueError, ZeroDivisionError, RecursionError, StopIteration, MemoryError):

        def value(x: float, error: type[Exception] = error) -> float:
            if x > 1:
                raise error
            return x

        native = compiled(calling(value), calling(value))
        assert native(1.0) == 2.0
        assert native(2.0) == ASKED
        assert native(0.5) == 1.0


def test_what_is_no_exception_is_not_held_up() -> None:
    def value(x: float) -> float:
        if x > 1:
            raise KeyboardInterrupt
        return x

    asked: list[float] = []
    native = compiled(calling(value), ask=asked.append)
    with pytest.raises(KeyboardInterrupt):
        native(2.0)
    assert not asked
    assert native(1.0) == 1.0


def test_an_answer_that_is_no_plain_float_is_left_to_the_function_itself() -> None:
    class Real(float):
        """A float that is more than a float."""

    answers: list[Any] = [Real(2.0), 2, True, None, "2.0", 2.0]
    for answer in answers:
        native = compiled(calling(lambda _, answer=answer: answer))
        assert native(1.0) == (2.0 if type(answer) is float else ASKED)


def test_operands_and_answers_go_when_they_are_used() -> None:
    def value(x: float) -> float:
        if x == 4.0:
            raise ValueError
        return x if x < 2.0 else [x] if x < 3.0 else x + 1.0  # type: ignore[return-value]  # as may be

    native = compiled(calling(value), gamma, calling(value))

    def blocks() -> int:
        for _ in range(1_000):
            for x in (1.0, 2.0, 3.0, 4.0, -1.0):
                native(x)
        return sys.getallocatedblocks()

    blocks()
    assert abs(blocks() - blocks()) < 100


def test_operands_are_new_objects_that_belong_to_the_value() -> None:
    kept: list[float] = []
    native = compiled(calling(lambda x: kept.append(x) or x))
    for x in SPECIAL:
        native(x)
    assert bits(kept) == bits([*SPECIAL])


def test_a_value_may_call_the_function_that_calls_it() -> None:
    """However deep: what the code needs for its numbers is not on the stack."""
    run = (
        "import sys, threading\n"
        "from tests.jit.test_native_called import *\n"
        "rest = [0.0] * 2_999\n"
        "deep = calling(lambda x: native(x - 1, *rest) + 1 if x else 0.0)\n"
        "body = Block((3_000,), Return((3_000,), LEAF))\n"
        "native = compile_native(Program(3_000, (Line(deep, (0,)),), body), ask, ())\n"
        "threading.stack_size(2**22)\n"
        "found = []\n"
        "thread = threading.Thread(target=lambda: found.append(native(400.0, *rest)))\n"
        "thread.start(), thread.join()\n"
        "print(found)\n"
    )
    ended = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "[400.0]\n"), ended.stderr


def test_two_threads_in_one_function() -> None:
    both = threading.Barrier(2, timeout=30)

    def value(x: float, y: float) -> float:
        both.wait()
        return x - y

    line = Line(calling(value), (0, 1)), Line(hypot, (0, 2)), Line(calling(value), (3, 2))
    program = Program(2, line, Block((2, 3, 4), Return((2, 3, 4), flatten([0.0] * 3)[1])))
    native = compile_native(program, ask, ())
    found: dict[float, Any] = {}

    def work(x: float) -> None:
        found[x] = [native(x, 0.25 * k) for k in range(20)]

    threads = [threading.Thread(target=work, args=(x,)) for x in (3.0, 7.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for x, answers in found.items():
        for k, (left, middle, right) in enumerate(answers):
            assert (left, middle) == (x - 0.25 * k, math.hypot(x, left))
            assert right == middle - left
    assert len(found) == 2


@pytest.mark.parametrize("fast", [False, True], ids=["O1", "fast"])
def test_many_chunks_call_the_same_rows(fast: bool) -> None:  # noqa: FBT001
    size = 2 * CHUNK + 100
    rows = (hypot, add, OWN[0], fsum, mul, gamma)
    made = []
    for value in range(2, size):
        one, operands = rows[value % 6], (value - 1, value - 2)
        if one is OWN[0]:
            made.append(Line(one, operands[:1]))
        elif one is gamma:
            made.append(Line(TABLE["tanh"], operands[:1]))
        else:
            made.append(Line(one, (operands[0], Constant(0.25)) if one is mul else operands))
    made[1_500] = Line(gamma, (0,))
    every = tuple(range(2, size))
    returned = Return(every[::50], flatten([0.0] * len(every[::50]))[1])
    program = Program(2, tuple(made), Block(every, returned))
    native = compile_native(program, ask, (), fast=fast)
    points = [(0.5, 1.5), (2.0, -3.0), (-0.5, 0.25), (1e300, 2.0), (math.nan, 1.0), (-2.0, 0.5)]
    for point in points:
        assert bits(native(*point)) == bits(evaluate(program, *point)), point
    assert native(-2.0, 0.5) == ASKED  # a pole of gamma, in the second chunk
    assert native(0.5, 1.5) != ASKED


def test_more_operands_than_the_stack_should_hold() -> None:
    size = 5_000
    program = program_of(fsum, size)
    native = compile_native(program, ask, ())
    point = [0.1 * k * (-1) ** k for k in range(size)]
    assert bits(native(*point)) == bits(evaluate(program, *point))
    assert native(*point[:-2], math.inf, -math.inf) == ASKED


def test_the_collector_sees_what_a_value_holds() -> None:
    class Thing:
        native: Callable[..., object]

        def value(self, x: float) -> float:
            return x

    thing = Thing()
    thing.native = compiled(calling(thing.value))
    assert thing.native(2.0) == 2.0
    seen = weakref.ref(thing)
    del thing
    gc.collect()
    assert seen() is None


def test_a_value_lives_as_long_as_the_code_that_calls_it() -> None:
    class Value:
        def __call__(self, x: float) -> float:
            return x + 1.0

    value = Value()
    seen = weakref.ref(value)
    native = compiled(calling(value))
    del value
    gc.collect()
    assert native(2.0) == 3.0
    del native
    gc.collect()
    assert seen() is None


def test_one_object_in_the_cache_serves_other_values() -> None:
    """An object knows what it calls by its number, and no address of it."""
    natives = [compiled(calling(lambda x, k=k: x * k)) for k in (2.0, 3.0, 5.0)]
    assert [native(7.0) for native in natives] == [14.0, 21.0, 35.0]


def test_another_process_calls_its_own_values(tmp_path: Path) -> None:
    kept = pickle.dumps(jit(twice, native=True))
    run = (
        "import pickle, sys\n"
        "from tests.jit.test_native_called import twice\n"
        f"quick = pickle.loads({kept!r})\n"
        "for point in ((1.5, 2.0), (2.5, -1.0), (3.5, 0.5)):\n"
        "    assert quick(*point) == twice(*point)\n"
        "print(type(quick.func).__name__)\n"
        "try: quick(1.0, 4.0)\n"
        "except ZeroDivisionError as error: print(error)\n"
    )
    never = "from llvmlite.binding import TargetMachine\nTargetMachine.emit_object = None\n"
    environment = {**os.environ, "FGRAD_CACHE": str(tmp_path / "cache")}
    for code in (run, never + run):
        command = [sys.executable, "-c", code]
        shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert shown.stdout.split("\n")[:2] == [
            "builtin_function_or_method",
            "float division by zero",
        ]
    assert list((tmp_path / "cache").iterdir())
