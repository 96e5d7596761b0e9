"""The transformations: functions in, functions out.

Each runs `f` on fresh leaves in the place of its numbers, and reads the answer off the graph
that this leaves behind. Nothing is kept: transformations nest, in any order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec, TypeVar, overload

from fgrad.graph import Node, Scalar, fresh
from fgrad.primitive import as_float
from fgrad.reverse import value_and_cotangents
from fgrad.signatures import Tree
from fgrad.tree import LEAF, Static, Structure, flatten, unflatten

if TYPE_CHECKING:
    from fgrad.signatures import (
        Grad1,
        Grad2,
        Grad3,
        Grad4,
        GradTree,
        ValueAndGrad1,
        ValueAndGrad2,
        ValueAndGrad3,
        ValueAndGrad4,
        ValueAndGradTree,
    )

__all__ = ["grad", "value_and_grad"]

A = TypeVar("A", bound=Tree)
B = TypeVar("B", bound=Tree)
C = TypeVar("C", bound=Tree)
D = TypeVar("D", bound=Tree)
R = TypeVar("R", bound=Scalar)
T = TypeVar("T")
U = TypeVar("U")
P = ParamSpec("P")


# Within an arity numbers come before trees (which types lambdas); no TypeVarTuple, which would
# turn every lambda into Any under mypy.
@overload
def grad(f: Callable[[float], Scalar]) -> Grad1: ...
@overload
def grad(f: Callable[[float, float], Scalar]) -> Grad2: ...
@overload
def grad(f: Callable[[float, float, float], Scalar]) -> Grad3: ...
@overload
def grad(f: Callable[[float, float, float, float], Scalar]) -> Grad4: ...
@overload
def grad(f: Callable[[A], Scalar]) -> GradTree[A]: ...
@overload
def grad(f: Callable[[A, B], Scalar]) -> Callable[[A, B], tuple[A, B]]: ...
@overload
def grad(f: Callable[[A, B, C], Scalar]) -> Callable[[A, B, C], tuple[A, B, C]]: ...
@overload
def grad(f: Callable[[A, B, C, D], Scalar]) -> Callable[[A, B, C, D], tuple[A, B, C, D]]: ...
@overload
def grad(
    f: Callable[Concatenate[A, P], Scalar], *, argnums: Literal[0]
) -> Callable[Concatenate[A, P], A]: ...
@overload
def grad(
    f: Callable[Concatenate[T, A, P], Scalar], *, argnums: Literal[1]
) -> Callable[Concatenate[T, A, P], A]: ...
@overload
def grad(
    f: Callable[Concatenate[T, U, A, P], Scalar], *, argnums: Literal[2]
) -> Callable[Concatenate[T, U, A, P], A]: ...
@overload
def grad(
    f: Callable[Concatenate[A, P], Scalar], *, argnums: tuple[Literal[0]]
) -> Callable[Concatenate[A, P], tuple[A]]: ...
@overload
def grad(
    f: Callable[Concatenate[A, B, P], Scalar], *, argnums: tuple[Literal[0], Literal[1]]
) -> Callable[Concatenate[A, B, P], tuple[A, B]]: ...
@overload
def grad(
    f: Callable[Concatenate[A, T, B, P], Scalar], *, argnums: tuple[Literal[0], Literal[2]]
) -> Callable[Concatenate[A, T, B, P], tuple[A, B]]: ...
@overload
def grad(
    f: Callable[Concatenate[T, A, B, P], Scalar], *, argnums: tuple[Literal[1], Literal[2]]
) -> Callable[Concatenate[T, A, B, P], tuple[A, B]]: ...
@overload
def grad(
    f: Callable[Concatenate[A, B, C, P], Scalar],
    *,
    argnums: tuple[Literal[0], Literal[1], Literal[2]],
) -> Callable[Concatenate[A, B, C, P], tuple[A, B, C]]: ...
def grad(
    f: Callable[..., object], *, argnums: int | tuple[int, ...] | None = None
) -> Callable[..., object]:
    """The function that gives the gradient of `f`, which returns one number.

    Called with one argument it gives that argument's gradient, with several a tuple of one
    gradient each; with `argnums`, an index or a tuple of them, only those. An argument is a number
    or a tree of floats, and its gradient has its shape. Keyword arguments are passed on.
    Floats give floats; within another differentiation the results are nodes of the outer one.

    A TypeError or ValueError names the argument that cannot be differentiated, or says what `f`
    returned if that is no number. What `f` itself raises is raised.

    >>> grad(lambda x, y: x * y + x)(3.0, 4.0)
    (5.0, 3.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p, x: p["w"] * x + p["b"], argnums=0)({"w": 2.0, "b": 1.0}, 3.0)
    {'w': 3.0, 'b': 1.0}
    """
    with_value = _value_and_grad(f, argnums)

    @wraps(f, updated=())
    def gradient(*args: object, **kwargs: object) -> object:
        return with_value(args, kwargs)[1]

    return gradient


@overload
def value_and_grad(f: Callable[[float], Scalar]) -> ValueAndGrad1: ...
@overload
def value_and_grad(f: Callable[[float, float], Scalar]) -> ValueAndGrad2: ...
@overload
def value_and_grad(f: Callable[[float, float, float], Scalar]) -> ValueAndGrad3: ...
@overload
def value_and_grad(f: Callable[[float, float, float, float], Scalar]) -> ValueAndGrad4: ...
@overload
def value_and_grad(f: Callable[[A], R]) -> ValueAndGradTree[A, R]: ...
@overload
def value_and_grad(f: Callable[[A, B], R]) -> Callable[[A, B], tuple[R, tuple[A, B]]]: ...
@overload
def value_and_grad(f: Callable[[A, B, C], R]) -> Callable[[A, B, C], tuple[R, tuple[A, B, C]]]: ...
@overload
def value_and_grad(
    f: Callable[[A, B, C, D], R],
) -> Callable[[A, B, C, D], tuple[R, tuple[A, B, C, D]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, P], R], *, argnums: Literal[0]
) -> Callable[Concatenate[A, P], tuple[R, A]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[T, A, P], R], *, argnums: Literal[1]
) -> Callable[Concatenate[T, A, P], tuple[R, A]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[T, U, A, P], R], *, argnums: Literal[2]
) -> Callable[Concatenate[T, U, A, P], tuple[R, A]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, P], R], *, argnums: tuple[Literal[0]]
) -> Callable[Concatenate[A, P], tuple[R, tuple[A]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, B, P], R], *, argnums: tuple[Literal[0], Literal[1]]
) -> Callable[Concatenate[A, B, P], tuple[R, tuple[A, B]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, T, B, P], R], *, argnums: tuple[Literal[0], Literal[2]]
) -> Callable[Concatenate[A, T, B, P], tuple[R, tuple[A, B]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[T, A, B, P], R], *, argnums: tuple[Literal[1], Literal[2]]
) -> Callable[Concatenate[T, A, B, P], tuple[R, tuple[A, B]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, B, C, P], R], *, argnums: tuple[Literal[0], Literal[1], Literal[2]]
) -> Callable[Concatenate[A, B, C, P], tuple[R, tuple[A, B, C]]]: ...
def value_and_grad(
    f: Callable[..., object], *, argnums: int | tuple[int, ...] | None = None
) -> Callable[..., object]:
    """The function that gives the pair of `f`'s value and its gradient, as `grad` has it.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    with_value = _value_and_grad(f, argnums)

    @wraps(f, updated=())
    def value_and_gradient(*args: object, **kwargs: object) -> object:
        return with_value(args, kwargs)

    return value_and_gradient


