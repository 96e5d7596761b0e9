"""The exercise's tests against a Value that is half done: they grade it, and say what fails."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HALF_DONE = """\
class Value:
    def __init__(self, data, children=()):
        self.data, self.children, self.grad = float(data), children, 0.0

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other))

    def backwards(self, slope=1.0):  # right for sums, but along every way
        self.grad += slope
        for child in self.children:
            child.backwards(slope)
"""


@pytest.fixture(scope="module")
def half_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose exercise has no more than a Value, though there is code that needs an MLP."""
    folder = tmp_path_factory.mktemp("half_done")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "tests" / "exercise", folder / "tests" / "exercise")
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    (folder / "fgrad").mkdir()
    (folder / "fgrad" / "__init__.py").touch()
    (folder / "fgrad" / "exercise.py").write_text(HALF_DONE)
    (folder / "fgrad" / "demo.py").write_text("from fgrad.exercise import MLP")
    return folder


def graded(folder: Path, marker: str) -> str:
    """What `pytest -m marker` says."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", marker],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_the_first_exercise_is_graded_before_the_third_is_begun(half_done: Path) -> None:
    said = graded(half_done, "ex1")
    assert re.search(r"= \d+ failed, \d+ passed in ", said), said
    assert "TypeError: unsupported operand type(s) for *: 'Value' and 'Value'" in said


def test_following_every_way_is_said_and_not_waited_for(half_done: Path) -> None:
    said = graded(half_done, "ex2")
    assert re.search(r"= \d+ failed, \d+ passed in ", said), said
    assert "does it follow each of the 2 ** 40 ways to x" in said


def test_a_loop_without_end_is_said_and_not_waited_for(half_done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "endless"
    shutil.copytree(half_done, folder)
    endless = "    def backwards(self):\n        while True:\n            pass\n"
    done, _ = HALF_DONE.split("    def backwards")
    (folder / "fgrad" / "exercise.py").write_text(done + endless)
    conftest = folder / "tests" / "exercise" / "conftest.py"
    conftest.write_text(conftest.read_text().replace("PATIENCE = 20.0", "PATIENCE = 0.5"))
    said = graded(folder, "ex2")
    assert re.search(r"= \d+ failed, \d+ passed in |= \d+ failed in ", said), said
    assert "exercise.py: is there a loop without end?" in said


def test_what_the_third_exercise_lacks_is_named(half_done: Path) -> None:
    assert "cannot import name 'MLP' from 'fgrad.exercise'" in graded(half_done, "ex3")
