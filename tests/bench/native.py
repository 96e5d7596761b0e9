"""Machine code by itself: calls, guards, the kernel against C, compiling by size, a warm start.

Run it pinned to one core: `taskset -c 0 python -m tests.bench.native`. What is compared takes
turns, and a figure is the median of its rounds. Compile times are processor time, each in a fresh
process with nothing in the cache. The kernel is compared with gcc where that is installed.
"""

from __future__ import annotations

import ctypes
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from timeit import Timer
from typing import Final

from fgrad import jit, value_and_grad
from fgrad.calculus import add, mul, sub, total
from fgrad.calculus import tanh as tanh_row
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.kernel import Kernel
from fgrad.compiler.native.machine import machine
from fgrad.compiler.native.stretch import HEAD
from fgrad.compiler.program import Atom, Block, Constant, Guard, Line, Program, Return
from fgrad.container import LEAF as NUMBER
from fgrad.tree import flatten
from tests.bench.jit import POINT, ours

ROUNDS: Final = 15
SIZES: Final = ((1_000, 0.06), (10_000, 0.5), (100_000, 5.0), (1_000_000, 20.0))


def gradient_program() -> Program:
    """The value and gradient of 114 operations."""
    return jit(value_and_grad(ours)).program(*POINT)


def guarded(guards: int) -> Program:
    """A sum, after so many guards on it."""
    held = tuple([Guard("!=", 2, Constant(1e3 + k), outcome=True) for k in range(guards)])
    return Program(2, (Line(add, (0, 1)),), Block((2, *held), Return((2,), NUMBER)))


def straight(size: int) -> Program:
    """Lines of which every fifth is a tanh."""
    lines = []
    for value in range(4, 4 + size):
        kind = value % 5
        near, far = value - 1 - value % 3, max(0, value - 1 - value * 7919 % 3_000)
        row = (tanh_row, add, mul, sub, mul)[kind]
        second: Atom = Constant(0.5) if row is mul else far
        lines.append(Line(row, (near,) if row is tanh_row else (near, second)))
    ends = tuple(range(4 + size - 20, 4 + size))
    steps = (*range(4, 4 + size), 4 + size)
    lines.append(Line(total, ends))
    return Program(4, tuple(lines), Block(steps, Return((4 + size,), NUMBER)))


def wide(size: int) -> Program:
    """The gradient of the sum of so many squares."""
    lines = tuple([Line(add, (value, value)) for value in range(size)])
    outputs = tuple(range(size, 2 * size))
    return Program(size, lines, Block(outputs, Return(outputs, flatten([0.0] * size)[1])))


