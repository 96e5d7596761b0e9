"""Trees of one structure over and over: the code that is written for it does what was done before.

What a class has code for is found by its trees, so each test makes a class of its own.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from attrs import define, frozen, make_class
from hypothesis import given
from hypothesis import strategies as st

from fgrad import Node, Value, container, grad, hvp, nn, ravel, tree_map, unrolled, value_and_grad
from fgrad.container import StrayError
from fgrad.tree import flatten, unflatten

OFTEN = 300


class Pair(NamedTuple):
    """A tuple with names."""

    first: Any
    second: Any


@frozen
class Record:
    """A record of attrs, with a name as the machinery might have one."""

    part_0: Any
    leaves: Any


@dataclass
class Entry:
    """A record of the standard library that has no slots."""

    first: Any
    second: Any


def doubled(x: float) -> float:
    """Something static."""
    return 2 * x


numbers = st.floats(allow_nan=False)
statics = st.sampled_from([None, True, False, "text", doubled, math.sin])
keys = st.sampled_from(["w", "b", 1, 1.5, True, ("a", 1), None])


def containers(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Containers of every kind, of `parts`."""
    return st.one_of(
        st.lists(parts, max_size=4),
        st.lists(parts, max_size=4).map(tuple),
        st.dictionaries(keys, parts, max_size=3),
        *(st.builds(kind, parts, parts) for kind in (Pair, Record, Entry)),
        st.lists(numbers, min_size=1, max_size=3).map(np.array),
    )


trees = st.recursive(numbers | statics, containers, max_leaves=25)


def wrapped(tree: object) -> Callable[[object], object]:
    """A new class of one field, for whose trees code like that of `tree` is there."""
    kind: Callable[[object], object] = make_class("Wrapped", ["content"], slots=True)
    for _ in range(OFTEN):
        flatten(kind(tree))
    return kind


def cold(tree: object) -> tuple[list[Any], Any]:
    """The leaves of a tree and its structure, without code written for it."""
    leaves: list[Any] = []
    structure = container.take(tree, leaves)
    return leaves, structure


def exact(tree: object) -> str:
    """A tree with all its classes."""
    return repr(flatten(tree)[1]) + repr([*map(repr, flatten(tree)[0])])


@given(trees)
def test_a_tree_is_taken_and_put_as_the_first_time(tree: Any) -> None:
    kind = wrapped(tree)
    leaves, structure = flatten(kind(tree))
    assert (leaves, repr(structure)) == (cold(kind(tree))[0], repr(cold(kind(tree))[1]))
    others = [float(i) for i in range(len(leaves))]
    expected = container.put(cold(kind(tree))[1], iter(others))
    assert exact(unflatten(structure, others)) == exact(expected)
    assert exact(unflatten(structure, leaves)) == exact(kind(tree))


def test_there_is_code_for_a_tree_seen_often_and_it_gives_the_same_structure() -> None:
    kind = wrapped([[1.0], 2.0])
    assert flatten(kind([[3.0], 4.0]))[1] is flatten(kind([[5.0], 6.0]))[1]
    assert flatten(kind([[3.0], 4.0]))[1] is not flatten(kind([[5.0]]))[1]


@pytest.mark.parametrize(
    ("often", "now"),
    [
        ([[1.0], 2.0], [[1.0, 3.0], 2.0]),
        ([[1.0], 2.0], [[1.0], 2.0, 3.0]),
        ([[1.0], 2.0], [(1.0,), 2.0]),
        ([[1.0], 2.0], [1.0, 2.0]),
        ([(1.0,), 2.0], [Pair(1.0, 3.0), 2.0]),
        ([{"a": 1.0}, 2.0], [{"b": 1.0}, 2.0]),
        ([{"a": 1.0, "b": 2.0}], [{"b": 1.0, "a": 2.0}]),
        ([{1: 1.0}], [{True: 1.0}]),
        ([{0.0: 1.0}], [{-0.0: 1.0}]),
        ([[1.0], None], [[1.0], "text"]),
        ([[1.0], None], [[1.0], 3.0]),
        ([[1.0], True], [[1.0], False]),
        ([[1.0], doubled], [[1.0], math.sin]),
        ([Record(1.0, None)], [Record(None, 1.0)]),
        ([Record(1.0, [2.0])], [Entry(1.0, [2.0])]),
        ([np.zeros((2, 3))], [np.zeros((3, 2))]),
        ([np.zeros(300)], [np.zeros(301)]),
    ],
    ids=str,
)
def test_code_for_one_structure_does_not_take_a_tree_of_another(often: Any, now: Any) -> None:
    kind = wrapped(often)
    leaves, structure = flatten(kind(now))
    assert (leaves, repr(structure)) == (cold(kind(now))[0], repr(cold(kind(now))[1]))
    assert exact(unflatten(structure, leaves)) == exact(kind(now))


