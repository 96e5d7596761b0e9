"""The verbs: a Node or a Value drawn as DOT, Mermaid or SVG, or as a picture that shows itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from fgrad.draw import flowchart, graphviz, vector
from fgrad.draw.reading import LIMIT, Drawable, read

if TYPE_CHECKING:
    from fgrad.draw.diagram import Diagram

__all__ = ["Picture", "dot", "mermaid", "picture", "svg"]

_WRITERS: Final[Mapping[str, Callable[[Diagram], str]]] = {
    ".svg": vector.write,
    ".dot": graphviz.write,
    ".mmd": flowchart.write,
}


@frozen(repr=False)
class Picture:
    """A picture of a graph as it was when it was drawn; a notebook shows it.

    >>> from fgrad.graph import leaf
    >>> picture(leaf(3.0) * leaf(4.0))
    <Picture: 3 numbers, 1 operation>
    """

    diagram: Diagram

    def __repr__(self) -> str:
        return f"<Picture: {self.diagram}>"

    def _repr_svg_(self) -> str | None:
        """The SVG for a notebook; without the extra `draw` None, and a warning that names it."""
        try:
            return vector.write(self.diagram)
        except ModuleNotFoundError as error:
            warnings.warn(str(error), stacklevel=2)
            return None

    def save(self, path: str | PathLike[str]) -> None:
        """Write a file: .svg, .dot or .mmd (Mermaid), as its name ends."""
        expected = f"path: expected the name of a file that ends in {', '.join(_WRITERS)}"
        if not isinstance(path, (str, PathLike)):
            raise TypeError(f"{expected}, got {type(path).__name__} {path!r:.60}")
        file = Path(path)
        if file.suffix.lower() not in _WRITERS:
            raise ValueError(f"{expected}, got {str(file)!r}")
        text = _WRITERS[file.suffix.lower()](self.diagram)
        file.write_text(text, encoding="utf-8", newline="\n")


def picture(
    root: Drawable, *, names: Mapping[str, Drawable] | None = None, limit: int = LIMIT
) -> Picture:
    """The picture of `root` and all beneath it.

    `names` are given as {"x": x}; a Value may have its own. More than `limit` nodes are refused.
    A box shows the gradient that its Value has; beneath a Node, d root / d node.
    """
    return Picture(read(root, names, limit))


def svg(root: Drawable, *, names: Mapping[str, Drawable] | None = None, limit: int = LIMIT) -> str:
    """`picture(…)` as SVG, laid out by the extra `draw`."""
    return vector.write(read(root, names, limit))


def dot(root: Drawable, *, names: Mapping[str, Drawable] | None = None, limit: int = LIMIT) -> str:
    """`picture(…)` as DOT, the language of Graphviz.

    >>> from fgrad.graph import leaf
    >>> x = leaf(3.0)
    >>> print(dot(x * x, names={"x": x}))
    digraph {
        ...
        n0 [label="{x|3.0|6.0}"]
        n1 [label="{9.0|1.0}"]
        o1 [label="*" shape=ellipse]
        o1 -> n1
        n0 -> o1
        n0 -> o1
    }
    <BLANKLINE>
    """
    return graphviz.write(read(root, names, limit))


def mermaid(
    root: Drawable, *, names: Mapping[str, Drawable] | None = None, limit: int = LIMIT
) -> str:
    """`picture(…)` as Mermaid, the language of diagrams in Markdown.

    >>> from fgrad.graph import leaf
    >>> x = leaf(3.0)
    >>> print(mermaid(x * x, names={"x": x}))
    flowchart LR
        n0["x | 3.0 | 6.0"]
        n1["9.0 | 1.0"]
        o1(["#42;"])
        o1 --> n1
        n0 --> o1
        n0 --> o1
    <BLANKLINE>
    """
    return flowchart.write(read(root, names, limit))
