"""Machine code against the rows' own values, bit for bit; and what keeps it from doing harm."""

from __future__ import annotations

import gc
import itertools
import math
import os
import random
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import BuiltinFunctionType, CellType
from typing import TYPE_CHECKING, Any, Final

import pytest

from fgrad import jit, sin, value_and_grad
from fgrad.calculus import TABLE
from fgrad.compiler.captured import Cell, Global
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.body import NoNativeForm
from fgrad.compiler.native.engine import load
from fgrad.compiler.native.flags import FLAGS
from fgrad.compiler.native.forms import BODIES, INSTRUCTIONS, LIBRARY, NOT_NATIVE, WHOLE
from fgrad.compiler.native.kernel import Kernel
from fgrad.compiler.program import Block, Constant, Fork, Guard, Line, Program, Return
from fgrad.tree import LEAF, flatten

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

pytest.importorskip("llvmlite")

NATIVE: Final = [row for row in TABLE.values() if row not in NOT_NATIVE]
SPECIAL: Final = [
    *(0.0, 1.0, 0.5, 1.5, 2.5, 3.0, 2.0, 1e-310, 5e-324, 1e308, 1e16, 4503599627370497.5),
    *(math.inf, 1e-8, 700.0, 710.0, 745.0, 750.0, 0.1, 0.3, 6.0),
]
SIGNED: Final = [math.nan, *(sign * x for x in SPECIAL for sign in (1.0, -1.0))]


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads what another, or the user, has compiled."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("FGRAD_CACHE", str(folder))


def asked(*args: object, **kwargs: object) -> tuple[object, ...]:
    """The fallback: what it was asked."""
    return "asked", args, kwargs


def compiled(program: Program, fallback: Callable[..., object] = asked, **options: Any) -> Any:
    function = compile_native(program, fallback, options.pop("watched", ()), **options)
    assert function is not None
    return function


def of_row(row: Primitive, width: int) -> Program:
    line = Line(row, tuple(range(width)))
    return Program(width, (line,), Block((width,), Return((width,), LEAF)))


def width(row: Primitive) -> int:
    return {0: len(row.partials), 1: 3, 2: 4}[row.blocks]


def bits(x: float) -> bytes:
    return struct.pack("<d", math.nan if math.isnan(x) else x)


def points(count: int) -> list[tuple[float, ...]]:
    draw = random.Random(count)
    numbers = [draw.gauss(0, 1) * 10 ** draw.uniform(-3, 3) for _ in range(300)]
    whole = [float(draw.randint(-9, 9)) for _ in range(100)]
    found = list(itertools.product(SIGNED, repeat=count)) if count < 3 else []
    for some in (SIGNED, numbers, whole):
        found += [tuple(draw.choice(some) for _ in range(count)) for _ in range(600)]
    return found


def test_every_row_has_a_form_or_a_reason_why_not() -> None:
    forms = [INSTRUCTIONS, LIBRARY, WHOLE, BODIES, NOT_NATIVE]
    several = {"total", "dot", "logsumexp"}
    for name, row in TABLE.items():
        assert sum(row in form for form in forms) + (name in several) == 1, name


@pytest.mark.parametrize("row", NATIVE, ids=lambda row: row.name)
def test_a_row_has_the_bits_of_its_value_or_python_is_asked(row: Primitive) -> None:
    function = compiled(of_row(row, width(row)))
    answered = 0
    for operands in points(width(row)):
        got = function(*operands)
        try:
            expected = row.value(*operands)
        except (ArithmeticError, ValueError):
            assert got == ("asked", operands, {}), operands
            continue
        if isinstance(got, float):
            answered += 1
            assert bits(got) == bits(expected), (operands, got, expected)
    assert answered > 100


@pytest.mark.parametrize("row", NOT_NATIVE, ids=lambda row: row.name)
def test_a_program_with_another_row_has_no_native_form(row: Primitive) -> None:
    assert compile_native(of_row(row, width(row)), asked, ()) is None


def test_what_is_no_float_is_asked_of_python() -> None:
    function = compiled(of_row(TABLE["add"], 2))
    assert function(1.0, 2.0) == 3.0
    for args, kwargs in (
        ((1, 2.0), {}),
        ((True, 2.0), {}),
        ((1.0,), {}),
        ((1.0, 2.0, 3.0), {}),
        ((1.0, "2"), {}),
        ((1.0, 2.0), {"z": 3.0}),
        ((1.0,), {"y": 3.0}),
        ((type("F", (float,), {})(1.0), 2.0), {}),
    ):
        assert function(*args, **kwargs) == ("asked", args, kwargs)


