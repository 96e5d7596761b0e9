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

__all__ = [
    "AnyContainer",
    "Floats2",
    "Floats3",
    "Function1",
    "Function2",
    "Function3",
    "Grad1",
    "Grad2",
    "Grad3",
    "Grad4",
    "Scalars2",
    "Scalars3",
    "Tree",
    "ValueAndGrad1",
    "ValueAndGrad2",
    "ValueAndGrad3",
    "ValueAndGrad4",
]


class _Items(Protocol):
    """Any tuple, list, NamedTuple, array: but no str, whose `in` takes only a str."""

    def __len__(self, /) -> int: ...
    def __iter__(self, /) -> Iterator[object]: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: int, /) -> object: ...


class _Float(Protocol):
    """A float: but no int, which has no `hex`, and no bytes, which have no `real`."""

    @property
    def real(self) -> float: ...
    def hex(self, /) -> str: ...


class _Attrs(Protocol):
    @property
    def __attrs_attrs__(self) -> object: ...


AnyContainer: TypeAlias = "_Items | Mapping[str, object] | _Attrs | DataclassInstance"
"""What holds the numbers of a tree."""


class Tree(Protocol):
    """A number, or a container of numbers and containers; see `fgrad.tree`.

    That is said of its class, so that it is one type: a type variable bound by a union mypy joins
    with a float to an Any, which `lambda x: hypot(x, 1.0)` then is to `grad`. To pyright
    `AttrsInstance` is empty, and so anything: it leaves what is no tree to the run time.
    """

    @property  # type: ignore[misc]  # object's can be assigned too
    def __class__(self) -> type[_Float | Operand | AnyContainer | AttrsInstance]: ...  # type: ignore[override]  # narrower


F_co = TypeVar("F_co", covariant=True)
S_co = TypeVar("S_co", covariant=True)

Floats2: TypeAlias = tuple[float, float]
Floats3: TypeAlias = tuple[float, float, float]
Floats4: TypeAlias = tuple[float, float, float, float]
Scalars2: TypeAlias = "tuple[Scalar, Scalar]"
Scalars3: TypeAlias = "tuple[Scalar, Scalar, Scalar]"
Scalars4: TypeAlias = "tuple[Scalar, Scalar, Scalar, Scalar]"


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


class Function4(Protocol[F_co, S_co]):
    """A function of four numbers: of floats it gives an F, of Scalars an S."""

    @overload
    def __call__(self, x: float, y: float, z: float, w: float, /) -> F_co: ...
    @overload
    def __call__(self, x: Scalar, y: Scalar, z: Scalar, w: Scalar, /) -> S_co: ...


# Gradients of functions of numbers, alone and after the value.
Grad1: TypeAlias = "Function1[float, Scalar]"
Grad2: TypeAlias = "Function2[Floats2, Scalars2]"
Grad3: TypeAlias = "Function3[Floats3, Scalars3]"
Grad4: TypeAlias = "Function4[Floats4, Scalars4]"
ValueAndGrad1: TypeAlias = "Function1[Floats2, Scalars2]"
ValueAndGrad2: TypeAlias = "Function2[tuple[float, Floats2], tuple[Scalar, Scalars2]]"
ValueAndGrad3: TypeAlias = "Function3[tuple[float, Floats3], tuple[Scalar, Scalars3]]"
ValueAndGrad4: TypeAlias = "Function4[tuple[float, Floats4], tuple[Scalar, Scalars4]]"
