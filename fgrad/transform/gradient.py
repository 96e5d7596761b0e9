"""Gradients of functions that return one number, by the reverse sweep."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec, TypeVar, TypeVarTuple, overload

from fgrad.graph import Scalar
from fgrad.reverse import value_and_cotangents
from fgrad.transform.arguments import Choice, function, one_number, seen, take, with_aux

if TYPE_CHECKING:
    from fgrad.signatures import (
        Floats2,
        Function1,
        Function2,
        Grad1,
        Grad2,
        Grad3,
        Grad4,
        Scalars2,
        Tree,
        ValueAndGrad1,
        ValueAndGrad2,
        ValueAndGrad3,
        ValueAndGrad4,
    )

__all__ = ["grad", "value_and_grad"]

A = TypeVar("A", bound="Tree")
B = TypeVar("B", bound="Tree")
C = TypeVar("C", bound="Tree")
D = TypeVar("D", bound="Tree")
E = TypeVar("E", bound="Tree")
R = TypeVar("R", float, Scalar)
T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
Ts = TypeVarTuple("Ts")
P = ParamSpec("P")


# Within an arity numbers come before trees (which types lambdas); a TypeVarTuple only where no
# numbers came before, or it would turn lambdas into Any under mypy.
@overload
def grad(f: Callable[[float], Scalar]) -> Grad1: ...
@overload
def grad(f: Callable[[float, float], Scalar]) -> Grad2: ...
@overload
def grad(f: Callable[[float, float, float], Scalar]) -> Grad3: ...
@overload
def grad(f: Callable[[float, float, float, float], Scalar]) -> Grad4: ...
@overload
def grad(f: Callable[[A], Scalar]) -> Callable[[A], A]: ...
@overload
def grad(f: Callable[[A, B], Scalar]) -> Callable[[A, B], tuple[A, B]]: ...
@overload
def grad(f: Callable[[A, B, C], Scalar]) -> Callable[[A, B, C], tuple[A, B, C]]: ...
@overload
def grad(f: Callable[[A, B, C, D], Scalar]) -> Callable[[A, B, C, D], tuple[A, B, C, D]]: ...
@overload
def grad(
    f: Callable[[A, B, C, D, E, *Ts], Scalar],
) -> Callable[[A, B, C, D, E, *Ts], tuple[A, B, C, D, E, *Ts]]: ...
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
    f: Callable[Concatenate[T, U, V, A, P], Scalar], *, argnums: Literal[3]
) -> Callable[Concatenate[T, U, V, A, P], A]: ...
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
@overload
def grad(f: Callable[P, Scalar], *, argnames: str) -> Callable[P, float]: ...
@overload
def grad(
    f: Callable[P, Scalar], *, argnames: tuple[str, ...]
) -> Callable[P, tuple[float, ...]]: ...
def grad(
    f: Callable[..., object],
    *,
    argnums: int | tuple[int, ...] | None = None,
    argnames: str | tuple[str, ...] | None = None,
) -> Callable[..., object]:
    """The function that gives the gradient of `f`, which returns one number.

    Called with one argument it gives that argument's gradient, with several a tuple of one
    gradient each; with `argnums`, an index or a tuple of them, only those; with `argnames`, a name
    or a tuple of them, those of keyword arguments. An argument is a number or a tree of floats,
    and its gradient has its shape. Other keyword arguments are passed on.
    Floats give floats; within another differentiation the results are nodes of the outer one.

    A TypeError or ValueError names the argument that cannot be differentiated, or says what `f`
    returned if that is no number. What `f` itself raises is raised.

    >>> grad(lambda x, y: x * y + x)(3.0, 4.0)
    (5.0, 3.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p, x: p["w"] * x + p["b"], argnums=0)({"w": 2.0, "b": 1.0}, 3.0)
    {'w': 3.0, 'b': 1.0}
    >>> grad(lambda *, w, b: 3 * w + b, argnames=("w", "b"))(w=1.0, b=2.0)
    (3.0, 1.0)
    """
    choice = Choice.of(argnums, argnames)

    @wraps(function(f), updated=())
    def gradient(*args: object, **kwargs: object) -> object:
        inputs = take(f, args, kwargs, choice)
        root = one_number(f, f(*inputs.args, **inputs.kwargs))
        return inputs.shaped(value_and_cotangents(root, inputs.leaves)[1])

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
def value_and_grad(f: Callable[[A], R]) -> Callable[[A], tuple[R, A]]: ...
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
    f: Callable[[A, B, C, D, E, *Ts], R],
) -> Callable[[A, B, C, D, E, *Ts], tuple[R, tuple[A, B, C, D, E, *Ts]]]: ...
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
    f: Callable[Concatenate[T, U, V, A, P], R], *, argnums: Literal[3]
) -> Callable[Concatenate[T, U, V, A, P], tuple[R, A]]: ...
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
@overload
def value_and_grad(
    f: Callable[P, Scalar], *, argnames: str
) -> Callable[P, tuple[float, float]]: ...
@overload
def value_and_grad(
    f: Callable[P, Scalar], *, argnames: tuple[str, ...]
) -> Callable[P, tuple[float, tuple[float, ...]]]: ...
@overload
def value_and_grad(
    f: Callable[[float], tuple[Scalar, T]], *, has_aux: Literal[True]
) -> Function1[tuple[tuple[float, T], float], tuple[tuple[Scalar, T], Scalar]]: ...
@overload
def value_and_grad(
    f: Callable[[float, float], tuple[Scalar, T]], *, has_aux: Literal[True]
) -> Function2[tuple[tuple[float, T], Floats2], tuple[tuple[Scalar, T], Scalars2]]: ...
@overload
def value_and_grad(
    f: Callable[[A], tuple[R, T]], *, has_aux: Literal[True]
) -> Callable[[A], tuple[tuple[R, T], A]]: ...
@overload
def value_and_grad(
    f: Callable[[A, B], tuple[R, T]], *, has_aux: Literal[True]
) -> Callable[[A, B], tuple[tuple[R, T], tuple[A, B]]]: ...
@overload
def value_and_grad(
    f: Callable[[A, B, C], tuple[R, T]], *, has_aux: Literal[True]
) -> Callable[[A, B, C], tuple[tuple[R, T], tuple[A, B, C]]]: ...
@overload
def value_and_grad(
    f: Callable[[A, B, C, D, *Ts], tuple[R, T]], *, has_aux: Literal[True]
) -> Callable[[A, B, C, D, *Ts], tuple[tuple[R, T], tuple[A, B, C, D, *Ts]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, P], tuple[R, T]], *, argnums: Literal[0], has_aux: Literal[True]
) -> Callable[Concatenate[A, P], tuple[tuple[R, T], A]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[U, A, P], tuple[R, T]], *, argnums: Literal[1], has_aux: Literal[True]
) -> Callable[Concatenate[U, A, P], tuple[tuple[R, T], A]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, B, P], tuple[R, T]],
    *,
    argnums: tuple[Literal[0], Literal[1]],
    has_aux: Literal[True],
) -> Callable[Concatenate[A, B, P], tuple[tuple[R, T], tuple[A, B]]]: ...
@overload
def value_and_grad(
    f: Callable[P, tuple[Scalar, T]], *, argnames: str, has_aux: Literal[True]
) -> Callable[P, tuple[tuple[float, T], float]]: ...
@overload
def value_and_grad(
    f: Callable[P, tuple[Scalar, T]], *, argnames: tuple[str, ...], has_aux: Literal[True]
) -> Callable[P, tuple[tuple[float, T], tuple[float, ...]]]: ...
def value_and_grad(
    f: Callable[..., object],
    *,
    argnums: int | tuple[int, ...] | None = None,
    argnames: str | tuple[str, ...] | None = None,
    has_aux: bool = False,
) -> Callable[..., object]:
    """The function that gives the pair of `f`'s value and its gradient, as `grad` has it.

    With `has_aux`, `f` returns its number and whatever else it has to say, and the first of the
    pair is these two, with floats in the place of nodes. A TypeError says where a set, or another
    collection that is no tree, holds nodes. Other errors are those of `grad`.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    >>> value_and_grad(lambda x: (x * x, {"seen": x}), has_aux=True)(3.0)
    ((9.0, {'seen': 3.0}), 6.0)
    """
    choice = Choice.of(argnums, argnames)

    @wraps(function(f), updated=())
    def value_and_gradient(*args: object, **kwargs: object) -> object:
        inputs = take(f, args, kwargs, choice)
        answer = f(*inputs.args, **inputs.kwargs)
        number, aux = with_aux(f, answer) if has_aux else (answer, None)
        value, found = value_and_cotangents(one_number(f, number), inputs.leaves)
        gradient = inputs.shaped(found)
        return ((value, seen(f, aux, inputs.leaves)), gradient) if has_aux else (value, gradient)

    return value_and_gradient
