"""The command: what it prints, what it writes, and how it says no."""

import math
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fgrad.cli import demo, main
from fgrad.cli.expression import FUNCTIONS, ExpressionError, evaluate
from fgrad.datasets import iris, split
from fgrad.graph import leaf

COMMAND = [sys.executable, "-m", "fgrad"]
BUFFERED = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fgrad(*arguments: str) -> int:
    """The exit code of the command."""
    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


# The expression


def at(text: str, **variables: float) -> float:
    """The value of an expression."""
    return evaluate(text, {name: leaf(x) for name, x in variables.items()}, leaf).value


def attempt(text: str) -> float | ExpressionError:
    """The value of an expression at x = 1, or what is wrong with it."""
    try:
        return at(text, x=1.0)
    except ExpressionError as error:
        return error


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14.0),
        ("2 - 3 - 4", -5.0),
        ("24 / 4 / 2", 3.0),
        ("2 ** 3 ** 2", 512.0),
        ("-7 // 2 * 2 + -7 % x", -6.0),
        ("-2 ** 2", -4.0),
        ("(x - 1) * -x", -6.0),
        ("atan2(0, x)", 0.0),
        ("hypot(x, 4)", 5.0),
        ("log(x * x, x)", 2.0),
        (" max_ + 1e3", 1007.0),
        ("(x\n+ 1)", 4.0),
        ("+x - +-+x", 6.0),
        ("-----x", -3.0),
    ],
)
def test_an_expression_means_what_python_means_by_it(text: str, value: float) -> None:
    assert at(text, x=3.0, max_=7.0) == value


def test_a_variable_used_twice_is_one_node() -> None:
    x = leaf(3.0)
    assert evaluate("x * x", {"x": x}, leaf).operands == (x, x)


def test_every_function_of_numbers_can_be_called() -> None:
    for name, row in FUNCTIONS.items():
        operands = ", ".join(["0.5"] * max(len(row.partials), 1))
        if name not in {"acosh", "ldexp", "polygamma"}:
            assert isinstance(at(f"{name}({operands})"), float)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"an empty expression: write one, as in tanh\(x\*y\) \+ x"),
        ("x *", r"x \*: invalid syntax"),
        ("x y", "x y: invalid syntax"),
        ("x; x", "x; x: invalid syntax"),
        ("x = 1", r"x = 1: invalid syntax \(the expression comes first"),
        ("x\udcff", "bytes in it that are no text"),
        ("y", r"y: no such variable was given \(given: x\); add it, as in y=1"),
        ("tanh", "tanh: no such variable"),
        ("open(x)", "no function open is known"),
        ("total(x)", "total takes more than numbers"),
        ("power(x, 2)", "no function power is known"),
        ("x(1)", "no function x is known"),
        ("tanh()", "tanh: expected 1, got 0"),
        ("tanh(x, x)", "tanh: expected 1, got 2"),
        ("log(x, 2, 3)", "log: expected 1 or 2, got 3"),
        ("log()", "log: expected 1 or 2, got 0"),
        ("hypot()", "hypot: expected at least 1, got 0"),
        ("1 / (x - 3)", r"1 / \(x - 3\): .*division by zero"),
        ("(1 /\n(x - 3))", r"1 / \(x - 3\): .*division by zero"),
        ("log(x - 3)", r"log\(x - 3\): "),
        ("(-x) ** 0.5", "is complex"),
        ("exp(1000)", r"exp\(1000\): math range error"),
        ("9.0 ** 9 ** 9", "Numerical result out of range"),
        ("9" * 400, "999...: int too large"),
        ("x" * 2001, "2001 characters"),
    ],
)
def test_what_cannot_be_computed_is_said_with_its_part(text: str, complaint: str) -> None:
    with pytest.raises(ExpressionError, match=complaint) as caught:
        at(text, x=3.0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('ls')",
        "x.real",
        "x[0]",
        "[x]",
        "(x, x)",
        "{x}",
        "[x for x in (1,)]",
        "lambda: x",
        "(lambda: x)()",
        "tanh(*x)",
        "tanh(x=x)",
        "x if x else x",
        "x < 1",
        "x and x",
        "not x",
        "~x",
        "x @ x",
        "x << 2",
        "'x'",
        "f'{x}'",
        "b'x'",
        "True",
        "None",
        "...",
        "1j",
        "(y := x)",
        "(yield)",
        "await x",
        "0x1for x",
    ],
)
def test_python_beyond_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="only numbers, variables"):
        at(text, x=3.0)


