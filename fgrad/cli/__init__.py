"""The command `fgrad`: a demonstration, a network that learns, pictures of expressions."""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NoReturn

from fgrad.cli import demo, picture, train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

REFUSED: Final = 1  # by the machine: a file, a missing extra
MISTYPED: Final = 2
INTERRUPTED: Final = 128 + 2  # as shells report a process that SIGINT ended
PIPE_CLOSED: Final = 128 + 13  # and SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command on `arguments`, by default those of the process, and give its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            return _run([_shield(argument) for argument in given])
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return PIPE_CLOSED
    ...


def _shield(argument: str) -> str:
    """The argument, with a space before an expression that starts with a minus: no option."""
    return f" {argument}" if re.match("-[^-ho]", argument) else argument
