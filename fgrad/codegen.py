"""Straight Python code from the rules of the table.

A rule is traced once, with symbols for its operands, to an expression; from the expressions of
a row comes its `pull`, the step that a sweep takes at a node of that row. Written for floats and
for nodes from the same text, so both give the same bits. That of tanh, whose slope is a row too:

>>> from fgrad.calculus import tanh
>>> print(_step(tanh, "floats", _DOWN)[0])
    (x_,) = node_.operands
    x = x_.value
    if True:
        place_ = top_ - x_.index
        before_ = cotangents_[place_]
        if before_ is None:
            cotangents_[place_] = cotangent_ * sech_squared(x)
            nodes_[place_] = x_
        else:
            cotangents_[place_] = before_ + cotangent_ * sech_squared(x)
<BLANKLINE>
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fgrad.arithmetic import Arithmetic
from fgrad.number import to_float
from fgrad.primitive import ZERO, Operand, Primitive
from fgrad.source import compile_function, indent

__all__ = [
    "ANSWER",
    "NAMES",
    "Kind",
    "OlderNode",
    "Symbol",
    "UnseenNode",
    "compile_pull",
    "compile_push",
    "compile_sweep",
    "expressions",
]

NAMES: Final = ("x", "y", "z", "u", "v", "w")
ANSWER: Final = "answer"


class OlderNode(IndexError):  # noqa: N818 - a signal between sweeps, no error
    """A sweep of floats met a node that is older than its leaves: its answer is no float."""


class UnseenNode(Exception):  # noqa: N818 - a signal too
    """A sweep of floats met a partial where nothing flows that another partial reads beside it.

    What is behind it is not seen, and may be older than the leaves.
    """


Kind: TypeAlias = Literal["raising", "owned", "floats", "nodes"]
"""What the partials of a sweep are: floats, or nodes that extend the graph.

