"""What can be typed after `fgrad`, and what its help says."""

from __future__ import annotations

from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    RawDescriptionHelpFormatter,
)
from importlib.metadata import version
from itertools import pairwise
from keyword import iskeyword
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Final, NoReturn
from unicodedata import normalize

from fgrad.cli.expression import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MISTYPED", "one_line", "read"]

MISTYPED: Final = 2
"""The exit code for what cannot be understood."""

FORMATS: Final = {".svg": "a picture", ".dot": "Graphviz", ".mmd": "Mermaid"}

OUTPUT: Final = ("-o", "--output")

COMMANDS: Final = """\
commands:
  demo    a graph and its gradient, a network that learns XOR, functions
  train   train a network on measurements of irises
  draw    draw the graph of an expression

fgrad COMMAND --help says more about a command."""


def one_line(text: str) -> str:
    """`text` as a message shows it: what would break the line, or not print, is escaped."""
    return "".join(x if x.isprintable() else repr(x)[1:-1] for x in text)


class _Parser(ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISTYPED, one_line(f"{self.prog}: {message} (see {self.prog} --help)") + "\n")


def read(arguments: Sequence[str]) -> tuple[str, dict[str, object]]:
    """The command, which is the module that runs it, and its options by their names.

    What cannot be understood ends the process, in one line.
    """
    parsers = {"demo": _demo, "train": _train, "draw": _draw}
    command: str = _fgrad(list(parsers)).parse_args(arguments[:1]).command
    parser = parsers[command]()
    rest = _shielded(arguments[1:]) if command == "draw" else arguments[1:]
    options = vars(parser.parse_intermixed_args(rest))
    names = [name for name, _ in options.get("numbers", ())]
    if len(set(names)) < len(names):
        parser.error(f"{max(names, key=names.count)} is given more than once")
    return command, options


def _shielded(arguments: Sequence[str]) -> list[str]:
    """The arguments, with a space before the expression if it starts with a minus.

    Or argparse takes it for an option. It is the first that is no option, nor the file of one.
    """
    for place, (last, argument) in enumerate(pairwise(["", *arguments])):
        if last not in OUTPUT and not _is_option(argument):
            shield = " " if argument.startswith("-") else ""
            return [*arguments[:place], shield + argument, *arguments[place + 1 :]]
    return list(arguments)


def _is_option(argument: str) -> bool:
    """Whether it is -h, -o FILE, -oFILE, a long one, or the mark of their end."""
    name, _, _ = argument.partition("=")
    attached = argument.startswith("-o") and Path(argument).suffix.lower() in FORMATS
    return argument in {"--", "-h", "--help", *OUTPUT} or name == "--output" or attached


def _fgrad(commands: Sequence[str]) -> ArgumentParser:
    parser = _parser(
        "fgrad", "Derivatives of plain Python functions of plain Python numbers.", COMMANDS
    )
    parser.usage = "fgrad [-h] [--version] COMMAND ..."
    parser.add_argument("--version", action="version", version=f"fgrad {version('fgrad')}")
    parser.add_argument("command", choices=commands, metavar="COMMAND", help=SUPPRESS)
    return parser


def _demo() -> ArgumentParser:
    parser = _parser(
        "fgrad demo",
        "Shows what fgrad does: the gradient of a small graph, checked against finite differences "
        "and drawn; a network that learns XOR; derivatives of functions.",
    )
    _add_output(parser)
    return parser


def _train() -> ArgumentParser:
    parser = _parser(
        "fgrad train",
        "Trains a network (4-8-3, tanh, softmax cross-entropy) by plain gradient descent on 70 % "
        "of the irises of each species, and says how many of the others it recognises.",
    )
    parser.add_argument("data", choices=["iris"], metavar="DATA", help="what to learn: iris")
    parser.add_argument(
        "--seed", type=int, default=0, help="chooses the split and the first weights (default: 0)"
    )
    return parser


def _draw() -> ArgumentParser:
    functions = fill(
        ", ".join(sorted(FUNCTIONS)), width=78, initial_indent="  ", subsequent_indent="  "
    )
    parser = _parser(
        "fgrad draw",
        "Draws the graph of an expression: each number in it, and the gradient of the result.",
        f'functions:\n{functions}\n\nexample:\n  fgrad draw "tanh(x*y) + x" x=1 y=2 -o graph.svg',
    )
    parser.add_argument(
        "expression",
        metavar="EXPRESSION",
        help="made of numbers, variables, + - * / // %% **, parentheses and the functions below",
    )
    parser.add_argument(
        "numbers",
        type=_assignment,
        nargs="*",
        default=[],
        metavar="NAME=NUMBER",
        help="the value of a variable",
    )
    _add_output(parser)
    return parser


def _parser(program: str, description: str, epilog: str = "") -> ArgumentParser:
    return _Parser(
        prog=program,
        description=fill(description, width=78),
        epilog=epilog,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_output(parser: ArgumentParser) -> None:
    formats = ", ".join(f"{suffix} ({name})" for suffix, name in FORMATS.items())
    parser.add_argument(
        *OUTPUT,
        type=_picture_file,
        default=Path("graph.svg"),
        metavar="FILE",
        help=f"where to draw, by its suffix: {formats} (default: graph.svg)",
    )


def _picture_file(text: str) -> Path:
    """A path whose suffix names a format."""
    path = Path(text)
    if path.suffix.lower() not in FORMATS:
        examples = [f"graph{suffix}" for suffix in FORMATS]
        message = f"expected a file such as {', '.join(examples)}, got {text!r}"
        raise ArgumentTypeError(message)
    return path


def _assignment(text: str) -> tuple[str, float]:
    """The name and the number of `x=1`; the name as Python's parser will read it."""
    name, equals, number = text.partition("=")
    if not name.isidentifier() or iskeyword(name) or not equals:
        message = f"{text!r} is not like x=1 (the expression comes first)"
        raise ArgumentTypeError(message)
    try:
        return normalize("NFKC", name), float(number)
    except ValueError:
        message = f"{text!r}: {number!r} is no number"
        raise ArgumentTypeError(message) from None
