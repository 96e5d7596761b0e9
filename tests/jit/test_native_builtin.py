"""The builtin around a kernel: its arguments, what it watches, and how long things live."""

from __future__ import annotations

import gc
import os
import random
import resource
import subprocess
import sys
import threading
import weakref
from types import CellType

import pytest

from fgrad.calculus import add, div, exp, mul, tanh
from fgrad.compiler.captured import Cell, Global
from fgrad.compiler.native import compile_native, function
from fgrad.compiler.native.kernel import CHUNK
from fgrad.compiler.program import Block, Constant, Line, Program, Return
from fgrad.container import LEAF
from fgrad.tree import flatten
from tests.jit.reference import ASKED, ask, bits, evaluate

SUM = Program(2, (Line(add, (0, 1)),), Block((2,), Return((2,), LEAF)))
QUOTIENT = Program(2, (Line(div, (0, 1)),), Block((2,), Return((2,), LEAF)))


class Real(float):
    """A float that is more than a float."""


def echo(*args: object, **kwargs: object) -> object:
    return args, kwargs


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((1.0,), {}),
        ((1.0, 2.0, 3.0), {}),
        ((1.0, 2), {}),
        ((True, 2.0), {}),
        ((1.0, Real(2.0)), {}),
        ((1.0, None), {}),
        ((1.0, [2.0]), {}),
        ((1.0,), {"y": 2.0}),
        ((), {"x": 1.0, "y": 2.0}),
        ((1.0, 2.0), {"z": 3.0}),
    ],
)
def test_whatever_is_not_as_many_floats_goes_to_the_fallback(
    args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    native = compile_native(SUM, echo, ())
    assert native(1.0, 2.0) == 3.0
    assert native(*args, **kwargs) == (args, kwargs)


def test_the_fallback_raises_with_its_own_traceback() -> None:
    native = compile_native(QUOTIENT, lambda x, y: x / y, ())
    assert native(1.0, 4.0) == 0.25
    with pytest.raises(ZeroDivisionError) as caught:
        native(1.0, 0.0)
    assert caught.traceback[-1].path.name == "test_native_builtin.py"


def test_a_program_without_inputs() -> None:
    native = compile_native(Program(0, (), Block((), Return((Constant(-0.0),), LEAF))), echo, ())
    assert str(native()) == "-0.0"
    assert native(1.0) == ((1.0,), {})


def test_a_cell_that_changed() -> None:
    cell = CellType(content := [1])
    native = compile_native(SUM, ask, (Cell(cell, content),))
    assert native(1.0, 2.0) == 3.0
    for other in ([1], None):
        cell.cell_contents = other
        assert native(1.0, 2.0) == ASKED
    del cell.cell_contents
    assert native(1.0, 2.0) == ASKED
    cell.cell_contents = content
    assert native(1.0, 2.0) == 3.0


def test_a_global_that_changed() -> None:
    space: dict[str, object] = {"a": 1.5, "b": ask, "c": None}
    native = compile_native(SUM, ask, [Global(space, name, x) for name, x in space.items()])
    assert native(1.0, 2.0) == 3.0
    for name, was in [*space.items()]:
        space[name] = object()
        assert native(1.0, 2.0) == ASKED
        del space[name]
        assert native(1.0, 2.0) == ASKED
        space[name] = was
        assert native(1.0, 2.0) == 3.0


def test_a_space_whose_keys_raise_is_no_error() -> None:
    class Key:
        def __hash__(self) -> int:
            return hash("a")

        def __eq__(self, other: object) -> bool:
            raise ValueError

    space: dict[object, object] = {Key(): 1}
    native = compile_native(SUM, ask, [Global(space, "a", 1)])
    assert native(1.0, 2.0) == ASKED


def test_what_is_held_lives_as_long_as_the_builtin() -> None:
    class Thing:
        pass

    thing, cell = Thing(), CellType(Thing())
    seen = [weakref.ref(thing), weakref.ref(cell.cell_contents)]
    body = Block((), Return((0,), flatten((1.0, thing.__init__))[1]))
    native = compile_native(Program(1, (), body), ask, [Cell(cell, cell.cell_contents)])
    del thing, cell, body
    gc.collect()
    assert native(2.0)[0] == 2.0
    assert all(reference() is not None for reference in seen)
    del native
    gc.collect()
    assert not any(reference() is not None for reference in seen)


def test_the_collector_sees_a_cycle_and_a_finalizer_may_still_call() -> None:
    answers = []

    class Jitted:
        def __init__(self) -> None:
            self.native = compile_native(SUM, self.ask, ())

        def ask(self, *_: object) -> str:
            return ASKED

        def __del__(self) -> None:
            answers.append((self.native(1.0, 2.0), self.native(1)))

    jitted = Jitted()
    seen = weakref.ref(jitted)
    del jitted
    gc.collect()
    assert seen() is None
    assert answers == [(3.0, ASKED)]


def test_a_fallback_may_drop_the_builtin_that_called_it() -> None:
    natives = []
    natives.append(compile_native(SUM, lambda *_: natives.clear(), ()))
    assert natives[0](1) is None
    gc.collect()
    assert not natives


def resident() -> int:
    """The memory that this process has, in bytes."""
    if not os.path.exists("/proc/self/statm"):  # noqa: PTH110
        pytest.skip("memory is measured on Linux")
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize()


def test_functions_that_come_and_go_leave_no_memory_behind() -> None:
    def drop(count: int) -> int:
        for _ in range(count):
            compile_native(SUM, ask, ())(1.0, 2.0)
        return resident()

    drop(50)
    assert drop(150) - drop(1) < 2**19


def test_machine_code_that_is_made_anew_leaves_little_behind() -> None:
    def drop(numbers: range) -> int:
        for number in numbers:
            lines = (Line(mul, (0, Constant(float(number)))),)
            compile_native(Program(1, lines, Block((1,), Return((1,), LEAF))), ask, ())
        gc.collect()
        return resident()

    before = drop(range(1_000_000, 1_000_050))
    assert drop(range(1_000_050, 1_000_250)) - before < 200 * 10_000


def test_threads_that_compile_and_call_at_once() -> None:
    found: list[object] = []

    def work(seed: int) -> None:
        draw = random.Random(seed)
        made = (Line(mul, (0, Constant(draw.random()))), Line(tanh, (1,)), Line(exp, (2,)))
        program = Program(1, made, Block((1, 2, 3), Return((3, 1), flatten((0.0, 0.0))[1])))
        native = compile_native(program, ask, ())
        for _ in range(200):
            x = draw.gauss(0, 2)
            found.append(bits(native(x)) == bits(evaluate(program, x)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 1_600


def test_a_kernel_of_many_chunks_can_be_entered_again() -> None:
    size = CHUNK + 200
    made = (Line(exp, (0,)), *[Line(mul, (i, Constant(0.999))) for i in range(1, size)])
    body = Block(tuple(range(1, size + 1)), Return((size,), LEAF))
    program = Program(1, made, body)
    native = compile_native(program, lambda x: native(x - 200.0), ())
    assert bits(native(800.0)) == bits(evaluate(program, 600.0))


def test_an_interpreter_that_ends_with_compiled_functions_alive() -> None:
    run = (
        "from tests.jit.test_native_builtin import SUM, compile_native\n"
        "class Last:\n"
        "    def __del__(self): print(self.native(1.0, 2.0), self.native(1))\n"
        "last = Last(); last.native = compile_native(SUM, lambda *_: last and 'asked', ())\n"
        "Last.kept = last\n"
    )
    ended = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("3.0 ")


def test_a_forked_child_compiles_too() -> None:
    native = compile_native(SUM, ask, ())
    child = os.fork()
    if not child:
        fresh = compile_native(QUOTIENT, ask, ())
        os._exit(0 if native(1.0, 2.0) == 3.0 and fresh(1.0, 2.0) == 0.5 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_an_interpreter_of_another_kind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function.layout, "FLOAT", 0)
    function.is_possible.cache_clear()
    assert compile_native(SUM, ask, ()) is None
    monkeypatch.undo()
    function.is_possible.cache_clear()
    assert compile_native(SUM, ask, ())(1.0, 2.0) == 3.0


def test_without_llvmlite() -> None:
    run = (
        "import sys\n"
        "sys.modules['llvmlite'] = None\n"
        "import fgrad.compiler.native as native\n"
        "from fgrad.compiler.program import *\n"
        "from fgrad.container import LEAF\n"
        "try: native.compile_native(Program(1, (), Block((), Return((0,), LEAF))), print, ())\n"
        "except ImportError as error: print(error.name)\n"
        "assert 'numpy' not in sys.modules\n"
    )
    ended = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("llvmlite")
