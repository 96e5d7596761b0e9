"""fgrad as a typed importer meets it: what the checkers accept, what they reject, what runs."""

import json
import os
import runpy
import subprocess
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONSUMER = HERE / "consumer.py"
REJECTS = HERE / "rejects.py"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this interpreter's environment in the top folder."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def mypy_errors(path: Path) -> dict[int, str]:
    """The errors that mypy reports in a file, by line."""
    done = run("mypy", "--strict", "--output=json", str(path))
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines() if line]
    return {
        r["line"]: r["message"]
        for r in reports
        if r["severity"] == "error" and path.samefile(ROOT / r["file"])
    }


def pyright_errors(path: Path) -> dict[int, str]:
    """The errors that pyright reports in a file, by line."""
    done = run("pyright", "--outputjson", str(path))
    try:
        reports = json.loads(done.stdout)["generalDiagnostics"]
    except ValueError:
        reason = f"pyright does not run here (it needs node.js): {done.stderr}"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    return {
        r["range"]["start"]["line"] + 1: r["message"] for r in reports if r["severity"] == "error"
    }


def marked(*marks: str) -> set[int]:
    """The lines of rejects.py that end in one of the marks."""
    lines = REJECTS.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith(marks)}


def test_mypy_accepts_the_consumer() -> None:
    assert mypy_errors(CONSUMER) == {}


def test_pyright_accepts_the_consumer() -> None:
    assert pyright_errors(CONSUMER) == {}


def test_mypy_rejects_the_marked_lines_and_no_other() -> None:
    errors, expected = mypy_errors(REJECTS), marked("# E", "# E mypy")
    assert set(errors) == expected, errors


def test_pyright_rejects_the_marked_lines_and_no_other() -> None:
    errors, expected = pyright_errors(REJECTS), marked("# E")
    assert set(errors) == expected, errors


def conforms(value: object, declared: object) -> bool:
    """Whether a value is what a type says, looking inside containers: a float is no Node or int."""
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if origin in {typing.Union, types.UnionType}:
        return any(conforms(value, argument) for argument in arguments)
    if origin is tuple and arguments[-1:] != (...,):
        return (
            type(value) is tuple
            and len(value) == len(arguments)
            and all(map(conforms, value, arguments))
        )
    if origin is dict:
        return type(value) is dict and all(
            conforms(key, arguments[0]) and conforms(item, arguments[1])
            for key, item in value.items()
        )
    if origin is not None:
        assert isinstance(origin, type), declared
        return (
            isinstance(value, origin)
            and isinstance(value, Sequence)
            and all(conforms(item, arguments[0]) for item in value)
        )
    assert isinstance(declared, type), declared
    own = declared.__module__ == CONSUMER.stem
    fields: Mapping[str, object] = typing.get_type_hints(declared) if own else {}
    return type(value) is declared and all(
        conforms(getattr(value, name), hint) for name, hint in fields.items()
    )


def test_the_consumer_runs_and_every_result_is_what_its_type_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asserted: list[tuple[object, object]] = []
    wrong: list[tuple[object, object]] = []

    def checked(value: object, declared: object) -> object:
        asserted.append((value, declared))
        if not conforms(value, declared):
            wrong.append((value, declared))
        return value

    monkeypatch.setattr(typing, "assert_type", checked)
    runpy.run_path(str(CONSUMER), run_name=CONSUMER.stem)
    statements = CONSUMER.read_text(encoding="utf-8").splitlines()
    assert len(asserted) >= sum(line.startswith("assert_type(") for line in statements)
    assert not wrong
