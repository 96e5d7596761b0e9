"""The types of what the transformations take and give, for type checkers and readers.

An annotation may say `float` (existing code is differentiable unchanged) or `Scalar` (the checker
then rejects what would lose a derivative). Floats in, floats out; Scalars in, Scalars out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from attrs import AttrsInstance

    from fgrad.graph import Scalar
    from fgrad.primitive import Operand

__all__ = ["Container", "Tree"]


class _Items(Protocol):
    """Any tuple, list, NamedTuple, array: but no str, whose `in` takes only a str."""

    def __len__(self, /) -> int: ...
    def __iter__(self, /) -> Iterator[object]: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: int, /) -> object: ...


class _Attrs(Protocol):
    @property
    def __attrs_attrs__(self) -> object: ...


Container: TypeAlias = "_Items | Mapping[str, object] | _Attrs | DataclassInstance"
"""What holds the numbers of a tree."""
Tree: TypeAlias = "float | Operand | Container | AttrsInstance"
"""A number, or a container of numbers and containers; see `fgrad.tree`.

To pyright `AttrsInstance` is empty, and so anything: it leaves what is no tree to the run time.
"""

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
F_co = TypeVar("F_co", covariant=True)
S_co = TypeVar("S_co", covariant=True)


class Grad1(Protocol):
    """The gradient of a function of one number."""

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Scalar, /) -> Scalar: ...


class Grad2(Protocol):
    """The gradient of a function of two numbers."""

    @overload
    def __call__(self, x: float, y: float, /) -> tuple[float, float]: ...
    @overload
    def __call__(self, x: Scalar, y: Scalar, /) -> tuple[Scalar, Scalar]: ...


class Grad3(Protocol):
    """The gradient of a function of three numbers."""

    @overload
    def __call__(self, x: float, y: float, z: float, /) -> tuple[float, float, float]: ...
    @overload
    def __call__(self, x: Scalar, y: Scalar, z: Scalar, /) -> tuple[Scalar, Scalar, Scalar]: ...


class Grad4(Protocol):
    """The gradient of a function of four numbers."""

    @overload
    def __call__(
        self, x: float, y: float, z: float, w: float, /
    ) -> tuple[float, float, float, float]: ...
    @overload
    def __call__(
        self, x: Scalar, y: Scalar, z: Scalar, w: Scalar, /
    ) -> tuple[Scalar, Scalar, Scalar, Scalar]: ...


class ValueAndGrad1(Protocol):
    """The value and the gradient of a function of one number."""

    @overload
    def __call__(self, x: float, /) -> tuple[float, float]: ...
    @overload
    def __call__(self, x: Scalar, /) -> tuple[Scalar, Scalar]: ...


class ValueAndGrad2(Protocol):
    """The value and the gradient of a function of two numbers."""

    @overload
    def __call__(self, x: float, y: float, /) -> tuple[float, tuple[float, float]]: ...
    @overload
    def __call__(self, x: Scalar, y: Scalar, /) -> tuple[Scalar, tuple[Scalar, Scalar]]: ...


class ValueAndGrad3(Protocol):
    """The value and the gradient of a function of three numbers."""

    @overload
    def __call__(
        self, x: float, y: float, z: float, /
    ) -> tuple[float, tuple[float, float, float]]: ...
    @overload
    def __call__(
        self, x: Scalar, y: Scalar, z: Scalar, /
    ) -> tuple[Scalar, tuple[Scalar, Scalar, Scalar]]: ...


class ValueAndGrad4(Protocol):
    """The value and the gradient of a function of four numbers."""

    @overload
    def __call__(
        self, x: float, y: float, z: float, w: float, /
    ) -> tuple[float, tuple[float, float, float, float]]: ...
    @overload
    def __call__(
        self, x: Scalar, y: Scalar, z: Scalar, w: Scalar, /
    ) -> tuple[Scalar, tuple[Scalar, Scalar, Scalar, Scalar]]: ...


class GradTree(Protocol[T]):
    """The gradient of a function of one tree: a tree of the same shape."""

    def __call__(self, tree: T, /) -> T: ...


class ValueAndGradTree(Protocol[T, R_co]):
    """The value and the gradient of a function of one tree."""

    def __call__(self, tree: T, /) -> tuple[R_co, T]: ...


class Function1(Protocol[F_co, S_co]):
    """A function of one number: of a float it gives an F, of a Scalar an S."""

    @overload
    def __call__(self, x: float, /) -> F_co: ...
    @overload
    def __call__(self, x: Scalar, /) -> S_co: ...


class Function2(Protocol[F_co, S_co]):
    """A function of two numbers: of floats it gives an F, of Scalars an S."""

    @overload
    def __call__(self, x: float, y: float, /) -> F_co: ...
    @overload
    def __call__(self, x: Scalar, y: Scalar, /) -> S_co: ...


class Function3(Protocol[F_co, S_co]):
    """A function of three numbers: of floats it gives an F, of Scalars an S."""

    @overload
    def __call__(self, x: float, y: float, z: float, /) -> F_co: ...
    @overload
    def __call__(self, x: Scalar, y: Scalar, z: Scalar, /) -> S_co: ...
