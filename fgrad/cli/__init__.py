"""The command `fgrad`: a demonstration, a network that learns, pictures of expressions."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fgrad.cli.arguments import MISTYPED, one_line, read
from fgrad.cli.expression import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

REFUSED: Final = 1  # by the machine: a full disk, an extra that is missing
INTERRUPTED: Final = 128 + 2  # as a shell reports a process that SIGINT ended
PIPE_CLOSED: Final = 128 + 13  # and one that SIGPIPE ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command on `arguments`, by default the process's own, and give its exit code."""
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        finally:
            print(end="", flush=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ExpressionError as error:
        return _say(str(error), MISTYPED)
    except ImportError as error:
        return _say(_remedy(error), REFUSED)
    except OSError as error:
        return _unwritten(error)


def _run(arguments: Sequence[str]) -> int:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # rather than fail on a letter
    command, options = read(arguments)
    import_module(f"fgrad.cli.{command}").run(**options)
    return 0


def _remedy(error: ImportError) -> str:
    """What is missing, and the extra that has it."""
    if (error.name or "").partition(".")[0] == "rich":
        return "this command needs rich: pip install 'fgrad[cli]'"
    return str(error)


def _unwritten(error: OSError) -> int:
    """Say what could not be written; not if it is what nobody reads any more."""
    if error.filename is not None:
        file = Path(error.filename)
        reason = f"there is no folder {file.parent}" if not file.parent.is_dir() else error.strerror
        return _say(f"cannot write {file}: {reason}", MISTYPED)
    # standard output, which Python would try once more at its exit
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED
    return _say(f"output: {error.strerror}", REFUSED)


def _say(message: str, code: int) -> int:
    print(one_line(f"fgrad: {message}"), file=sys.stderr)
    return code
