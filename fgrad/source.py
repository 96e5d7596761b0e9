"""Python functions made from text, for code that is written from a table and run often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["compile_function", "indent"]


def indent(lines: str, by: str) -> str:
    """Lines of code, further in; textwrap, which has this, takes longer to import than fgrad."""
    return "".join(by + line for line in lines.splitlines(keepends=True))


def compile_function(source: str, namespace: Mapping[str, object]) -> Callable[..., Any]:
    """The function that `source` defines, over the names of `namespace`."""
    scope: dict[str, Any] = dict(namespace)  # what exec makes has no type; callers declare it
    exec(source, scope)  # noqa: S102 - the source is ours, made from the table
    function: Callable[..., Any] = scope[source[len("def ") : source.index("(")]]
    return function
