"""`fgrad train iris`: a network learns to tell irises apart by plain gradient descent."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Final

from fgrad import mean, tanh, tree_map, value_and_grad
from fgrad.cli.screen import Screen, progress
from fgrad.datasets import SPECIES, Sample, iris, split, standardise
from fgrad.nn import MLP, cross_entropy, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

SIZES: Final = (4, 8, 3)
HELD_OUT: Final = 0.3
STEPS: Final = 100
RATE: Final = 1.0


def run(data: str, seed: int) -> None:  # noqa: ARG001 - there are the irises only
    """Train, and say how many irises are recognised of those learned and of those held out."""
    screen = Screen()
    learned, held_out = split(iris(), held_out=HELD_OUT, seed=seed)
    learned, held_out = standardise(learned, by=learned), standardise(held_out, by=learned)
    screen.heading(f"{len(learned)} irises to learn from, {len(held_out)} held out (seed {seed})")
    screen.text(
        f"A network of {'-'.join(map(str, SIZES))} neurons learns to tell their species by the"
    )
    screen.text("length and width of sepals and petals.", "")
    network, before, after = train(learned, seed)
    screen.text(f"In {STEPS} steps down the gradient its mean loss (the cross-entropy) fell")
    screen.text(f"from {before:.4f} to {after:.4f}. It recognises:", "")
    screen.table(
        ("species", ">of those learned", ">of those held out"),
        (
            (name, *(tally(network, group, label) for group in (learned, held_out)))
            for label, name in enumerate(SPECIES)
        ),
    )
    screen.text(
        "",
        f"Train accuracy:    {accuracy(network, learned):.1%}",
        f"Held-out accuracy: {accuracy(network, held_out):.1%}",
    )


def train(samples: Sequence[Sample], seed: int) -> tuple[MLP[float], float, float]:
    """The network after so many steps down the gradient of its mean loss; that before and after."""

    def loss(network: MLP[float]) -> float:
        return mean(cross_entropy(network(s.features), s.label) for s in samples)

    start = network = MLP.init(SIZES, seed=seed, activation=(tanh, linear))
    with progress("learning", STEPS) as report:
        for _ in range(STEPS):
            value, gradient = value_and_grad(loss)(network)
            network = tree_map(lambda p, g: p - RATE * g, network, gradient)
            report(value)
    return network, loss(start), loss(network)


def accuracy(network: MLP[float], samples: Sequence[Sample]) -> float:
    """The share of the samples that the network recognises."""
    return fmean(guess(network, sample) == sample.label for sample in samples)


def tally(network: MLP[float], samples: Sequence[Sample], label: int) -> str:
    """How many samples of one label the network recognises, of how many."""
    guesses = [guess(network, sample) for sample in samples if sample.label == label]
    return f"{guesses.count(label)} of {len(guesses)}"


def guess(network: MLP[float], sample: Sample) -> int:
    """The label to which the network gives the largest logit."""
    logits = network(sample.features)
    return logits.index(max(logits))
