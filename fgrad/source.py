"""Python functions made from text, for code that is written by code and run often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

__all__ = ["MANY", "compile_function", "compile_sum", "indent"]


def indent(lines: str, by: str) -> str:
    """Lines of code, further in; textwrap, which has this, takes longer to import than fgrad."""
    return "".join(by + line for line in lines.splitlines(keepends=True))


def compile_function(source: str, namespace: Mapping[str, object]) -> Callable[..., Any]:
    """The function that `source` defines, over the names of `namespace`.

    Tracebacks and profiles show its name, and a file that says whose it is.
    """
    name = source[len("def ") : source.index("(")]
    # What exec makes has no type; callers declare it.
    scope: dict[str, Any] = {"__name__": __name__, **namespace}
    exec(compile(source, f"<fgrad: {name}>", "exec"), scope)  # noqa: S102 - of our own text
    function: Callable[..., Any] = scope[name]
    return function


_LOOP: Final = """\
def sum_of_terms(*operands):
    "{doc}"
    size = len(operands) // {count}
    total = -0.0
    for {names}, in zip({blocks}):
        total += {term}
    return total
"""
_FEW: Final = """\
def sum_of_terms({names}):
    return -0.0 + {terms}
"""


MANY: Final = 64
"""From so many operands on, a sum is a loop."""


def compile_sum(
    term: str, namespace: Mapping[str, object], *, read: str = "{}", size: int = MANY
) -> Callable[..., float]:
    """The sum of `term` over blocks of operands, from the left: w_1 x_1 + w_2 x_2 + …, say.

    The builtin does not add from the left from Python 3.12 on. Begun with -0.0, which changes no
    number that it is added to, while 0.0 changes -0.0. `read` is how an operand is read. One of
    `size` operands, if these are few, is written out: that is twice as quick as the loop, which
    takes any number of them.

    >>> compile_sum("{} * {}", {})(1.0, 2.0, 10.0, 20.0)
    50.0
    """
    names = ["w", "x"][-term.count("{}") :]
    many = size >= MANY
    source = _loop(names, term, read) if many else _few(names, term, read, size // len(names))
    function: Callable[..., float] = compile_function(source, namespace)
    return function


def _loop(names: Sequence[str], term: str, read: str) -> str:
    blocks = [f"operands[{i} * size : {i + 1} * size]" for i in range(len(names))]
    first, second = (term.format(*[f"{name}_{i}" for name in names]) for i in (1, 2))
    return _LOOP.format(
        doc=f"{first} + {second} + …, from the left.",
        count=len(names),
        names=", ".join(names),
        blocks=", ".join(blocks),
        term=term.format(*[read.format(name) for name in names]),
    )


def _few(names: Sequence[str], term: str, read: str, length: int) -> str:
    blocks = [[f"{name}_{i}" for i in range(length)] for name in names]
    terms = [term.format(*map(read.format, operands)) for operands in zip(*blocks, strict=True)]
    return _FEW.format(names=", ".join(chain(*blocks)), terms=" + ".join(terms))