def test_it_sees_nodes_and_values_and_refuses_what_is_no_leaf() -> None:
    def second(x: Any) -> Any:
        return x.content[1]

    kind = wrapped([[1.0], 2.0])
    value = Value(3.0)
    assert flatten(kind([[1.0], value]))[0] == [1.0, value]
    assert flatten(kind([[np.float64(1.5)], 2.0]))[0] == [1.5, 2.0]
    assert type(flatten(kind([[np.float64(1.5)], 2.0]))[0][0]) is float
    with pytest.raises(TypeError, match=r"^tree\.content\[0\]\[0\]: expected float, got int 1 "):
        flatten(kind([[1], 2.0]))
    with pytest.raises(TypeError, match=r"^x\.content\[0\]\[0\]: expected float, got int 1 "):
        grad(second)(kind([[1], 2.0]))
    with pytest.raises(TypeError, match=r"of a Value write x\.data|expected a float or a tree"):
        grad(second)(kind([[1.0], value]))


def test_an_array_of_whole_numbers_and_an_unset_field_are_refused_as_before() -> None:
    @define
    class Unset:
        content: Any
        later: float

    kind = wrapped([np.zeros(2), [1.0]])
    with pytest.raises(TypeError, match=r"tree\.content\[0\]: .* of int64 \(write \.astype"):
        flatten(kind([np.zeros(2, dtype=int), [1.0]]))
    for _ in range(OFTEN):
        flatten(Unset([1.0], 2.0))
    unset = Unset.__new__(Unset)
    unset.content = [1.0]
    with pytest.raises(TypeError, match=r"tree\.later: expected float, got nothing"):
        flatten(unset)


def test_a_network_learns_the_same_with_code_for_it_and_without() -> None:
    def loss(mlp: nn.MLP[float]) -> float:
        return nn.mean_squared_error(mlp([0.5, -1.0]), [0.25])

    mlp = nn.MLP.init([2, 3, 1], seed=3)
    leaves, structure = cold(mlp)

    def flat(xs: list[float]) -> float:
        return loss(container.put(structure, iter(xs)))  # type: ignore[arg-type]  # an MLP

    for _ in range(OFTEN):
        value, gradient = value_and_grad(loss)(mlp)
        assert list(ravel(gradient)[0]) == grad(flat)(leaves)
        mlp = tree_map(lambda p, g: p - 0.1 * g, mlp, gradient)
        leaves = cold(mlp)[0]
    assert value < 1e-6
    second = hvp(loss, mlp, mlp)
    assert all(math.isfinite(x) and not isinstance(x, Node) for x in ravel(second)[0])


def test_trees_of_two_structures_in_turns_and_in_threads() -> None:
    kind = make_class("Turns", ["content"])
    wrong: list[object] = []

    def run(content: Any) -> None:
        for _ in range(2 * OFTEN):
            leaves, structure = flatten(kind(content))
            if exact(unflatten(structure, leaves)) != exact(kind(content)):
                wrong.append(content)

    contents: list[Any] = [[[1.0], 2.0], [[1.0, 2.0], "text"], {"a": [1.0]}, [[3.0], 4.0]]
    threads = [threading.Thread(target=run, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_tree_that_nests_deeply_has_code_that_compiles() -> None:
    deep: Any = [1.0, 2.0]
    for _ in range(150):
        deep = [deep, 1.0]
    kind = wrapped(deep)
    leaves, structure = flatten(kind(deep))
    assert leaves == [1.0, 2.0] + [1.0] * 150
    assert unflatten(structure, leaves).content == deep  # type: ignore[attr-defined]  # of Wrapped


def test_code_is_written_seldom_where_no_two_trees_are_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []

    def counted(source: str, _: object) -> Callable[[object], None]:
        written.append(source)
        return lambda _: None

    monkeypatch.setattr(unrolled, "compile_function", counted)
    kind = make_class("Unlike", ["content"])
    for i in range(2000):
        flatten(kind([[1.0], str(i)]))
    assert len(written) == 2 * 5  # at 64, 128, 256, 512 and 1024 trees: two functions


def test_a_tree_of_very_many_containers_is_taken_as_ever() -> None:
    kind = make_class("Large", ["content"])
    large = kind([[float(i)] for i in range(10_001)])
    assert all(flatten(large)[0] == [float(i) for i in range(10_001)] for _ in range(65))
    assert flatten(large)[1] is not flatten(large)[1]


def test_a_stray_is_still_found_by_its_path() -> None:
    with pytest.raises(StrayError):
        cold([[1.0], 2])
