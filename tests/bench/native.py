"""Machine code by itself: against C, by the guard, by the size of a program, and from the store.

Run it pinned to one core: `taskset -c 0 python tests/bench/native.py`; it needs gcc and llvmlite.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from timeit import Timer
from typing import Any, Final

from fgrad import jit, value_and_grad
from fgrad.compiler.native import compile_native
from fgrad.compiler.native.engine import load
from fgrad.compiler.native.kernel import Kernel
from fgrad.compiler.program import Constant, Program, Return
from tests.bench.jit import POINT, ours

ROUNDS: Final = 15
SIGNS: Final = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
DRIVER: Final = """
#include <math.h>
void by_hand(const double *in, double *out) {{
{body}
}}
double repeat(int (*kernel)(const double *, double *, double *), int count) {{
    double in[2], out[4], sum = 0;
    for (int i = 0; i < count; i++) {{
        in[0] = {x} + i * 1e-9; in[1] = {y};
        kernel(in, out, 0);
        sum += out[0] + out[1] + out[2];
    }}
    return sum;
}}
"""


def as_c(program: Program) -> str:
    """The lines of a program as C."""

    def spelled(x: object) -> str:
        return f"v{x}" if isinstance(x, int) else repr(x.value if isinstance(x, Constant) else x)

    lines = [f"double v{i} = in[{i}];" for i in range(program.inputs)]
    for i, line in enumerate(program.lines, program.inputs):
        a, *b = (spelled(x) for x in line.operands)
        name = line.row.name
        value = f"{a} {SIGNS[name]} {b[0]}" if name in SIGNS else f"{name}({a})"
        lines.append(f"double v{i} = {'-' + a if name == 'neg' else value};")
    end = program.body.end
    assert isinstance(end, Return)
    return "\n".join([*lines, *(f"out[{i}] = v{x};" for i, x in enumerate(end.outputs))])


def against_c(*more: str) -> None:
    """A loop of C around the kernel, and around the same lines compiled by gcc."""
    program = jit(value_and_grad(ours)).program(*POINT)
    code = load(Kernel(program).modules(""), quick=False)
    kernel = ctypes.c_void_p(code._engine.get_function_address("kernel"))  # noqa: SLF001
    count = 20_000
    with tempfile.TemporaryDirectory() as folder:
        c = compiled_by_gcc(program, folder, *more)
        times = [
            (seconds(lambda: c.repeat(kernel, count)), seconds(lambda: c.repeat(c.by_hand, count)))
            for _ in range(ROUNDS)
        ]
    mine, theirs = (statistics.median(x) / count * 1e9 for x in zip(*times, strict=True))
    name = " ".join(["gcc -O3 -march=native", *more])
    print(f"in a loop of C: {mine:.1f} ns, {name}: {theirs:.1f} ns, ratio {mine / theirs:.3f}")


def compiled_by_gcc(program: Program, folder: str, *more: str) -> ctypes.CDLL:
    """The library of a program's lines in C, and the loop."""
    source, library = Path(folder, "a.c"), Path(folder, "a.so")
    source.write_text(DRIVER.format(body=as_c(program), x=POINT[0], y=POINT[1]))
    flags = ["-O3", "-march=native", "-shared", "-fPIC", *more]
    subprocess.run(["gcc", *flags, source, "-o", library, "-lm"], check=True)  # noqa: S607
    c = ctypes.CDLL(str(library))
    c.repeat.restype = ctypes.c_double
    return c


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = perf_counter()
    run()
    return perf_counter() - begin


def guards() -> None:
    """What a guard costs: 64 products with a comparison of each, and without."""

    def f(x: Any, *, compare: bool) -> Any:
        product = x
        for _ in range(64):
            product = product * x
            if compare and product > 1e9:
                return x
        return product

    programs = [jit(f).program(1.0, compare=compare) for compare in (True, False)]
    functions = [compile_native(program, print, ()) for program in programs]
    timers = [Timer("g(1.0)", globals={"g": function}) for function in functions]
    rounds = [[timer.timeit(50_000) / 50_000 for timer in timers] for _ in range(ROUNDS)]
    with_guards, without = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"a guard: {(with_guards - without) / 64 * 1e9:.2f} ns")


SIZE: Final = """
import resource, sys, time
from fgrad import jit, sin
import llvmlite.binding
def f(x, y, rounds):
    t = x
    for i in range(rounds):
        t = t * y + x - 0.5 * t
        t = t * 1.0009765625 if i % 20 else sin(t)
    return t
count = int(sys.argv[1])
begin = time.perf_counter()
quick = jit(f, native=True)
first = quick(0.7, 0.3, count // 5)
ready = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
assert quick(0.7, 0.3, count // 5) == first == f(0.7, 0.3, count // 5)
lines = len(quick.program(0.7, 0.3, count // 5).lines) if count < 1_000_000 else count
print(f"{lines:>9} lines: {ready:7.3f} s from the call to machine code, peak {peak:.2f} GiB")
"""


def sizes() -> None:
    """Trace, lower, compile: by the number of lines, each in a process of its own."""
    for count in (1_000, 10_000, 100_000, 1_000_000):
        command = [sys.executable, "-c", SIZE, str(count)]
        subprocess.run(command, check=True, env={**os.environ, "FGRAD_CACHE": "off"})


def warm() -> None:
    """The first compiled call, with nothing in the store and with all of it."""
    program = jit(value_and_grad(ours)).program(*POINT)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FGRAD_CACHE"] = folder
        Path(folder).chmod(0o700)
        cold = seconds(lambda: compile_native(program, print, ()))
        again = min(seconds(lambda: compile_native(program, print, ())) for _ in range(ROUNDS))
    print(
        f"{len(program.lines)} lines: cold {cold * 1e3:.1f} ms, from the store {again * 1e3:.2f} ms"
    )


if __name__ == "__main__":
    os.environ["FGRAD_CACHE"] = "off"
    against_c("-ffp-contract=off")  # the same bits
    against_c()
    guards()
    warm()
    os.environ["FGRAD_CACHE"] = "off"
    sizes()