@pytest.mark.parametrize(
    "text",
    ["(" * 900 + "x" + ")" * 900, "-" * 1900 + "x", "x**" * 600 + "x", "+".join("x" * 900)],
    ids=["parentheses", "signs", "powers", "terms"],
)
def test_nesting_ends_in_a_value_or_one_clear_line(text: str) -> None:
    assert attempt(text) in {1.0, 900.0} or re.search("nested|characters", str(attempt(text)))


@given(st.text(max_size=30) | st.text("x1.+-*/()e,tanhlog ", max_size=30))
@example("\0")
@example("\udcff")
@example("\\")
def test_any_text_is_a_value_or_an_expression_error(text: str) -> None:
    assert "\n" not in str(attempt(text))


# fgrad draw


def test_draw_writes_the_picture_and_prints_value_and_gradient(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fgrad("draw", "x*y + x", "x=3", "y=-4", "-o", "graph.mmd") == 0
    assert capsys.readouterr().out == (
        "x*y + x = -9.0\n  d/dx = -3.0\n  d/dy = 3.0\nThe picture is graph.mmd.\n"
    )
    picture = Path("graph.mmd").read_text(encoding="utf-8")
    assert "x | 3.0 | -3.0" in picture
    assert "y | -4.0 | 3.0" in picture


@pytest.mark.parametrize(
    ("suffix", "opening"), [("svg", "<svg"), ("dot", "digraph"), ("mmd", "flowchart")]
)
def test_the_suffix_says_the_format(suffix: str, opening: str) -> None:
    assert fgrad("draw", "x", "x=1", "-o", f"graph.{suffix}") == 0
    assert Path(f"graph.{suffix}").read_text(encoding="utf-8").startswith(opening)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-x*y", "x=1", "y=2", "-o", "g.mmd"],
        ["-x*y", "-o", "g.mmd", "x=1", "y=2"],
        ["-o", "g.mmd", "-x*y", "x=1", "y=2"],
        ["-o", "g.mmd", "-(x*y)", "x=1", "y=2"],
        ["-og.mmd", "-x*y", "x=1", "y=2"],
        ["--output=g.mmd", "-x*y", "x=1", "y=2"],
        ["--output", "g.mmd", "--", "-x*y", "x=1", "y=2"],
        ["-hypot(x, 0)*y", "x=1", "y=2", "-o", "g.mmd"],
        ["-h*y", "h=1", "y=2", "-o", "g.mmd"],
        ["-o*y", "o=1", "y=2", "-o", "g.mmd"],
        ["-----x*y", "x=1", "y=2", "-o", "g.mmd"],
        ["--x-3", "x=1", "-o", "g.mmd"],
        ["+x-3", "x=1", "-o", "g.mmd"],
    ],
)
def test_options_stand_anywhere_and_an_expression_may_start_with_a_minus(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fgrad("draw", *arguments) == 0
    assert " = -2.0\n" in capsys.readouterr().out


def test_a_name_is_read_as_python_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert fgrad("draw", "µ + 1", "µ=2", "-o", "g.mmd") == 0  # the parser makes it another mu
    assert "= 3.0" in capsys.readouterr().out


def test_a_gradient_that_cannot_be_had_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert fgrad("draw", "polygamma(150, x)", "x=2", "-o", "g.mmd") == 2
    said = capsys.readouterr().err
    assert said.startswith("fgrad: the gradient of polygamma(150, x): ")
    assert said.count("\n") == 1


# fgrad demo, fgrad train


def test_the_demonstration_shows_every_gradient_and_that_xor_was_learned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fgrad("demo") == 0
    said = capsys.readouterr().out
    for row in ("x_1 .* 3 +8", "x_3 +x_1 \\* x_2 +12 +2", "x_6 .* 2 +17", "l +x_5 \\* x_6 +34 +1"):
        assert re.search(rf"^  {row}$", said, re.MULTILINE)
    predicted = re.findall(r"^  \d, \d +(\d) +(\S+)$", said, re.MULTILINE)
    assert [wanted for wanted, _ in predicted] == ["0", "1", "1", "0"]
    assert all(abs(float(wanted) - float(guess)) < 0.2 for wanted, guess in predicted)
    assert "(4.0098" in said
    assert "12.0" in said
    assert Path("graph.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_check_against_finite_differences_would_see_a_wrong_gradient() -> None:
    values = demo.compute()
    values["l"].backwards()
    for name, value in values.items():
        assert demo.difference(name) == pytest.approx(value.grad, rel=1e-9)


@pytest.mark.parametrize(("wrong_by", "said"), [(0.0, "agree"), (0.5, "DISAGREE")])
def test_the_demonstration_says_what_the_check_found(
    wrong_by: float,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    difference = demo.difference
    monkeypatch.setattr(demo, "difference", lambda name: difference(name) + wrong_by)
    demo.run(Path("graph.svg"))
    assert f"Finite differences {said}: the largest deviation is" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_at_least_93_percent_of_the_irises_held_out_are_recognised(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The seeds 2 and 3 are the worst of the first twenty."""
    assert fgrad("train", "iris", "--seed", str(seed)) == 0
    said = capsys.readouterr().out
    (before, after) = re.findall(r"from (\S+) to (\S+)\. It recognises:$", said, re.MULTILINE)[0]
    assert float(before) == pytest.approx(math.log(3), rel=0.01)  # as of a guess among three
    assert float(after) < 0.1
    accuracies = re.findall(r"^  (?:Train|Held-out) accuracy: +(\S+)%$", said, re.MULTILINE)
    assert len(accuracies) == 2
    assert min(map(float, accuracies)) >= 93.0


def test_a_split_is_drawn_by_its_seed_and_loses_nothing() -> None:
    learned, held_out = split(iris(), held_out=0.3, seed=0)
    assert Counter([*learned, *held_out]) == Counter(iris())
    assert split(iris(), held_out=0.3, seed=0) == (learned, held_out)
    assert split(iris(), held_out=0.3, seed=1)[1] != held_out


def test_a_pipe_gets_plain_text(capfd: pytest.CaptureFixture[str]) -> None:
    subprocess.run([*COMMAND, "demo"], check=True)
    said = capfd.readouterr()
    assert said.err == ""
    assert not re.search(r"[\r\x1b]", said.out)
    assert max(map(len, said.out.splitlines())) <= 80


def test_a_narrow_terminal_loses_no_letter() -> None:
    environment = {**os.environ, "COLUMNS": "30"}
    command = [*COMMAND, "train", "iris"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert re.search(r"^  versicolor +\d\d of 35 +\d\d of 15$", done.stdout, re.MULTILINE)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_a_terminal_sees_the_progress() -> None:
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    command = [*COMMAND, "demo"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        assert b"300/300" in terminal.read(1 << 20)


# How it says no


@pytest.mark.parametrize(
    ("code", "complaint", "arguments"),
    [
        (2, "required: COMMAND", []),
        (2, "invalid choice: 'plot'", ["plot"]),
        (2, r"required: EXPRESSION \(", ["draw"]),
        (2, "x \\*: invalid syntax", ["draw", "x *", "x=1"]),
        (2, "no such variable", ["draw", "y", "x=1"]),
        (2, "division by zero", ["draw", "1/x", "x=0"]),
        (2, "'x=one': 'one' is no number", ["draw", "x", "x=one"]),
        (2, r"'x' is not like x=1 \(the expression comes first\)", ["draw", "x=1", "x"]),
        (2, "'if=1' is not like x=1", ["draw", "x", "if=1"]),
        (2, "x is given more than once", ["draw", "x", "x=1", "x=2"]),
        (2, r"file such as graph\.svg, .*, got 'g\.png'", ["draw", "x", "x=1", "-o", "g.png"]),
        (2, r"file such as graph\.svg, .*, got '\.svg'", ["draw", "x", "x=1", "-o", ".svg"]),
        (2, "output: expected one argument", ["draw", "x", "x=1", "-o", "-g.svg"]),
        (2, "unrecognized arguments: --outptu g.mmd", ["draw", "-x", "x=1", "--outptu", "g.mmd"]),
        (2, "unrecognized arguments: --x", ["draw", "x", "--x"]),
        (
            2,
            "more than 200 nodes .draw a part of it, or in Python .*limit=1000",
            ["draw", "+".join("x" * 300), "x=1"],
        ),
        (2, "nowhere/g.mmd: there is no folder", ["draw", "x", "x=1", "-o", "nowhere/g.mmd"]),
        (2, "cannot write folder.mmd: Is a", ["draw", "x", "x=1", "-o", "folder.mmd"]),
        (2, r"no folder a\\nb", ["draw", "x", "x=1", "-o", "a\nb/g.mmd"]),
        (2, r"arguments: a\\nb", ["train", "iris", "a\nb"]),
        (2, "nowhere/g.mmd: there is no folder nowhere", ["demo", "-o", "nowhere/g.mmd"]),
        (2, "required: DATA", ["train"]),
        (2, "invalid choice: 'mnist'", ["train", "mnist"]),
        (2, "invalid int value: 'x'", ["train", "iris", "--seed", "x"]),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    code: int, complaint: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder.mmd").mkdir()
    assert fgrad(*arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"fgrad.*{complaint}.*\n", said.err)


@pytest.mark.parametrize(
    ("module", "extra", "command"),
    [
        ("rich", "cli", ["demo"]),
        ("rich", "cli", ["train", "iris"]),
        ("fast_sugiyama", "draw", ["draw", "x*x", "x=1"]),
    ],
)
def test_a_missing_extra_is_named(module: str, extra: str, command: list[str]) -> None:
    script = f"import sys; sys.modules[{module!r}] = None; import fgrad.cli; exit(fgrad.cli.main())"
    done = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert re.fullmatch(rf"fgrad: .*pip install 'fgrad\[{extra}\]'.*\n", done.stderr)


@pytest.mark.parametrize("arguments", [["--version"], ["demo"], ["draw", "x", "x=1"]])
def test_a_reader_that_goes_away_ends_it_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COMMAND, *arguments]
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, env=BUFFERED, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_nesting_past_the_interpreter_s_limit_is_one_line() -> None:
    script = "import sys, fgrad.cli; sys.setrecursionlimit(150); exit(fgrad.cli.main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "draw", "0 + " + "-" * 1900 + "x", "x=1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert re.fullmatch(r"fgrad: .*\n", done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        command = [*COMMAND, "--version"]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=BUFFERED, check=False
        )
    assert (done.returncode, done.stderr) == (1, "fgrad: output: No space left on device\n")


def test_letters_that_the_output_lacks_are_escaped() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*COMMAND, "draw", "\u03bc", "\u03bc=1", "-o", "g.mmd"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "\\u03bc = 1.0" in done.stdout


def test_interruption_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fgrad.cli.read", interrupted)
    assert main(["demo"]) == 130


@pytest.mark.parametrize("command", [[], ["demo"], ["train"], ["draw"]])
def test_help_fits_a_terminal(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert fgrad(*command, "--help") == 0
    text = capsys.readouterr().out
    assert text.startswith(" ".join(["usage: fgrad", *command]))
    assert max(map(len, text.splitlines())) <= 80


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert fgrad("--version") == 0
    assert re.fullmatch(r"fgrad \d+\.\d+\.\d+\n", capsys.readouterr().out)
