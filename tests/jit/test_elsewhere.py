"""What a traced function does where its trace does not hear of it, or could not tell apart."""

from __future__ import annotations

import contextvars
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from operator import length_hint
from pathlib import Path
from typing import Any

import pytest

from fgrad import grad, jit, relu, value
from fgrad.compiler.captured import Captured
from fgrad.compiler.compiled import _ALL
from fgrad.compiler.native.cache import MOST, Cache, digest
from tests.jit.runners import NO_NATIVE


def folded(x: Any) -> Any:
    return x * 2.0 if x > 0 else -x


def in_a_pool(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return x + pool.submit(f, x).result()

    return run


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "f",
    [
        in_a_pool(folded),
        in_a_pool(value),
        in_a_pool(lambda x: grad(lambda y: relu(y) * y)(x)),
        lambda x: contextvars.Context().run(folded, x),
    ],
)
def test_a_branch_in_another_thread_or_context(f: Callable[[Any], Any], *, native: bool) -> None:
    quick = jit(f, native=native)
    points = (1.0, -1.0, 2.0, -2.0)
    assert [quick(x) for x in points] == [f(x) for x in points]


RATE = [2.0]


@dataclass
class Line:
    slope: float

    def at(self, x: float) -> float:
        return self.slope * x * RATE[0]

    @jit
    def compiled(self, x: float) -> float:
        return self.at(x)


@pytest.mark.parametrize("f", [jit(lambda line, x: line.at(x)), Line.compiled])
def test_what_the_methods_of_a_tree_read(f: Callable[[Line, float], float]) -> None:
    RATE[0] = 2.0
    assert f(Line(1.0), 3.0) == 6.0
    RATE[0] = 10.0
    assert f(Line(1.0), 3.0) == 30.0


class Scaled(float):
    scale: float


def test_numbers_that_hold_more_than_they_show() -> None:
    a, b = Scaled(2.0), Scaled(2.0)
    a.scale, b.scale = 1.0, 5.0
    quick = jit(lambda x, k: x * k.scale)
    assert [quick(3.0, a), quick(3.0, b)] == [3.0, 15.0]


def test_an_answer_nested_too_deep_to_be_compiled() -> None:
    def nested(x: Any) -> Any:
        for _ in range(900):
            x = [x]
        return x

    assert repr(jit(nested)(1.0)) == repr(nested(1.0))


@pytest.mark.parametrize("levels", [49, 50, 51, 199, 250])
@pytest.mark.parametrize("native", [False, True])
def test_a_deep_answer_is_compiled_like_any_other(levels: int, *, native: bool) -> None:
    own = iter(range(100))  # which nobody looks into

    def nested(x: Any) -> Any:
        next(own)
        tree = [x, {"a": (2.0 * x, "text")}, []]
        for level in range(levels):
            tree = [tree, x + level] if level % 2 else {"below": tree, "x": x - level}
        return tree

    expected = repr(nested(3.0))
    quick = jit(nested, native=native)
    quick(1.0)
    assert repr(quick(3.0)) == expected
    assert length_hint(own) == 97


FACTOR = 2.0
STEP = 0


def test_a_global_that_nobody_reads_beside_a_function_that_is_machine_code() -> None:
    global FACTOR, STEP  # noqa: PLW0603 - which is the point
    inner = jit(lambda x: x * FACTOR, native=True)
    assert [inner(1.0), inner(2.0)] == [2.0, 4.0]
    captured = Captured(lambda x: inner(x) + 1.0)
    STEP = 1
    assert not captured.changed()
    FACTOR = 5.0
    assert captured.changed()


def test_the_cache_leaves_files_that_are_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    for i in range(MOST + 1):
        (tmp_path / f"thesis{i}.txt").touch()
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path))
    cache = Cache()
    cache.put(digest(b"key"), b"content")
    assert cache.get(digest(b"key")) == b"content"
    assert len(list(tmp_path.glob("thesis*"))) == MOST + 1


def test_a_pipe_in_the_place_of_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path))
    os.mkfifo(tmp_path / digest(b"key").hex())
    assert Cache().get(digest(b"key")) is None


def assert_ends(child: int) -> None:
    for _ in range(300):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child waits for a lock that nobody will release")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of threads, from 3.12 on
def test_a_child_that_was_forked_while_another_thread_compiled() -> None:
    quick = jit(folded, native=False)
    quick(1.0)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for compiled in tuple(_ALL):
                stack.enter_context(compiled._lock)  # noqa: SLF001 - as by a thread that compiles
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if quick(-1.0) == 1.0 else 1)
    done.set()
    thread.join()
    assert_ends(child)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of threads, from 3.12 on
@NO_NATIVE
def test_a_child_that_was_forked_while_llvmlite_let_go_of_code() -> None:
    from llvmlite.binding import ffi

    assert jit(lambda x: x + 1.0, native=True)(1.0) == 2.0
    inside = threading.Event()

    def dispose() -> None:
        with ffi.lib._lock:  # noqa: SLF001 - as when an engine goes, in any thread
            inside.set()
            time.sleep(0.5)

    thread = threading.Thread(target=dispose)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if jit(lambda x: x + 3.0, native=True)(1.0) == 4.0 else 1)
    thread.join()
    assert_ends(child)


FORK_IN_AN_IMPORT = """
import os, signal, sys, threading, time, warnings
from fgrad import jit

inside = threading.Event()

class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "fgrad.compiler.native.builtin":
            inside.set()
            time.sleep(0.5)

sys.meta_path.insert(0, Slow)
warnings.simplefilter("ignore")
thread = threading.Thread(target=lambda: jit(lambda x: x + 1.0, native=True)(1.0))
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)
    os._exit(int(jit(lambda x: x + 3.0, native=True)(1.0)))
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@NO_NATIVE
def test_a_child_that_was_forked_while_another_thread_imported_the_compiler() -> None:
    command = [sys.executable, "-c", FORK_IN_AN_IMPORT]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout == "4\n"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of threads, from 3.12 on
def test_a_child_that_was_forked_while_another_thread_traced_collects_garbage() -> None:
    inside, done = threading.Event(), threading.Event()

    def f(x: Any) -> Any:
        if gc.isenabled():
            return x * 2.0  # the run on floats
        inside.set()
        done.wait()
        return x * 2.0

    quick = jit(f)
    thread = threading.Thread(target=quick, args=(1.0,))
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        done = threading.Event()
        done.set()
        again = threading.Thread(target=quick, args=(1.0,))  # gets the number of the other
        again.start()
        again.join()
        os._exit(0 if gc.isenabled() and quick._compiled[1].program else 1)  # noqa: SLF001 - no user sees it
    done.set()
    thread.join()
    assert gc.isenabled()
    assert_ends(child)


AT_THE_END = """
import sys
from fgrad import jit

class Late:
    def __del__(self, quick=jit(lambda x: x * 2.0, native=True)):
        print(quick(1.0), quick(2.0))

sys.modules["late"] = Late()
"""


def test_nothing_is_missing_at_the_end_of_the_interpreter() -> None:
    command = [sys.executable, "-c", AT_THE_END]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (shown.stdout, shown.stderr) == ("2.0 4.0\n", "")
