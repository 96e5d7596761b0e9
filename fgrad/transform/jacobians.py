"""Matrices of derivatives, in the nested structure of what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, overload

from fgrad.forward import tangents
from fgrad.reverse import cotangents
from fgrad.transform.arguments import function
from fgrad.transform.gradient import grad
from fgrad.transform.linear import Run
from fgrad.tree import unflatten

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fgrad.graph import Node, Scalar
    from fgrad.signatures import (
        AnyContainer,
        Floats2,
        Floats3,
        Function1,
        Function2,
        Function3,
        Scalars2,
        Scalars3,
        Tree,
    )

__all__ = ["hessian", "hvp", "jacobian"]

A = TypeVar("A", bound="Tree")
B = TypeVar("B", bound="Tree")
K = TypeVar("K", bound="Hashable")
S = TypeVar("S", bound="Scalar")
Mode: TypeAlias = Literal["forward", "reverse"]


# By what comes out (a tuple, a list or another sequence, a dict), and within it by what goes in. Of
# numbers no Sequence: a lambda that gives a tuple would match twice, and be Any under mypy.
@overload
def jacobian(  # type: ignore[overload-overlap]  # a float is a tree
    f: Callable[[float], tuple[Scalar, ...]], *, mode: Mode | None = None
) -> Function1[tuple[float, ...], tuple[Scalar, ...]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a float is a tree
    f: Callable[[float, float], tuple[Scalar, ...]], *, mode: Mode | None = None
) -> Function2[tuple[Floats2, ...], tuple[Scalars2, ...]]: ...
@overload
def jacobian(
    f: Callable[[float, float, float], tuple[Scalar, ...]], *, mode: Mode | None = None
) -> Function3[tuple[Floats3, ...], tuple[Scalars3, ...]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a tuple is a sequence
    f: Callable[[A], tuple[Scalar, ...]], *, mode: Mode | None = None
) -> Callable[[A], tuple[A, ...]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a tuple is a sequence
    f: Callable[[A, B], tuple[Scalar, ...]], *, mode: Mode | None = None
) -> Callable[[A, B], tuple[tuple[A, B], ...]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a float is a tree
    f: Callable[[float], list[Scalar] | list[float]], *, mode: Mode | None = None
) -> Function1[list[float], list[Scalar]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a float is a tree
    f: Callable[[float, float], list[Scalar] | list[float]], *, mode: Mode | None = None
) -> Function2[list[Floats2], list[Scalars2]]: ...
@overload
def jacobian(
    f: Callable[[float, float, float], list[Scalar] | list[float]], *, mode: Mode | None = None
) -> Function3[list[Floats3], list[Scalars3]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a sequence is a tree
    f: Callable[[Sequence[S]], Sequence[Scalar]], *, mode: Mode | None = None
) -> Callable[[Sequence[S]], list[list[S]]]: ...
@overload
def jacobian(
    f: Callable[[A], Sequence[Scalar]], *, mode: Mode | None = None
) -> Callable[[A], list[A]]: ...
@overload
def jacobian(
    f: Callable[[A, B], Sequence[Scalar]], *, mode: Mode | None = None
) -> Callable[[A, B], list[tuple[A, B]]]: ...
@overload
def jacobian(  # type: ignore[overload-overlap]  # a float is a tree
    f: Callable[[float], dict[K, Scalar] | dict[K, float]], *, mode: Mode | None = None
) -> Function1[dict[K, float], dict[K, Scalar]]: ...
@overload
def jacobian(
    f: Callable[[A], dict[K, Scalar] | dict[K, float]], *, mode: Mode | None = None
) -> Callable[[A], dict[K, A]]: ...
@overload
def jacobian(
    f: Callable[[A, B], dict[K, Scalar] | dict[K, float]], *, mode: Mode | None = None
) -> Callable[[A, B], dict[K, tuple[A, B]]]: ...
@overload
def jacobian(
    f: Callable[[A], AnyContainer], *, mode: Mode | None = None
) -> Callable[[A], object]: ...
def jacobian(f: Callable[..., object], *, mode: Mode | None = None) -> Callable[..., object]:
    """The function that gives all derivatives of all numbers that `f` returns.

    The answer has the structure of what `f` returns, with a gradient (as `grad` shapes it) in the
    place of each number: a list of m numbers of a list of n gives m lists of n. By reverse
    sweeps, one a row, or by forward sweeps, one a column: the fewer, unless `mode` says which.
    Keyword arguments are passed on. A TypeError says what in the arguments or in what `f` returned
    is no tree of floats.

    >>> jacobian(lambda p: [p[0] * p[1], p[0]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 0.0]]
    """
    if mode not in (None, "forward", "reverse"):
        message = f"mode: expected 'forward' or 'reverse', got {mode!r}"
        raise ValueError(message)

    @wraps(function(f), updated=())
    def matrix(*args: object, **kwargs: object) -> object:
        inputs, roots, structure = Run.of(f, *args, **kwargs)
        forward = len(inputs.leaves) < len(roots) if mode is None else mode == "forward"
        rows = _by_columns(roots, inputs.leaves) if forward else _by_rows(roots, inputs.leaves)
        return unflatten(structure, map(inputs.shaped, rows))

    return matrix


def _by_rows(roots: Sequence[Scalar], leaves: Sequence[Node]) -> list[list[Scalar]]:
    return [cotangents([(root, 1.0)], leaves) for root in roots]


def _by_columns(roots: Sequence[Scalar], leaves: Sequence[Node]) -> list[list[Scalar]]:
    columns = []
    for chosen in leaves:
        directions = [1.0 if leaf is chosen else None for leaf in leaves]
        columns.append(tangents(roots, leaves, directions)[0])
    return [[column[row] for column in columns] for row in range(len(roots))]


@overload
def hessian(f: Callable[[float], Scalar]) -> Function1[float, Scalar]: ...
@overload
def hessian(
    f: Callable[[float, float], Scalar],
) -> Function2[tuple[Floats2, Floats2], tuple[Scalars2, Scalars2]]: ...
@overload
def hessian(
    f: Callable[[float, float, float], Scalar],
) -> Function3[tuple[Floats3, Floats3, Floats3], tuple[Scalars3, Scalars3, Scalars3]]: ...
@overload
def hessian(f: Callable[[Sequence[S]], Scalar]) -> Callable[[Sequence[S]], list[list[S]]]: ...
@overload
def hessian(f: Callable[[list[S]], Scalar]) -> Callable[[list[S]], list[list[S]]]: ...
@overload
def hessian(f: Callable[[dict[K, S]], Scalar]) -> Callable[[dict[K, S]], dict[K, dict[K, S]]]: ...
@overload
def hessian(f: Callable[[A], Scalar]) -> Callable[[A], object]: ...
def hessian(f: Callable[..., object]) -> Callable[..., object]:
    """The function that gives all second derivatives of `f`: the Jacobian of its gradient.

    A list of n numbers gives n lists of n. Errors are those of `grad`.

    >>> hessian(lambda p: p[0] ** 2 * p[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f))  # type: ignore[arg-type]  # the gradient of any f is a tree


@overload
def hvp(f: Callable[[float], Scalar], x: float, v: float) -> float: ...
@overload
def hvp(f: Callable[[A], Scalar], x: A, v: A) -> A: ...
def hvp(f: Callable[[A], Scalar], x: A, v: A) -> A:
    """The Hessian of `f` at `x` times `v`, without the Hessian: forward over reverse.

    Costs a few times what `f` does (Pearlmutter 1994). `v` has the structure of `x`, else a
    ValueError. Other errors are those of `grad`.

    >>> hvp(lambda p: p[0] ** 2 * p[1], [3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    return Run.of(grad(f), x).push(v, "v")  # type: ignore[return-value]  # a tree of A's structure
