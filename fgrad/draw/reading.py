"""Reading a diagram off a Node, or off a Value of the exercise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from fgrad.calculus import SYMMETRIC
from fgrad.draw.diagram import Box, Diagram, Edge
from fgrad.graph import Node, value
from fgrad.reverse import sweep

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["LIMIT", "Drawable", "Labelled", "read"]


class Labelled(Protocol):
    """A node with a name and a gradient of its own, as the exercise's Value is.

    operands: in step with the node's, one of its kind for each node and a number for each number.
    """

    @property
    def node(self) -> Node: ...  # noqa: D102 - told above
    @property
    def name(self) -> str | None: ...  # noqa: D102 - told above
    @property
    def grad(self) -> float: ...  # noqa: D102 - told above
    @property
    def operands(self) -> Sequence[Labelled | float]: ...  # noqa: D102 - told above


Drawable: TypeAlias = Node | Labelled
"""What can be drawn."""

_Found: TypeAlias = "tuple[Node, Labelled | None]"

LIMIT: Final = 200
"""So many nodes are drawn: of more no one could read the picture."""

_LONGEST: Final = 40
"""So many characters of a name are shown."""

# The spellings "({} + {})" and "(-{})".
_INFIX: Final = re.compile(r"\((?:\{\})? ?(\S+?) ?\{\}\)")
_SIGNS: Final = {"alias": "="}


def read(
    root: Drawable, names: Mapping[str, Drawable] | None = None, limit: int = LIMIT
) -> Diagram:
    """The diagram of `root` and all beneath it; a ValueError past `limit` nodes.

    >>> from fgrad.graph import leaf
    >>> x = leaf(3.0)
    >>> diagram = read(x - 1, names={"x": x})
    >>> [box.cells for box in diagram.boxes]
    [('x', '3.0', '1.0'), ('', '1.0', ''), ('', '2.0', '1.0')]
    >>> diagram.edges[0]
    Edge(source=0, target=2, ordinal=1)
    """
    _check_limit(limit)
    found = _beneath(root, limit)
    boxes: list[Box] = []
    edges: list[Edge] = []
    places: dict[int, int] = {}
    labels = zip(
        _names(found, {} if names is None else names), _gradients(root, found), strict=True
    )
    for (node, _), (name, gradient) in zip(found, labels, strict=True):
        free = count(len(boxes))
        sources = [places[x.index] if isinstance(x, Node) else next(free) for x in node.operands]
        boxes += (Box(x) for x in node.operands if not isinstance(x, Node))
        edges += _edges(node.primitive, sources, len(boxes))
        places[node.index] = len(boxes)
        boxes.append(Box(node.value, name, gradient, _sign(node.primitive)))
    return Diagram(tuple(boxes), tuple(edges))


def _check_limit(limit: int) -> None:
    if type(limit) is not int or limit <= 0:
        message = f"limit: expected a positive int, got {type(limit).__name__} {limit!r:.60}"
        raise ValueError(message)


def _beneath(root: Drawable, limit: int) -> list[_Found]:
    """Each node beneath `root` and what labels it, in topological order.

    The node is the one in the graph: a Value may since have been given other data. Nodes, constants
    and the operands of any one node are at most `limit` each, and no more is walked.
    """
    top = _node(root, "root")
    found: dict[int, _Found] = {top.index: (top, None if isinstance(root, Node) else root)}
    pending = list(found.values())
    constants = 0
    for node, labelled in pending:
        constants += sum(not isinstance(operand, Node) for operand in node.operands)
        if max(len(found), len(node.operands), constants) > limit:
            message = (
                f"a picture of more than {limit} nodes is too large to read: draw a smaller part "
                f"of the graph, or raise the limit, as in limit={5 * limit}"
            )
            raise ValueError(message)
        labels = [None] * len(node.operands) if labelled is None else labelled.operands
        for operand, label in zip(node.operands, labels, strict=True):
            if isinstance(operand, Node) and operand.index not in found:
                found[operand.index] = operand, None if isinstance(label, float) else label
                pending.append(found[operand.index])
    return [found[index] for index in sorted(found)]


def _node(drawable: object, what: str) -> Node:
    node = drawable if isinstance(drawable, Node) else getattr(drawable, "node", None)
    if not isinstance(node, Node):
        message = (
            f"{what}: expected a Node or a Value to draw, "
            f"got {type(drawable).__name__} {drawable!r:.60}"
        )
        raise TypeError(message)
    return node


def _names(found: Iterable[_Found], given: Mapping[str, Drawable]) -> list[str]:
    """The name of each node: the one given for it, else its label's, else none."""
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        message = (
            "names: expected names and what they are names of, as in {'x': x}, "
            f"got {type(given).__name__} {given!r:.60}"
        )
        raise TypeError(message)
    names = {_node(x, f"names[{name!r}]").index: name for name, x in given.items()}
    own = ((node.index, None if label is None else label.name) for node, label in found)
    return [_printable(names.get(index, name or "")) for index, name in own]


def _printable(name: str) -> str:
    """`name` in one line of characters that every format can hold, and not too many of them."""
    if not isinstance(name, str):
        message = f"name: expected a str, got {type(name).__name__} {name!r:.60}"
        raise TypeError(message)
    line = " ".join(name.split())
    text = "".join(x if x.isprintable() else "\N{REPLACEMENT CHARACTER}" for x in line)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _gradients(root: Drawable, found: Sequence[_Found]) -> list[float | None]:
    """The gradient of each node: its label's; beneath a bare node, d root / d node."""
    if not isinstance(root, Node):
        return [None if label is None else float(label.grad) for _, label in found]
    first = found[0][0].index
    cotangents, top, _ = sweep([(root, 1.0)], first)
    reached = [cotangents[top - node.index] for node, _ in found]
    return [0.0 if cotangent is None else value(cotangent) for cotangent in reached]


def _sign(primitive: Primitive) -> str | None:
    """What the operation of a row is drawn as: its infix sign, else the row's name."""
    if not primitive.partials:
        return None
    infix = _INFIX.fullmatch(primitive.spelling)
    return _SIGNS.get(primitive.name) or (infix[1] if infix else primitive.name)


def _edges(primitive: Primitive, sources: Sequence[int], target: int) -> Iterable[Edge]:
    """An edge from each source, with ordinals unless the order of the operands is all one."""
    orderless = primitive.blocks or len(sources) == 1 or primitive in SYMMETRIC
    for ordinal, source in enumerate(sources, start=1):
        yield Edge(source, target, None if orderless else ordinal)