def test_an_error_of_the_fallback_is_raised() -> None:
    function = compiled(of_row(TABLE["div"], 2), lambda x, y: x / y)
    with pytest.raises(ZeroDivisionError):
        function(1.0, 0.0)
    assert function(1.0, 4.0) == 0.25


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">=", "==", "!="])
def test_comparisons_are_python_s(relation: str) -> None:
    returns = [Return((Constant(x),), LEAF) for x in (1.0, 0.0)]
    fork = Program(2, (), Block((), Fork(relation, 0, 1, *(Block((), end) for end in returns))))
    guards = [Program(2, (), Block((Guard(relation, 0, 1, o),), returns[0])) for o in (True, False)]
    forked, held, failed = map(compiled, (fork, *guards))
    for x, y in itertools.product([0.0, -0.0, 1.0, math.inf, math.nan], repeat=2):
        outcome = eval(f"x {relation} y", {"x": x, "y": y})  # noqa: S307 - a comparison
        assert forked(x, y) == float(outcome)
        assert (held(x, y) == 1.0) is outcome
        assert (failed(x, y) == 1.0) is not outcome


def test_an_unused_answer_still_has_its_error() -> None:
    quotient, total = Line(TABLE["div"], (0, 1)), Line(TABLE["add"], (0, 1))
    function = compiled(Program(2, (quotient, total), Block((2, 3), Return((3,), LEAF))))
    assert function(1.0, 2.0) == 3.0
    assert function(1.0, 0.0)[0] == "asked"
    root = Line(TABLE["sqrt"], (0,))
    arms = Block((), Return((2,), LEAF)), Block((), Return((1,), LEAF))
    one_sided = Program(2, (root,), Block((2,), Fork(">", 1, Constant(0.0), *arms)))
    function = compiled(one_sided)
    assert (function(4.0, 1.0), function(4.0, -1.0)) == (2.0, -1.0)
    assert function(-4.0, -1.0)[0] == "asked", "computed before the fork, used on one side only"


TREES: Final[Sequence[Any]] = [
    (),
    [],
    (1.0,),
    [1.0, (2.0, [3.0])],
    {"b": 1.0, "a": (2.0,)},
    (1.0, None, True, "text"),
    [float(i) for i in range(40)],
    tuple((float(i), [0.0]) for i in range(30)),
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_an_answer_is_the_tree_that_it_was(tree: Any) -> None:
    numbers, structure = flatten(tree)
    outputs = tuple(Constant(x) for x in numbers if isinstance(x, float))
    answer = compiled(Program(1, (), Block((), Return(outputs, structure))))(0.0)
    assert answer == tree
    assert repr(answer) == repr(tree)


def test_what_is_watched_is_looked_at() -> None:
    space: dict[str, object] = {"rate": sin}
    cell = CellType(asked)
    watched = [Cell(cell, asked), Global(space, "rate", sin)]
    function = compiled(of_row(TABLE["add"], 2), watched=watched)
    assert function(1.0, 2.0) == 3.0
    space["rate"] = asked
    assert function(1.0, 2.0)[0] == "asked"
    del space["rate"]
    assert function(1.0, 2.0)[0] == "asked"
    space["rate"] = sin
    assert function(1.0, 2.0) == 3.0
    cell.cell_contents = None
    assert function(1.0, 2.0)[0] == "asked"
    del cell.cell_contents
    assert function(1.0, 2.0)[0] == "asked"


def long_program(count: int, inputs: int = 2) -> Program:
    """A chain with a root now and then, which may raise, and a guard."""
    lines: list[Line] = []
    steps: list[int | Guard] = []
    rows = TABLE["mul"], TABLE["add"], TABLE["sqrt"], TABLE["sub"]
    for i in range(count):
        row = rows[i % 4]
        last = inputs + i - 1 if i else 0
        lines.append(Line(row, (last,) if row is rows[2] else (last, i % inputs)))
        steps.append(inputs + i)
        if i % 50 == 3:
            steps.append(Guard("<", inputs + i, Constant(1e9), outcome=True))
    ends = inputs + count - 1, inputs + count // 2
    return Program(inputs, tuple(lines), Block(tuple(steps), Return(ends, flatten((1.0, 2.0))[1])))


def by_hand(program: Program, numbers: Sequence[float]) -> list[float]:
    values = list(numbers)
    for line in program.lines:
        operands = [values[x] if isinstance(x, int) else x.value for x in line.operands]
        values.append(line.row.value(*operands))
    end = program.body.end
    assert isinstance(end, Return)
    return [values[x] for x in end.outputs if isinstance(x, int)]


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("inputs", [2, 30])
def test_a_long_program_is_cut_and_is_the_same(inputs: int, quick: bool) -> None:  # noqa: FBT001
    program = long_program(5_000, inputs)
    function = compiled(program, quick=quick)
    numbers = [0.9 + i / 100 for i in range(inputs)]
    assert list(function(*numbers)) == by_hand(program, numbers)
    assert function(1e30, *numbers[1:])[0] == "asked", "a guard fails"


def test_a_value_that_both_sides_compute_crosses_from_part_to_part() -> None:
    def f(x: Any, y: Any) -> Any:
        t = x * y
        for _ in range(1_200):
            t = t * 0.5 + x
        z = sin(t)
        if y > 0:
            return [z * t, sin(y)]
        for _ in range(1_200):
            t = t * 0.25 + y
        return [z + t, sin(y)]

    quick = jit(f, native=True)
    for point in ((0.5, 1.0), (0.5, -1.0), (0.25, 2.0), (0.75, -2.0)):
        assert quick(*point) == f(*point)
        assert quick(*point) == f(*point)


def test_a_function_of_floats_is_called_with_no_python_in_between() -> None:
    rate = 0.5
    for f in (lambda x, y: x + y, value_and_grad(lambda x, y: sin(x) * y * rate)):
        quick = jit(f, native=True)
        assert quick(1.0, 2.0) == f(1.0, 2.0)
        assert isinstance(quick.func, BuiltinFunctionType)
        assert quick(3.0, 2.0) == f(3.0, 2.0)


# The store.


def files(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).iterdir() if path.is_file())