def _value_and_grad(
    f: Callable[..., object], argnums: int | tuple[int, ...] | None
) -> Callable[[tuple[object, ...], Mapping[str, object]], tuple[Scalar, object]]:
    """What `grad` and `value_and_grad` share: arguments in, value and gradient out."""
    chosen = _chosen(argnums)

    def run(args: tuple[object, ...], kwargs: Mapping[str, object]) -> tuple[Scalar, object]:
        positions = range(len(args)) if chosen is None else chosen
        inputs = list(args)
        leaves: list[Node] = []
        structures: list[Structure] = []
        for position in positions:
            numbers, structure = _flatten_argument(f, args, position)
            made = fresh(numbers)
            inputs[position] = unflatten(structure, made)
            leaves += made
            structures.append(structure)
        root = _one_number(f, f(*inputs, **kwargs))
        value, found = value_and_cotangents(root, leaves)
        rest = iter(found)
        gradients = tuple(unflatten(structure, rest) for structure in structures)
        lone = isinstance(argnums, int) or (chosen is None and len(args) == 1)
        return value, gradients[0] if lone else gradients

    return run


def _chosen(argnums: object) -> tuple[int, ...] | None:
    """`argnums` as a tuple of positions; an error if it is none, or names one twice."""
    if argnums is None:
        return None
    chosen = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all(type(position) is int for position in chosen):
        message = f"argnums: expected an int or a tuple of ints, got {argnums!r:.60}"
        raise TypeError(message)
    if len(set(chosen)) < len(chosen) or any(position < 0 for position in chosen):
        message = f"argnums: expected positions from 0 on, each once, got {argnums!r}"
        raise ValueError(message)
    return chosen


def _flatten_argument(
    f: Callable[..., object], args: tuple[object, ...], position: int
) -> tuple[list[Scalar], Structure]:
    """The numbers of one argument, and its structure; a lone real number becomes a float."""
    if position >= len(args):
        message = (
            f"argnums: {position} is no positional argument: {_name(f)} was called with {len(args)}"
        )
        raise ValueError(message)
    argument = args[position]
    if argument.__class__ is float or isinstance(argument, Node):
        return [argument], LEAF
    number = None if isinstance(argument, bool) else as_float(argument)
    if number is not None:
        return [number], LEAF
    try:
        found, structure = flatten(argument)
    except TypeError:
        found, structure = flatten(argument, _parameter(f, position))  # the error, with its path
    if structure.__class__ is Static or not all(
        issubclass(kind, (float, Node)) for kind in set(map(type, found))
    ):
        message = (
            f"{_parameter(f, position)}: expected a float or a tree of floats, got "
            f"{type(argument).__name__} {argument!r:.60} "
            "(choose what to differentiate with argnums=)"
        )
        raise TypeError(message)
    return found, structure  # type: ignore[return-value]  # as was just checked


def _parameter(f: Callable[..., object], position: int) -> str:
    """What `f` calls its argument at `position`."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return f"argument {position}"
    if position < len(parameters) and parameters[position].kind is not Parameter.VAR_POSITIONAL:
        return parameters[position].name
    return f"argument {position}"


def _name(f: Callable[..., object]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _one_number(f: Callable[..., object], answer: object) -> Scalar:
    """What `f` returned, if that is one number, else a TypeError that says what it was."""
    if isinstance(answer, Node):
        return answer
    number = None if isinstance(answer, bool) else as_float(answer)
    if number is None:
        message = (
            f"{_name(f)} returned {type(answer).__name__} {answer!r:.60}: "
            "only a function that returns one number has a gradient"
        )
        raise TypeError(message)
    return number
