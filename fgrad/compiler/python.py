"""Python source of compiled runs: the reference for every other emitter, and always there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from attrs import define

from fgrad.codegen import compile_function
from fgrad.compiler.lowering import Expressions, Path, Seen
from fgrad.compiler.program import Line, Operand, used
from fgrad.tree import LEAF, Static, Structure, closer

__all__ = ["MISSING", "Fork", "Tree", "emit", "graft"]

_ROOT: Final = Seen("", 0, 0, outcome=True, before=())
MISSING: Final = object()
"""What compiled code gives where it comes to a comparison that never went this way."""


@define(eq=False)
class Fork:
    """A comparison on which runs part: what follows where it holds, and where it does not."""

    seen: Seen
    holds: Tree | None = None
    fails: Tree | None = None


Tree: TypeAlias = "Fork | Path"
"""All runs so far: where they part, and what each returns."""


class NotRepeatable(Exception):  # noqa: N818 - a signal, no error
    """Two runs that agreed so far did not compute the same."""


def graft(tree: Tree | None, path: Path) -> Tree:
    """The tree of runs with one more in it; NotRepeatable if the run contradicts the others."""
    root = Fork(_ROOT, holds=tree)
    place, side = root, "holds"
    for seen in path.seen:
        here = getattr(place, side) or Fork(seen)
        setattr(place, side, here)
        if not isinstance(here, Fork) or here.seen != seen._replace(outcome=here.seen.outcome):
            raise NotRepeatable
        place, side = here, "holds" if seen.outcome else "fails"
    if getattr(place, side) is not None:
        raise NotRepeatable
    setattr(place, side, path)
    return root.holds or path


def emit(expressions: Expressions, tree: Tree) -> tuple[str, Callable[..., Any]]:
    """The source of the tree of runs, and the function of floats that it makes."""
    writer = _Writer(expressions)
    writer.block(tree, frozenset(), "    ")
    arguments = ", ".join(f"v{i}" for i in range(expressions.inputs))
    source = f"def function({arguments}):\n" + "".join(f"{line}\n" for line in writer.text)
    return source, compile_function(source, writer.names)


class _Writer:
    """Source as it grows, and the names that it uses."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.text: list[str] = []
        self.names: dict[str, object] = {"inf": math.inf, "nan": math.nan, "MISSING": MISSING}

    def block(self, tree: Tree | None, known: frozenset[int], by: str) -> None:
        """The code from a place in the tree on, where the values `known` are computed."""
        while isinstance(tree, Fork):
            seen = tree.seen
            known = self.lines([*used([seen.left, seen.right]), *seen.before], known, by)
            comparison = f"{self.spell(seen.left)} {seen.relation} {self.spell(seen.right)}"
            if tree.holds is None:
                self.text += [f"{by}if {comparison}:", f"{by}    return MISSING"]
                tree = tree.fails
            elif tree.fails is None:
                self.text += [f"{by}if not {comparison}:", f"{by}    return MISSING"]
                tree = tree.holds
            else:
                self.text.append(f"{by}if {comparison}:")
                self.block(tree.holds, known, by + "    ")
                tree = tree.fails
        if tree is not None:
            self.lines([*used(tree.outputs), *tree.before], known, by)
            values = iter([self.spell(output) for output in tree.outputs])
            self.text.append(f"{by}return {self.shaped(tree.structure, values)}")

    def lines(self, values: Sequence[int], known: frozenset[int], by: str) -> frozenset[int]:
        """The lines that `values` need, in the order of their making; what is known after them."""
        needed = self.expressions.needed(values, known)
        for value in sorted(needed):
            line = self.expressions.lines[value - self.expressions.inputs]
            self.text.append(f"{by}v{value} = {self.applied(line)}")
        return known | needed

    def applied(self, line: Line) -> str:
        """One line as an expression."""
        row, texts = line.row, [self.spell(operand) for operand in line.operands]
        spelling = row.spelling
        if row.name in spelling:
            spelling = spelling.replace(row.name, self.name(row.name, row.value))
        return spelling.format(*([", ".join(texts)] if row.blocks else texts))

    def name(self, wanted: str, thing: object) -> str:
        """A name for `thing` that is `wanted` or begins with it."""
        while self.names.setdefault(wanted, thing) is not thing:
            wanted += "_"
        return wanted

    def spell(self, operand: Operand) -> str:
        """A value or a constant in source."""
        return f"v{operand}" if isinstance(operand, int) else repr(operand.value)

    def shaped(self, structure: Structure, values: Iterator[str]) -> str:
        """The expression that puts `values` in a tree of this structure."""
        if structure is LEAF:
            return next(values)
        if isinstance(structure, Static):
            return self.name("static", structure.content)
        children = structure.children or (LEAF,) * structure.size
        items = ", ".join([self.shaped(child, values) for child in children])
        if structure.kind is list:
            return f"[{items}]"
        if structure.kind is tuple:
            return f"({items},)" if items else "()"
        return f"{self.name('close', closer(structure))}([{items}])"
