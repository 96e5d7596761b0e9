"""Small data sets that come with the package, and what one does to them before learning."""

from __future__ import annotations

import csv
from importlib import resources
from random import Random
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from fgrad.number import to_float
from fgrad.primitive import to_items

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SPECIES", "Sample", "iris", "split", "standardise"]

SPECIES: Final = ("setosa", "versicolor", "virginica")
"""The species of the irises, each at its label."""


@frozen
class Sample:
    """What was measured of one thing, and the index of the class it belongs to."""

    features: tuple[float, ...]
    label: int


def iris() -> list[Sample]:
    """150 irises, 50 of each species: length and width of sepals and petals, in centimetres.

    Measured by Anderson, published by Fisher (1936); data/README.md tells the copy's origin.

    >>> iris()[0], SPECIES[iris()[0].label]
    (Sample(features=(5.1, 3.5, 1.4, 0.2), label=0), 'setosa')
    """
    file = resources.files("fgrad").joinpath("data", "iris.csv")
    _, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    return [Sample(tuple(map(float, numbers)), SPECIES.index(name)) for *numbers, name in rows]


def split(
    samples: Sequence[Sample], *, held_out: float, seed: int
) -> tuple[list[Sample], list[Sample]]:
    """The samples to learn from and those held out, this share of every class, drawn by `seed`.

    A ValueError if the share is not from 0 to 1; a TypeError that names what is no sample.

    >>> learning, held_out = split(iris(), held_out=0.3, seed=0)
    >>> len(learning), len(held_out)
    (105, 45)
    """
    if not 0.0 <= to_float(held_out, "held_out") <= 1.0:
        message = f"held_out: expected a share from 0.0 to 1.0, as 0.3 is, got {held_out!r}"
        raise ValueError(message)
    if type(seed) is not int:
        raise TypeError(f"seed: expected an int, got {type(seed).__name__} {seed!r:.60}")
    samples = _checked("samples", samples)
    random = Random(seed)
    parts: tuple[list[Sample], list[Sample]] = [], []
    for label in sorted({sample.label for sample in samples}):
        members = [sample for sample in samples if sample.label == label]
        random.shuffle(members)
        count = round(held_out * len(members))
        parts[0].extend(members[count:])
        parts[1].extend(members[:count])
    return parts


def standardise(samples: Sequence[Sample], by: Sequence[Sample]) -> list[Sample]:
    """The samples with each feature shifted and scaled to mean 0 and deviation 1 among `by`.

    Held-out samples are standardised by those learned from, since nothing of them may be known.
    A ValueError if there is no sample to go by, if one has another number of features, or if a
    feature does not vary.

    >>> standardise([Sample((4.0,), 0)], by=[Sample((1.0,), 0), Sample((3.0,), 1)])
    [Sample(features=(2.0,), label=0)]
    """
    samples, by = _checked("samples", samples), _checked("by", by)
    _check_features(samples, by)
    columns = list(zip(*(sample.features for sample in by), strict=True))
    means, deviations = list(map(fmean, columns)), list(map(pstdev, columns))
    if 0.0 in deviations:
        same = deviations.index(0.0)
        message = f"by: feature {same} is {means[same]!r} in every sample: leave it out"
        raise ValueError(message)
    return [
        evolve(
            sample,
            features=tuple(
                (x - mean) / deviation
                for x, mean, deviation in zip(sample.features, means, deviations, strict=True)
            ),
        )
        for sample in samples
    ]


def _checked(name: str, samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples; a TypeError that says `name` where one is something else."""
    items = to_items(samples, name)
    for i, sample in enumerate(items):
        if not isinstance(sample, Sample):
            got = f"{type(sample).__name__} {sample!r:.60}"
            raise TypeError(f"{name}[{i}]: expected a Sample, got {got}")
    return items


def _check_features(samples: Sequence[Sample], by: Sequence[Sample]) -> None:
    """A ValueError unless there are samples to go by, and all have as many features."""
    if not by:
        raise ValueError("by: expected at least one sample, got none")
    expected = len(by[0].features)
    for name, group in (("samples", samples), ("by", by)):
        for i, sample in enumerate(group):
            if len(sample.features) != expected:
                message = (
                    f"{name}[{i}]: expected {expected} features, as by[0] has, "
                    f"got {len(sample.features)}"
                )
                raise ValueError(message)
