"""What counts as a real number: int, float, Fraction, and the real scalars of NumPy."""

from __future__ import annotations

from numbers import Real

__all__ = ["as_argument", "as_float", "is_number", "to_float"]


def is_number(thing: object) -> bool:
    """Whether it is a real number: int, bool, float, Fraction, or a real scalar of NumPy."""
    if isinstance(thing, (float, int)):
        return True
    kind = type(thing)
    if kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_", "timedelta64"):
        return kind.__name__ != "timedelta64"  # which NumPy registers as an integer
    return isinstance(thing, Real)


def as_float(number: object) -> float | None:
    """`number` as a float if it is a real number, else None."""
    if isinstance(number, (float, int)):
        return float(number)
    return float(number) if is_number(number) else None  # type: ignore[arg-type]  # it is real


def as_argument(number: object) -> float | None:
    """`number` as a float if it is a real number, and no bool, which has no slope; else None."""
    is_bool = isinstance(number, bool) or type(number).__name__ in ("bool", "bool_")
    return None if is_bool else as_float(number)


def to_float(number: object, name: str) -> float:
    """`number` as a float; an error that says `name` if it is no real number, or too large."""
    try:
        plain = as_float(number)
    except OverflowError as error:
        raise OverflowError(f"{name}: {error}") from None
    if plain is None:
        message = f"{name}: expected a real number, got {type(number).__name__} {number!r:.60}"
        raise TypeError(message)
    return plain
