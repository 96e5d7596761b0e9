"""What goes into a transformed function and what comes out of it."""

from __future__ import annotations

import inspect
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableSequence,
    Sequence,
    ValuesView,
)
from collections.abc import Set as AbstractSet
from functools import partial
from inspect import Parameter
from itertools import chain
from typing import Final, NamedTuple, Self, TypeVar

from fgrad.container import LEAF, ROLES, Container, Static, Structure
from fgrad.graph import Node, Scalar, fresh, on_older, plain
from fgrad.number import as_argument
from fgrad.primitive import Operand
from fgrad.tree import flatten, map_operands, paths
from fgrad.unrolled import put

__all__ = [
    "ALL",
    "Choice",
    "Inputs",
    "function",
    "numbers",
    "one_number",
    "outputs",
    "parameter",
    "seen",
    "take",
    "with_aux",
]

F = TypeVar("F")


def function(f: F) -> F:
    """`f` itself; a TypeError if it is no function."""
    if not callable(f):
        got = f"{type(f).__name__} {f!r:.60}"
        raise TypeError(f"f: expected a function, got {got} (hand over f itself, not its answer)")
    return f


class Choice(NamedTuple):
    """Which arguments are differentiated: by position or by name; None is every positional one.

    `lone` says that one was asked for, and so its gradient is wanted, not a tuple of one.
    """

    keys: tuple[int | str, ...] | None
    lone: bool

    @classmethod
    def of(cls, argnums: object, argnames: object) -> Self:
        """The choice that `argnums` or `argnames` says; an error if they say none."""
        if argnames is None:
            return cls(_keys("argnums", int, argnums), type(argnums) is int)
        if argnums is not None:
            message = "argnums and argnames: give one of them"
            raise ValueError(message)
        return cls(_keys("argnames", str, argnames), type(argnames) is str)


def _keys(what: str, kind: type, said: object) -> tuple[int | str, ...] | None:
    if said is None:
        return None
    noun = kind.__name__
    keys = said if isinstance(said, tuple) else (said,)
    if not all(type(key) is kind for key in keys):
        message = f"{what}: expected {noun} or a tuple of {noun}, got {said!r:.60}"
        raise TypeError(message)
    if len(set(keys)) < len(keys) or any(isinstance(key, int) and key < 0 for key in keys):
        message = f"{what}: expected each once, and positions from 0 on, got {said!r:.60}"
        raise ValueError(message)
    return keys


ALL: Final = Choice(None, lone=False)


class Inputs(NamedTuple):
    """The arguments of a call with fresh leaves in the place of what is differentiated."""

    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    leaves: list[Node]
    structures: list[Structure]
    lone: bool

    def shaped(self, numbers: Iterable[object]) -> object:
        """`numbers`, one for each leaf, in the shape of the arguments that hold the leaves."""
        trees = _shaped(self.structures, tuple(numbers))
        return trees[0] if self.lone else trees


_inputs: Callable[[tuple[object, ...]], Inputs] = partial(tuple.__new__, Inputs)  # no Python frame


def _shaped(structures: Sequence[Structure], numbers: tuple[object, ...]) -> tuple[object, ...]:
    """The trees of these structures, with the numbers in them, one after another."""
    for structure in structures:
        if structure is not LEAF:
            leaves = iter(numbers)
            return tuple([put(structure, leaves) for structure in structures])
    return numbers


def take(
    f: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object], choice: Choice
) -> Inputs:
    """The arguments of `f` with fresh leaves in them; an error names the one that is no tree."""
    if choice.keys is not None:
        return _take_chosen(f, args, kwargs, choice)
    if kwargs and not args:
        message = (
            f"{_name(f)} was called without positional arguments, which are what is differentiated "
            f"(got the keywords {sorted(kwargs)}; give them by position, or argnames to grad)"
        )
        raise ValueError(message)
    for argument in args:
        if argument.__class__ is not float:
            leaves, structures = _leaves(f, enumerate(args))
            trees = _shaped(structures, tuple(leaves))
            break
    else:
        structures = [LEAF] * len(args)
        leaves = fresh(args)  # type: ignore[arg-type]  # they are floats
        trees = tuple(leaves)
    return _inputs((trees, kwargs, leaves, structures, len(args) == 1))


def _take_chosen(
    f: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object], choice: Choice
) -> Inputs:
    """With fresh leaves only in the arguments of `choice`."""
    keys = choice.keys or ()
    leaves, structures = _leaves(f, [(key, _chosen(f, args, kwargs, key)) for key in keys])
    put_in = dict(zip(keys, _shaped(structures, tuple(leaves)), strict=True))
    inputs = tuple([put_in.get(i, argument) for i, argument in enumerate(args)])
    named = {name: put_in.get(name, argument) for name, argument in kwargs.items()}
    return Inputs(inputs, named, leaves, structures, choice.lone)


def _leaves(
    f: Callable[..., object], arguments: Iterable[tuple[int | str, object]]
) -> tuple[list[Node], list[Structure]]:
    """Fresh leaves for the numbers in `arguments`, and the structures of these."""
    found: list[Scalar] = []
    structures = [_taken(f, key, argument, found) for key, argument in arguments]
    return fresh(found), structures


