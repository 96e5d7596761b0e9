"""The derivative at a point as a linear map: pushed forward, pulled back, or kept for later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar, overload

from fgrad.forward import tangents
from fgrad.graph import Scalar, on_older, plain
from fgrad.number import as_argument
from fgrad.reverse import cotangents
from fgrad.transform.arguments import ALL, Inputs, function, numbers, outputs, take
from fgrad.tree import unflatten

if TYPE_CHECKING:
    from fgrad.container import Structure
    from fgrad.signatures import Tree

__all__ = ["Run", "jvp", "linearize", "vjp"]

A = TypeVar("A", bound="Tree")
R = TypeVar("R", bound="Tree")


class Run(NamedTuple):
    """One run of a function of trees: its inputs, and the roots in what it returned."""

    inputs: Inputs
    roots: list[Scalar]
    structure: Structure

    @classmethod
    def of(cls, f: Callable[..., object], /, *args: object, **kwargs: object) -> Self:
        """The run of `f` on these arguments, differentiated by the positional ones."""
        inputs = take(function(f), args, kwargs, ALL)
        roots, structure = outputs(f, f(*inputs.args, **inputs.kwargs))
        return cls(inputs, roots, structure)

    def answer(self) -> object:
        """What `f` returned, as the caller of the transformation sees it."""
        leaves = self.inputs.leaves
        older = not leaves or on_older(self.roots, leaves[0].index)
        answers = self.roots if older else [plain(root) for root in self.roots]
        return unflatten(self.structure, answers)

    def push(self, tangent: object, name: str = "tangent") -> object:
        """The tangent of the answer along `tangent`, a tree of the structure of the input."""
        directions = _matching(tangent, name, self.inputs.structures[0])
        return unflatten(self.structure, tangents(self.roots, self.inputs.leaves, directions)[0])

    def pull(self, cotangent: object) -> object:
        """The cotangent of the input under `cotangent`, a tree of the structure of the answer."""
        seeds = zip(self.roots, _matching(cotangent, "cotangent", self.structure), strict=True)
        return self.inputs.shaped(cotangents(seeds, self.inputs.leaves))


def _matching(tree: object, name: str, structure: Structure) -> list[Scalar]:
    """The numbers of `tree`; a ValueError if its structure is not the one it belongs to."""
    number = as_argument(tree)
    found, mine = numbers(tree if number is None else number, lambda: name, "as its counterpart is")
    if mine != structure:
        message = f"{name}: expected the structure {structure}, got {mine}"
        raise ValueError(message)
    return found


@overload
def jvp(f: Callable[[float], Scalar], x: float, tangent: float) -> tuple[float, float]: ...
@overload
def jvp(f: Callable[[float], R], x: float, tangent: float) -> tuple[R, R]: ...
@overload
def jvp(f: Callable[[A], R], x: A, tangent: A) -> tuple[R, R]: ...
def jvp(f: Callable[[A], R], x: A, tangent: A) -> tuple[R, R]:
    """The value of `f` at `x`, and its derivative there along `tangent` (the pushforward).

    One forward sweep, however many numbers `f` returns. `tangent` has the structure of `x`, else
    a ValueError. A TypeError says what in `x`, `tangent` or the value is no tree of floats.

    >>> jvp(lambda p: [p[0] * p[1], p[0]], [3.0, 4.0], [1.0, 0.0])
    ([12.0, 3.0], [4.0, 1.0])
    """
    run = Run.of(f, x)
    return run.answer(), run.push(tangent)  # type: ignore[return-value]  # trees as R is


@overload
def linearize(  # type: ignore[overload-overlap]  # the other is for all other trees
    f: Callable[[float], Scalar], x: float
) -> tuple[float, Callable[[float], float]]: ...
@overload
def linearize(  # type: ignore[overload-overlap]
    f: Callable[[float], R], x: float
) -> tuple[R, Callable[[float], R]]: ...
@overload
def linearize(f: Callable[[A], R], x: A) -> tuple[R, Callable[[A], R]]: ...
def linearize(f: Callable[[A], R], x: A) -> tuple[R, Callable[[A], R]]:
    """The value of `f` at `x`, and its derivative there as a function from tangent to tangent.

    `f` runs once, however often the linear function is called; each call is one forward sweep.
    Errors are those of `jvp`.

    >>> value, derivative = linearize(lambda p: p[0] * p[1], [3.0, 4.0])
    >>> value, derivative([1.0, 0.0]), derivative([0.0, 1.0])
    (12.0, 4.0, 3.0)
    """
    run = Run.of(f, x)

    def derivative(tangent: A) -> R:
        return run.push(tangent)  # type: ignore[return-value]  # a tree of R's structure

    return run.answer(), derivative  # type: ignore[return-value]  # a tree of R's structure


@overload
def vjp(  # type: ignore[overload-overlap]  # the other is for all other trees
    f: Callable[[float], Scalar], x: float
) -> tuple[float, Callable[[float], float]]: ...
@overload
def vjp(f: Callable[[float], R], x: float) -> tuple[R, Callable[[R], float]]: ...
@overload
def vjp(f: Callable[[A], R], x: A) -> tuple[R, Callable[[R], A]]: ...
def vjp(f: Callable[[A], object], x: A) -> tuple[object, Callable[..., A]]:
    """The value of `f` at `x`, and its pullback: from a cotangent of the value to one of `x`.

    `f` runs once, however often the pullback is called; each call is one reverse sweep. A cotangent
    has the structure of the value, else a ValueError. Other errors are those of `jvp`.

    >>> value, pullback = vjp(lambda p: [p[0] * p[1], p[0]], [3.0, 4.0])
    >>> value, pullback([1.0, 0.0]), pullback([0.0, 1.0])
    ([12.0, 3.0], [4.0, 3.0], [1.0, 0.0])
    """
    run = Run.of(f, x)

    def pullback(cotangent: object) -> A:
        return run.pull(cotangent)  # type: ignore[return-value]  # a tree of A's structure

    return run.answer(), pullback