def test_what_was_compiled_once_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    program = long_program(40)
    first = compiled(program)(0.9, 0.8)
    kept = files(os.environ["FGRAD_CACHE"])
    assert len(kept) == 1
    monkeypatch.setattr("fgrad.compiler.native.engine._Compiler.compile", asked)
    assert compiled(program)(0.9, 0.8) == first


@pytest.mark.parametrize("harm", ["truncated", "changed", "swapped", "empty"])
def test_what_was_tampered_with_is_compiled_again(harm: str) -> None:
    program, other = long_program(40), long_program(44)
    first = compiled(program)(0.9, 0.8)
    (path,) = files(os.environ["FGRAD_CACHE"])
    content = path.read_bytes()
    if harm == "swapped":
        compiled(other)
        (strange,) = [file for file in files(os.environ["FGRAD_CACHE"]) if file != path]
        path.write_bytes(strange.read_bytes())
    else:
        changed = bytes([*content[:-9], content[-9] ^ 1, *content[-8:]])
        path.write_bytes({"truncated": content[:-1], "changed": changed}.get(harm, b""))
    assert compiled(program)(0.9, 0.8) == first
    assert path.read_bytes() == content


def test_the_store_can_be_turned_off_and_is_never_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    not_a_folder = tmp_path / "file"
    not_a_folder.write_text("")
    for said in ("off", str(open_to_all), str(not_a_folder)):
        monkeypatch.setenv("FGRAD_CACHE", said)
        assert compiled(long_program(8))(0.9, 0.8)
    assert not list(open_to_all.iterdir())
    fresh = tmp_path / "caches"
    monkeypatch.delenv("FGRAD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(fresh))
    assert compiled(long_program(8))(0.9, 0.8)
    if sys.platform != "darwin":
        assert (fresh / "fgrad").stat().st_mode & 0o777 == 0o700
        assert len(files(str(fresh / "fgrad"))) == 1


# Life.


def test_kernels_run_in_many_threads_at_once() -> None:
    program = long_program(3_000)
    function = compiled(program)
    wrong: list[object] = []

    def work(seed: int) -> None:
        draw = random.Random(seed)
        mine = compiled(of_row(TABLE["add"], 2))
        for _ in range(50):
            x, y = draw.uniform(0.5, 1), draw.uniform(0.5, 1)
            if list(function(x, y)) != by_hand(program, (x, y)) or mine(x, y) != x + y:
                wrong.append((x, y))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_function_that_is_dropped_takes_its_code_with_it() -> None:
    class Witness:
        def __call__(self, *_: object) -> object:
            return holder

    holder: list[Any] = []
    witness = Witness()
    function = compiled(of_row(TABLE["add"], 2), witness)
    holder.append(function)  # a cycle through the machine code's own tuple
    codes = sum(type(x).__name__ == "Code" for x in gc.get_objects())
    del function, witness
    holder.clear()
    gc.collect()
    assert sum(type(x).__name__ == "Code" for x in gc.get_objects()) < codes


def test_the_program_ends_in_peace_with_code_alive() -> None:
    code = """
from fgrad import jit, sin, value_and_grad
f = jit(lambda x, y: sin(x) * y, native=True)
assert f(1.0, 2.0) == f(1.0, 2.0)
import os
if os.fork() == 0:
    assert f(1.0, 2.0) == jit(lambda x, y: sin(x) * y, native=True)(1.0, 2.0)
    os._exit(0)
assert os.wait()[1] == 0
print("done")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("done\n", "", 0)


def test_without_llvmlite_it_is_python_and_a_warning_says_so_once() -> None:
    code = """
import sys, warnings
sys.modules["llvmlite"] = None
from fgrad import jit
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    assert [jit(lambda x: x * x, native=True)(3.0) for _ in range(3)] == [9.0] * 3
assert len(said) == 1 and "fgrad[native]" in str(said[0].message), said
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stderr, run.returncode) == ("", 0)


def test_a_row_without_a_form_is_named() -> None:
    with pytest.raises(NoNativeForm):
        Kernel(of_row(TABLE["gamma"], 1))


def test_text_that_is_no_program_is_refused() -> None:
    assert FLAGS is not None
    with pytest.raises(RuntimeError):
        load(["define nonsense"], quick=True)