def _chosen(
    f: Callable[..., object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    key: int | str,
) -> object:
    """The argument at `key`; a ValueError if the call has none."""
    if isinstance(key, str) and key in kwargs:
        return kwargs[key]
    if isinstance(key, int) and key < len(args):
        return args[key]
    asked = f"keyword argument {key}" if isinstance(key, str) else f"positional argument {key}"
    message = (
        f"{_name(f)} was called without the {asked}, which was to be differentiated "
        f"(got {len(args)} positional and the keywords {sorted(kwargs)})"
    )
    raise ValueError(message)


def _taken(
    f: Callable[..., object], key: int | str, argument: object, found: list[Scalar]
) -> Structure:
    """The structure of one argument; its numbers are added to `found`, a lone one as a float."""
    number = argument if isinstance(argument, Node) else as_argument(argument)
    if number is not None:
        found.append(number)
        return LEAF
    remedy = "leave it out by the argnums of grad, or bind it in a lambda"
    if isinstance(argument, Operand):
        remedy = "of a Value write x.data"
    inside, structure = numbers(argument, lambda: parameter(f, key), remedy)
    found += inside
    return structure


def numbers(tree: object, name: Callable[[], str], remedy: str) -> tuple[list[Scalar], Structure]:
    """The floats and nodes of a tree, and its structure; a TypeError if it holds anything else."""
    try:
        found, structure = flatten(tree)
    except TypeError:
        found, structure = flatten(tree, name())  # the same error, with the whole path
    strange = [x for x in found if x.__class__ is not float and not isinstance(x, (float, Node))]
    if strange or isinstance(structure, Static):
        what = f"{type(tree).__name__} {tree!r:.60}"
        message = f"{name()}: expected a float or a tree of floats, got {what} ({remedy})"
        raise TypeError(message)
    return found, structure  # type: ignore[return-value]  # as was just checked


_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def parameter(f: Callable[..., object], key: int | str) -> str:
    """What `f` calls its argument at `key`."""
    if isinstance(key, str):
        return key
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return f"argument {key}"
    names = [parameter.name for parameter in parameters if parameter.kind in _POSITIONAL]
    return names[key] if key < len(names) else f"argument {key}"


def _name(f: Callable[..., object]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def one_number(f: Callable[..., object], answer: object) -> Scalar:
    """What `f` returned, if that is one number, else a TypeError that says what it was."""
    if isinstance(answer, Node):
        return answer
    number = as_argument(answer)
    if number is None:
        several = isinstance(ROLES[type(answer)], Container)
        remedy = "for several there is fgrad.jacobian" if several else "an int, a float or a Node"
        message = (
            f"{_name(f)} returned {type(answer).__name__} {_shown(answer):.60}: only a function "
            f"that returns one number has a gradient ({remedy})"
        )
        raise TypeError(message)
    return number


def outputs(f: Callable[..., object], answer: object) -> tuple[list[Scalar], Structure]:
    """The numbers in what `f` returned, and its structure; a lone real number becomes a float."""
    number = as_argument(answer)
    if number is not None:
        return [number], LEAF
    return numbers(answer, lambda: f"what {_name(f)} returned", "return numbers, or a tree of them")


def _shown(answer: object) -> str:
    """What a function returned, with numbers in the place of nodes, as its author thinks of it."""
    return repr(map_operands(answer, lambda x: plain(x) if isinstance(x, Node) else x))


def with_aux(f: Callable[..., object], answer: object) -> tuple[object, object]:
    """The number and the rest of what `f` returned, which `has_aux` says is a pair."""
    if isinstance(answer, tuple) and len(answer) == 2:  # noqa: PLR2004 - a pair
        return answer
    message = (
        f"{_name(f)} returned {_shown(answer):.60}: has_aux needs a pair of a number and the rest"
    )
    raise TypeError(message)


def seen(f: Callable[..., object], aux: object, leaves: Sequence[Node]) -> object:
    """What `f` returned besides its number, as the caller sees it: floats in the place of nodes.

    A node that also depends on something older than `leaves` stays, since to an outer
    differentiation it is no constant. So does every node where there are no leaves: it came from
    outside. A TypeError names the path of a collection that has nodes to change and is no tree.
    """
    if not leaves:
        return aux
    nodes: list[Node] = []
    hidden: list[tuple[str, object, list[Node]]] = []
    for path, thing in paths(aux, f"what {_name(f)} returned[1]"):
        if isinstance(thing, Node):
            nodes.append(thing)
        elif isinstance(thing, _COLLECTIONS):
            hidden.append((path, thing, list(_nodes_in(thing))))
    older = on_older(chain(nodes, *(inside for *_, inside in hidden)), leaves[0].index)
    for path, thing, inside in hidden:
        if any(node.index not in older for node in inside):
            message = (
                f"{path}: expected a tree, got {type(thing).__name__} that holds nodes, "
                "which would not become floats (return a list or a dict of them)"
            )
            raise TypeError(message)
    return map_operands(
        aux, lambda x: x.value if isinstance(x, Node) and x.index not in older else x
    )


_COLLECTIONS: Final = (AbstractSet, Mapping, MutableSequence, ValuesView, tuple)
"""What may hold nodes and is no tree, or it would have been taken apart."""


def _nodes_in(collection: Iterable[object]) -> Iterator[Node]:
    """The nodes in a collection and in the trees and collections in it."""
    items = chain(collection, collection.values() if isinstance(collection, Mapping) else ())
    for _, thing in chain.from_iterable(paths(item, "") for item in items):
        if isinstance(thing, Node):
            yield thing
        elif isinstance(thing, _COLLECTIONS):
            yield from _nodes_in(thing)
