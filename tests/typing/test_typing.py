"""fgrad as a typed importer meets it: what the checkers accept, what they reject, what runs."""

import json
import os
import re
import runpy
import subprocess
import sys
import types
import typing
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

import fgrad
from fgrad.arity import Hypot, Logarithm
from fgrad.calculus import TABLE
from fgrad.primitive import Binary, Pairing, Primitive, Reduction, Selection, Unary

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONSUMER = HERE / "consumer.py"
REJECTS = HERE / "rejects.py"

CALLS: Mapping[type[Primitive], str] = {
    Unary: "({0})",
    Logarithm: "({0}, {1})",
    Binary: "({0}, {1})",
    Selection: "(True, {0}, {1})",
    Hypot: "({0}, {1}, {2})",
    Reduction: "([{0}, {1}])",
    Pairing: "([{0}, {1}], [{1}, {2}])",
}
"""How a row of each kind is called with numbers."""

Errors: TypeAlias = Mapping[Path, Mapping[int, Sequence[str]]]
"""What a checker reports, by file and line."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this interpreter's environment in the top folder."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def by_line(found: list[tuple[Path, int, str]]) -> Errors:
    errors: dict[Path, dict[int, list[str]]] = {}
    for path, line, message in found:
        errors.setdefault(path.resolve(), defaultdict(list))[line].append(message)
    return errors


@pytest.fixture(scope="module")
def every_row(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module that calls every row of the table with floats, and with Scalars; so in lambdas."""
    lines = ["import fgrad", "from fgrad import Scalar", "from typing import assert_type"]
    lines += ["def rows(x: Scalar) -> None:"]
    for name, row in TABLE.items():
        call = CALLS[type(row)]
        for operands, expected in (
            (("1.0", "2.0", "3.0"), "float"),
            (("x", "x", "x"), "Scalar"),
            (("x", "1.0", "2.0"), "Scalar"),
            (("1.0", "x", "2.0"), "Scalar" if "{1}" in call else "float"),
        ):
            answer = f"fgrad.{name}{call.format(*operands)}"
            lines.append(f"    assert_type({answer}, {expected})")
            if expected == "Scalar":
                lines.append(f"    assert_type(fgrad.grad(lambda x: {answer})(1.0), float)")
    path = tmp_path_factory.mktemp("typing") / "every_row.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def reported_by_mypy(*arguments: str) -> Errors:
    done = run("mypy", "--strict", "--output=json", *arguments)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines() if line]
    return by_line(
        [(ROOT / r["file"], r["line"], r["message"]) for r in reports if r["severity"] == "error"]
    )


@pytest.fixture(scope="module")
def mypy(every_row: Path) -> Errors:
    """The errors that mypy reports."""
    return reported_by_mypy(str(CONSUMER), str(REJECTS), str(every_row))


@pytest.fixture(scope="module")
def anys(every_row: Path) -> Errors:
    """Every expression that is or holds an Any. Where it is one, a failed assert_type is hidden."""
    return reported_by_mypy("--disallow-any-expr", str(CONSUMER), str(every_row))


@pytest.fixture(scope="module")
def pyright(every_row: Path) -> Errors:
    """The errors that pyright reports."""
    done = run("pyright", "--outputjson", str(CONSUMER), str(REJECTS), str(every_row))
    try:
        reports = json.loads(done.stdout)["generalDiagnostics"]
    except ValueError:
        reason = f"pyright does not run here (it needs node.js): {done.stderr}"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    return by_line(
        [
            (Path(r["file"]), r["range"]["start"]["line"] + 1, r["message"])
            for r in reports
            if r["severity"] == "error"
        ]
    )


def marked(*marks: str) -> set[int]:
    """The lines of rejects.py that end in one of the marks."""
    lines = REJECTS.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith(marks)}


def test_mypy_accepts_the_consumer(mypy: Errors) -> None:
    assert mypy.get(CONSUMER, {}) == {}


def test_pyright_accepts_the_consumer(pyright: Errors) -> None:
    assert pyright.get(CONSUMER, {}) == {}


def test_mypy_rejects_the_marked_lines_and_no_other(mypy: Errors) -> None:
    errors = mypy.get(REJECTS, {})
    assert set(errors) == marked("# E", "# E mypy"), errors


def test_pyright_rejects_the_marked_lines_and_no_other(pyright: Errors) -> None:
    errors = pyright.get(REJECTS, {})
    assert set(errors) == marked("# E"), errors


def test_mypy_knows_the_type_of_every_row(mypy: Errors, every_row: Path) -> None:
    """Floats give a float and Scalars a Scalar, and the gradient of a lambda is no Any."""
    lines = every_row.read_text(encoding="utf-8").splitlines()
    assert sum("assert_type(fgrad.grad(" in line for line in lines) > 2 * len(TABLE)
    assert mypy.get(every_row.resolve(), {}) == {}


def test_pyright_knows_the_type_of_every_row(pyright: Errors, every_row: Path) -> None:
    assert pyright.get(every_row.resolve(), {}) == {}


def any_outside(errors: Errors, path: Path, *exempt: str) -> Mapping[int, Sequence[str]]:
    """The errors in lines without a lambda, whose own parameters mypy counts as Any."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        line: messages
        for line, messages in errors.get(path.resolve(), {}).items()
        if "lambda" not in lines[line - 1] and lines[line - 1] not in exempt
    }


def test_nothing_is_an_any_on_the_way_to_the_answer_of_a_row(anys: Errors, every_row: Path) -> None:
    assert any_outside(anys, every_row) == {}


def test_any_is_only_in_lambdas_and_in_the_decorators_of_attrs(anys: Errors) -> None:
    """No public name of fgrad gives one."""
    assert any_outside(anys, CONSUMER, "@frozen") == {}


def test_the_consumer_uses_every_public_name_that_is_no_row() -> None:
    text = CONSUMER.read_text(encoding="utf-8") + REJECTS.read_text(encoding="utf-8")
    missing = [name for name in set(dir(fgrad)) - set(TABLE) if not re.search(rf"\b{name}\b", text)]
    assert not missing, f"say in tests/typing/consumer.py what type {missing} give"


def conforms(value: object, declared: object) -> bool:
    """Whether a value is what a type says, looking inside containers: a float is no Node or int."""
    if declared is object:
        return True
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
