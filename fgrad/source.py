"""Python functions made from text, for code that is written from a table and run often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["compile_function", "compile_sum", "indent"]


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
    exec(compile(source, f"<fgrad: {name}>", "exec"), scope)  # noqa: S102 - made from the table
    function: Callable[..., Any] = scope[name]
    return function


_SUM: Final = """\
def sum_of_terms(*operands):
    size = len(operands) // {count}
    total = -0.0
    for {names}, in zip({blocks}):
        total += {term}
    return total
"""


def compile_sum(
    term: str, namespace: Mapping[str, object], *, read: str = "{}"
) -> Callable[..., float]:
    """The sum of `term` over blocks of operands, from the left: x_1 y_1 + x_2 y_2 + …, say.

    The builtin does not add from the left from Python 3.12 on. Begun with -0.0, which changes no
    number that it is added to, while 0.0 changes -0.0. `read` is how an operand is read.

    >>> compile_sum("{} * {}", {})(1.0, 2.0, 10.0, 20.0)
    50.0
    """
    names = ["x", "y"][: term.count("{}")]
    blocks = [f"operands[{i} * size : {i + 1} * size]" for i in range(len(names))]
    source = _SUM.format(
        count=len(names),
        names=", ".join(names),
        blocks=", ".join(blocks),
        term=term.format(*[read.format(name) for name in names]),
    )
    function: Callable[..., float] = compile_function(source, namespace)
    return function