def nanoseconds(*runs: Callable[[], object]) -> list[float]:
    """The median time of one call of each, in turns."""
    timers = [Timer("run()", globals={"run": run}) for run in runs]
    counts = [max(1, timer.autorange()[0] // 4) for timer in timers]
    rounds = [
        [timer.timeit(count) / count * 1e9 for timer, count in zip(timers, counts, strict=True)]
        for _ in range(ROUNDS)
    ]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def called(f: Callable[..., object], *arguments: str) -> Callable[[], object]:
    """A function that calls `f` a hundred times, so that calling it costs next to nothing."""
    call = f"f({', '.join(arguments)})"
    scope: dict[str, object] = {"f": f}
    exec(f"def run(f=f, x=0.7, y=-0.4):\n    {';'.join([call] * 100)}", scope)  # noqa: S102 - the source is ours
    run: Callable[[], object] = scope["run"]  # type: ignore[assignment]  # just defined
    return run


def compile_it(program: Program) -> Callable[..., object]:
    """The builtin of a program."""
    native = compile_native(program, print, ())
    if native is None:
        raise SystemExit("nothing is native here")
    return native


def measure_calls() -> None:
    """From Python floats to Python floats."""
    gradient = compile_it(gradient_program())
    runs = (lambda x, y: x + y), compile_it(guarded(0)), compile_it(guarded(20)), gradient
    times = nanoseconds(*[called(run, "x", "y") for run in runs])
    plain, floor, held, whole = [time / 100 for time in times]
    print(f"x + y, a Python lambda                {plain:8.1f} ns")
    print(
        f"x + y, native                         {floor:8.1f} ns   {floor / plain:.2f} of that (2)"
    )
    print(f"a guard                               {(held - floor) / 20:8.2f} ns   (6)")
    print(f"value and gradient, 114 operations    {whole:8.1f} ns   (350)")


LOOP: Final = """
define void @loop(ptr %xs, ptr %out, i64 %size) {
entry:
%space = alloca [SPACE x double]
%second = getelementptr double, ptr %space, i64 1
br label %next
next:
%i = phi i64 [ 0, %entry ], [ %following, %next ]
%at = getelementptr double, ptr %xs, i64 %i
%x = load double, ptr %at
store double %x, ptr %space
store double 0xBFD999999999999A, ptr %second
%end = call i32 @kernel(ptr %space, ptr null)
PUT
%following = add i64 %i, 1
%more = icmp ult i64 %following, %size
br i1 %more, label %next, label %done
done:
ret void
}
"""
PUT: Final = """
%from{0} = getelementptr double, ptr %space, i64 {1}
%number{0} = load double, ptr %from{0}
%to{0} = getelementptr double, ptr %out, i64 {0}
store double %number{0}, ptr %to{0}
"""


def loop_text(program: Program) -> str:
    """The kernel of a function of two numbers, in a loop over the first."""
    kernel = Kernel(program)
    put = "".join([PUT.format(i, place) for i, place in enumerate(kernel.places[0])])
    return HEAD + kernel.text() + LOOP.replace("SPACE", str(kernel.space)).replace("PUT", put)


BY_HAND: Final = """
#include <math.h>
void loop(const double *xs, double *out, long size) {
  for (long i = 0; i < size; i++) {
    double x = xs[i], y = -0.4, t = x, s = y, ts[7], ss[7], ds[7], hs[7], ks[7], es[7];
    for (int k = 0; k < 7; k++) {
      double a = x * t + y * s, d = tanh(a), e = d * x, h = (e - y) * 0.5 + t;
      double n = (h * d - s) * 0.25;
      ts[k] = t; ss[k] = s; ds[k] = d; hs[k] = h; ks[k] = n; es[k] = e;
      t = ((n + e) * y - a) * 0.125 + d; s = n;
    }
    double bt = s, bs = t, bx = 1.0, by = 0.0;
    for (int k = 6; k >= 0; k--) {
      double bn = bs + bt * 0.125 * y, be = bt * 0.125 * y, ba = -0.125 * bt, bd = bt;
      by += bt * 0.125 * (ks[k] + es[k]);
      double bh = bn * 0.25 * ds[k], bt_ = bh, bs_ = -0.25 * bn;
      bd += bn * 0.25 * hs[k]; be += 0.5 * bh; by -= 0.5 * bh;
      bd += be * x; bx += be * ds[k]; ba += bd * (1.0 - ds[k] * ds[k]);
      bx += ba * ts[k]; bt = bt_ + ba * x; by += ba * ss[k]; bs = bs_ + ba * y;
    }
    out[0] = t * s + x; out[1] = bx + bt; out[2] = by + bs;
  }
}
"""


GCC: Final = {
    "gcc -O3 -march=native, the same bits": ["-ffp-contract=off"],
    "gcc -O3 -march=native, fused": [],
}


def by_gcc(flags: Sequence[str], folder: str) -> Callable[..., object]:
    """The loop written by hand, as gcc compiles it."""
    source, library = Path(folder, "hand.c"), Path(folder, f"hand{len(flags)}.so")
    source.write_text(BY_HAND)
    usual = ["-O3", "-march=native", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run(["gcc", *usual, *flags, str(source), "-lm"], check=True)  # noqa: S607 - any gcc
    loop = ctypes.CDLL(str(library)).loop
    loop.argtypes, loop.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long], None
    return loop


def measure_kernel() -> None:
    """In a loop of its own, against the derivative written by hand in C."""
    program = gradient_program()
    engine = machine().load([machine().compile(loop_text(program), fast=False)])
    native = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long)
    with tempfile.TemporaryDirectory() as folder:
        loops: list[Callable[..., object]] = [native(engine.get_function_address("loop"))]
        loops += [by_gcc(flags, folder) for flags in GCC.values()]
    xs, out = (ctypes.c_double * 1_000)(*map(math.sin, range(1_000))), (ctypes.c_double * 3)()
    answers = []
    for loop in loops:
        loop(xs, out, 1_000)
        answers.append(list(out))
    for answer in answers:
        if not all(map(partial(math.isclose, rel_tol=1e-9), answer, answers[0])):
            raise SystemExit(f"the derivative by hand is another: {answers}")
    kernel, *times = nanoseconds(*[partial(loop, xs, out, 1_000) for loop in loops])
    print(f"{'the kernel in a loop':37} {kernel / 1e3:8.1f} ns")
    for name, time in zip(GCC, times, strict=True):
        print(f"{name:37} {time / 1e3:8.1f} ns   {kernel / time:.3f} of that (1.05)")


CHILD: Final = """
import resource, sys, time
sys.path.insert(0, ".")
from tests.bench.native import compile_native, guarded, straight, wide
import llvmlite.binding
compile_native(guarded(1), print, ())
program = {"straight": straight, "wide": wide}[sys.argv[1]](int(sys.argv[2]))
before = time.process_time()
native = compile_native(program, print, ())
after = time.process_time()
point = [0.1, 0.2, 0.3, 0.4] * (program.inputs // 4)
native(*point)
begin = time.process_time()
native(*point)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak /= 2**20 if sys.platform == "darwin" else 2**10
print(after - before, peak, time.process_time() - begin)
"""
WARM: Final = """
import sys, time
sys.path.insert(0, ".")
from tests.bench.native import gradient_program
import llvmlite.binding
program = gradient_program()
before = time.process_time()
from fgrad.compiler.native import compile_native
native = compile_native(program, print, ())
print(time.process_time() - before)
"""


def child(code: str, cache: str, *arguments: str) -> list[float]:
    """The numbers that a program prints, in a process of its own."""
    shown = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "FGRAD_CACHE": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(word) for word in shown.stdout.split()]


def measure_compiling() -> None:
    """By size; what it takes beyond the libraries, and the peak of memory with the program."""
    for shape, (size, target) in product(("straight", "wide"), SIZES):
        rounds = [
            child(CHILD, "off", shape, str(size)) for _ in range(3 if size < 1_000_000 else 1)
        ]
        taken, peak, run = (statistics.median(figures) for figures in zip(*rounds, strict=True))
        time = f"{taken:8.3f} s ({target:g})"
        print(f"{size:9,} lines, {shape:8} {time} {peak:6.0f} MB, {run * 1e6:9.1f} us a call")


def measure_warm_start() -> None:
    """The first function of a process that finds its code in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        cache = str(Path(folder, "cache"))
        cold, *more = [child(WARM, cache)[0] * 1e3 for _ in range(ROUNDS)]
    warm = statistics.median(more)
    print(f"first function, cold and warm         {cold:8.1f} ms, {warm:.1f} ms (5)")


def main(wanted: Sequence[str]) -> None:
    """Measure what is wanted, or everything."""
    known = {
        "calls": measure_calls,
        "kernel": measure_kernel if shutil.which("gcc") else lambda: None,
        "warm": measure_warm_start,
        "compiling": measure_compiling,
    }
    for name in wanted or known:
        known[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
