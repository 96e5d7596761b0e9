"""What the code of a function looks up by name, read off the instructions of Python."""

from __future__ import annotations

import dis
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Final, NamedTuple

__all__ = ["Reads"]


_BY_TEXT: Final = frozenset({"__dict__", "getattr", "globals", "vars"})
"""Where code that reads one of these has a string, that may be a name."""


class Import(NamedTuple):
    """What an import statement asks for: a module, and a name of it or none."""

    level: int
    module: str
    name: str

    def absolute(self, package: str) -> str:
        """The whole name of the module, asked for from within a package."""
        parent = package.rsplit(".", self.level - 1)[0] if self.level else ""
        return ".".join(filter(None, (parent, self.module)))


class Reads(NamedTuple):
    """What the code of a function, and of those within it, looks up by name.

    names: also those that it may look up by their text, `globals()["name"]`.
    """

    names: frozenset[str]
    globals: frozenset[str]
    imports: frozenset[Import]
    stores: bool
    """Whether it gives attributes to anything."""

    @classmethod
    def of(cls, code: CodeType) -> Reads:
        """All that `code` looks up."""
        codes = [code]
        for inner in codes:
            codes += [x for x in inner.co_consts if isinstance(x, CodeType)]
        steps = [x for inner in codes for x in dis.get_instructions(inner)]
        found = [x for x in steps if x.opname not in ("EXTENDED_ARG", "CACHE")]
        by_name = [(x.opname, str(x.argval)) for x in found if x.opcode in dis.hasname]
        names = frozenset(name for _, name in by_name)
        if names & _BY_TEXT:
            names |= {x for inner in codes for x in inner.co_consts if isinstance(x, str)}
        return cls(
            names,
            frozenset(name for opname, name in by_name if opname.endswith(("GLOBAL", "NAME"))),
            frozenset(_imports(found)),
            any(opname == "STORE_ATTR" for opname, _ in by_name),
        )


def _imports(steps: Sequence[dis.Instruction]) -> Iterator[Import]:
    """The import statements among instructions, of which the level stands before the module."""
    last = Import(0, "", "")
    for place, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            last = Import(steps[place - 2].argval, str(step.argval), "")
            yield last
        elif step.opname == "IMPORT_FROM":
            yield last._replace(name=str(step.argval))