"raising" are the same floats, computed as Python does, which is quicker than by the limits and
raises where only these give an answer. "owned" are like "raising", at nodes that have owners (the
exercise's Values): the owner of a node is noted instead of the node.
"""


@frozen(eq=False)
class Symbol(Arithmetic):
    """An operand that spells what is done to it, with the rows that the spelling names."""

    text: str
    rows: Mapping[str, Primitive]
    limits: bool = True

    def bind(self, primitive: Primitive, operands: Sequence[object]) -> Symbol:
        """The spelling of `primitive`, or of its limit, with the operands in it."""
        row = primitive.limit if self.limits and primitive.limit else primitive
        symbols = [_symbol(operand, primitive.name) for operand in operands]
        rows = _merged([{row.name: row}, *(symbol.rows for symbol in symbols)])
        texts = [symbol.text for symbol in symbols]
        return Symbol(row.written(texts), rows, self.limits)

    def _joined(self, relation: str, other: object) -> Symbol:
        symbol = _symbol(other, relation)
        text = f"({self.text} {relation} {symbol.text})"
        return Symbol(text, _merged([self.rows, symbol.rows]), self.limits)

    def __lt__(self, other: object) -> Symbol:
        return self._joined("<", other)

    def __le__(self, other: object) -> Symbol:
        return self._joined("<=", other)

    def __gt__(self, other: object) -> Symbol:
        return self._joined(">", other)

    def __ge__(self, other: object) -> Symbol:
        return self._joined(">=", other)

    def __and__(self, other: object) -> Symbol:
        return self._joined("and", other)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # spells, compares not
        return self._joined("==", other)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]  # spells, compares not
        return self._joined("!=", other)

    __hash__ = None  # type: ignore[assignment]  # equality spells, so there is no hash

    def __float__(self) -> float:
        message = f"a rule is written with rows: fgrad.cos({self.text}), not math.cos({self.text})"
        raise TypeError(message)

    def __bool__(self) -> bool:
        message = f"a rule cannot branch on {self.text}: write where(condition, a, b)"
        raise TypeError(message)


def _symbol(operand: object, name: str) -> Symbol:
    if isinstance(operand, Symbol):
        return operand
    text = "ZERO" if operand is ZERO else repr(to_float(operand, f"a rule with {name}"))
    return Symbol(text, {})


def _merged(tables: Iterable[Mapping[str, Primitive]]) -> dict[str, Primitive]:
    """The rows of all `tables`; a ValueError where one name means two rows."""
    merged: dict[str, Primitive] = {}
    for table in tables:
        for name, row in table.items():
            if merged.setdefault(name, row) is not row:
                message = f"a rule uses two rows called {name}: rename one"
                raise ValueError(message)
    return merged


def expressions(primitive: Primitive, *, limits: bool = True) -> tuple[Symbol, ...]:
    """The rules of a row as expressions, one a column; with `limits`, over the limits of rows."""
    width = primitive.blocks or len(primitive.partials)
    symbols = [Symbol(name, {}, limits) for name in (*NAMES[:width], ANSWER)]
    return tuple(_symbol(rule(*symbols), primitive.name) for rule in primitive.partials)


@frozen
class _Way:
    """How a sweep goes between a node and an operand, as lines of code.

    at: what is done at each operand that is a node. flow: how `flowing` * partial gets across.
    """

    at: str
    flow: str
    flowing: str


# The names that end in _ are the machinery's: no row is called so.
_DOWN: Final = _Way(
    at="""\
        place_ = top_ - {name}_.index
        before_ = cotangents_[place_]
""",
    flow="""\
        if before_ is None:
            cotangents_[place_] = {term}
            nodes_[place_] = {noted}
        else:
            cotangents_[place_] = before_ + {term}
""",
    flowing="cotangent_",
)
_UP: Final = _Way(
    at="""\
        if {name}_.index < first_:
            raise older_
        direction_ = tangents_.get({name}_.index)
""",
    flow="""\
        if direction_ is not None:
            term_ = {term}
            tangent_ = term_ if tangent_ is None else tangent_ + term_
""",
    flowing="direction_",
)
_SWEEP: Final = """\
def sweep_(steps_, cotangents_, nodes_, top_, first_, end_):
    for cotangent_, {here} in steps_:
        if {here} is None:
            continue
{opened}        row_ = node_.primitive
        {cases}else:
            pull_ = row_.compiled.get("pull {kind}") or compile_pull(row_, "{kind}")
            pull_({here}, cotangent_, cotangents_, nodes_, top_, first_)
"""
_CASE: Final = """\
if row_ is {name}_row_:
{pull}\
        el"""
_END: Final = """\
    if node_.index < end_:
        break
"""
_PARTIAL: Final = """\
        partial_ = {partial}
"""
_SEEN: Final = """\
        if partial_ is ZERO:
            raise unseen_
"""
_FLOWS: Final = """\
        if partial_ is not ZERO:
"""


def compile_sweep(rows: Iterable[Primitive], kind: Kind) -> Callable[..., object]:
    """The loop of a sweep down the graph, with the pulls of `rows` written into it.

    Arithmetic is most of a graph, and a call costs as much as the pull it makes. The row of a leaf
    ends the loop below the index `end`, where nothing but leaves is left.
    """
    cases = ""
    names: dict[str, object] = {"compile_pull": compile_pull}
    for row in rows:
        pull, used = _step(row, kind, _DOWN) if row.partials else (_END, {})
        cases += _CASE.format(name=row.name, pull=indent(pull, "        "))
        names |= used | {f"{row.name}_row_": row}
    here, opened = _here(kind)
    source = _SWEEP.format(
        cases=cases.removesuffix("el"), kind=kind, here=here, opened=indent(opened, "    ")
    )
    return compile_function(source, names)


def compile_pull(primitive: Primitive, kind: Kind) -> Callable[..., object]:
    """The step of a sweep down through a node of this row, kept with the row.

    It adds cotangent * partial to the cotangent of each operand that is a node, and notes the
    node. The place of both is the distance of its index from the top, where the sweep began; that
    of an older node lies beyond the last, an IndexError.
    """
    body, names = _step(primitive, kind, _DOWN)
    here, opened = _here(kind)
    head = f"def pull_({here}, cotangent_, cotangents_, nodes_, top_, first_):\n"
    source = f"{head}{opened}{body}"
    return primitive.compiled.setdefault(f"pull {kind}", compile_function(source, names))


def _here(kind: Kind) -> tuple[str, str]:
    """What a sweep goes through, nodes or their owners, and the line that opens one."""
    return ("owner_", "    node_ = owner_.node\n") if kind == "owned" else ("node_", "")


def compile_push(primitive: Primitive, kind: Kind) -> Callable[..., Operand | float | None]:
    """The step of a sweep up to a node of this row, kept with the row.

    It gives the sum of tangent * partial over the operands that have a tangent, None if none has.
    """
    body, names = _step(primitive, kind, _UP)
    head = "def push_(node_, tangents_, first_):\n    tangent_ = None\n"
    source = f"{head}{body}    return tangent_\n"
    return primitive.compiled.setdefault(f"push {kind}", compile_function(source, names))


def _step(primitive: Primitive, kind: Kind, way: _Way) -> tuple[str, dict[str, object]]:
    """The lines of one step of a sweep at `node_`, and the names that they need."""
    columns = dict(
        zip(NAMES, expressions(primitive, limits=kind in ("floats", "nodes")), strict=False)
    )
    rules = {name: symbol.text for name, symbol in columns.items()}
    text = " ".join(rules.values())
    used = [name for name in (*rules, ANSWER) if re.search(rf"\b{name}\b", text)]
    lone = len(rules) == 1 and not primitive.blocks
    body = "".join(_value(name, kind, lone=lone) for name in used if name != ANSWER)
    for name in rules:
        conditions = _is_node(name, kind, read=name in used, lone=lone)
        body += _pass(name, rules, conditions, way, kind, lone=lone)
    if primitive.blocks:
        body = _loop_header(list(rules), kind) + indent(body, "    ")
    else:
        body = _unpacking(list(rules), kind) + body
    if ANSWER in used:
        body = f"    {ANSWER} = node_{'' if kind == 'nodes' else '.value'}\n" + body
    rows = {name: row for symbol in columns.values() for name, row in symbol.rows.items()}
    functions = {name: row if kind == "nodes" else row.value for name, row in rows.items()}
    constants = {"inf": math.inf, "nan": math.nan, "ZERO": ZERO, "older_": OlderNode}
    constants |= {"unseen_": UnseenNode, "float_": float}
    return body, {**functions, **constants}


def _pass(  # noqa: PLR0913 - all that a step depends on
    name: str,
    rules: Mapping[str, str],
    conditions: Sequence[str],
    way: _Way,
    kind: Kind,
    *,
    lone: bool,
) -> str:
    """The lines between the node and the operand called `name`, if `conditions` hold.

    A sweep of floats looks also at one of several operands to which nothing flows, for what is
    there may be older than the sweep.
    """
    partial = rules[name]
    term = {"1.0": way.flowing, "-1.0": f"-{way.flowing}"}.get(
        partial, f"{way.flowing} * {'partial_' if 'ZERO' in partial else partial}"
    )
    noted = f"{name}_owner_" if kind == "owned" else f"{name}_"
    flow = way.flow.format(name=name, term=term, noted=noted)
    if "ZERO" in partial and (kind == "nodes" or lone):
        conditions = [*conditions, f"(partial_ := {partial}) is not ZERO"]
    elif "ZERO" in partial:
        hidden = way is _DOWN and _is_hidden(name, rules)
        flow = _PARTIAL.format(partial=partial) + (
            _SEEN + flow if hidden else _FLOWS + indent(flow, "    ")
        )
    header = f"    if {' and '.join(conditions) or 'True'}:\n"
    return header + way.at.format(name=name) + flow


def _is_hidden(name: str, rules: Mapping[str, str]) -> bool:
    """Whether another's partial reads an operand, and so what is behind it, if nothing flows."""
    return any(_reads(partial, name) for other, partial in rules.items() if other != name)


def _reads(expression: str, name: str) -> bool:
    """Whether an expression changes smoothly with a name: more than its conditions read it."""
    pending: list[ast.AST] = [ast.parse(expression, mode="eval").body]
    for part in pending:
        if isinstance(part, ast.Name) and part.id == name:
            return True
        if isinstance(part, ast.IfExp):
            pending += [part.body, part.orelse]
        elif not isinstance(part, ast.Compare):
            pending += ast.iter_child_nodes(part)
    return False


def _value(name: str, kind: Kind, *, lone: bool) -> str:
    """The line that reads the operand called `name` for the rules; a `lone` one is a node."""
    if kind == "nodes":
        return f"    {name} = {name}_\n"
    if lone:
        return f"    {name} = {name}_.value\n"
    return f"    {name} = {name}_ if {name}_.__class__ is float_ else {name}_.value\n"


def _is_node(name: str, kind: Kind, *, read: bool, lone: bool) -> list[str]:
    """When the operand called `name` is a node of the sweep: what was `read` of it is another."""
    if kind == "nodes":
        return [f"{name}_.__class__ is not float_", f"{name}_.index >= first_"]
    if lone:
        return []
    return [f"{name} is not {name}_" if read else f"{name}_.__class__ is not float_"]


def _operands(kind: Kind) -> dict[str, str]:
    """What the names of operands end in, and what has them: the node, and its owner, if any."""
    return {"_": "node_"} | ({"_owner_": "owner_"} if kind == "owned" else {})


def _unpacking(names: Sequence[str], kind: Kind) -> str:
    """The lines that name the operands of a node."""
    ends = _operands(kind).items() if names else ()
    targets = {of: ", ".join([f"{name}{end}" for name in names]) for end, of in ends}
    return "".join([f"    ({targets[of]},) = {of}.operands\n" for of in targets])


def _loop_header(names: Sequence[str], kind: Kind) -> str:
    """The lines that run over the operands of a row of blocks, one of each block at a time."""
    count, ends = len(names), _operands(kind)
    targets = [f"{name}{end}" for end in ends for name in names]
    blocks = [f"[{i} * size_ : {i + 1} * size_]" for i in range(count)]
    parts = [f"{of}.operands{block}" for of in ends.values() for block in blocks]
    return (
        f"    size_ = len(node_.operands) // {count}\n"
        f"    for {', '.join(targets)}, in zip({', '.join(parts)}):\n"
    )
