"""jit: a function that gives exactly what another gives, compiled from its own runs."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import reduce, update_wrapper
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, ParamSpec, TypeVar

from fgrad.compiler.captured import Captured
from fgrad.compiler.lowering import Comparison, Expressions, OuterNode, Path
from fgrad.compiler.python import MISSING, NotRepeatable, Tree, emit, graft
from fgrad.graph import WATCH, Node, fresh, leaf
from fgrad.primitive import to_float
from fgrad.tree import LEAF, Leaf, Static, Structure, flatten, unflatten

if TYPE_CHECKING:
    from fgrad.compiler.program import Program

__all__ = ["Jitted", "jit"]

P = ParamSpec("P")
T = TypeVar("T")
_MOST_PATHS: Final = 64
_FLOATS: Final = frozenset({float})


class Compiled:
    """What is compiled of a function for arguments of one structure."""

    def __init__(self, inputs: int) -> None:
        self.expressions = Expressions(inputs)
        self.tree: Tree | None = None
        self.paths = 0
        self.source = ""
        self.warned = False
        self.run: Callable[..., Any] = lambda *_: MISSING

    def add(self, path: Path) -> None:
        """Graft one more path, and compile the tree again."""
        self.tree = graft(self.tree, path)
        self.source, self.run = emit(self.expressions, self.tree)
        self.paths += 1


class Jitted(Generic[P, T]):
    """A function compiled by `jit`."""

    def __init__(self, f: Callable[P, T]) -> None:
        update_wrapper(self, f, updated=())
        self._f = f
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._compiled: dict[Hashable, Compiled] = {}
        self._captured = Captured(self._f)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function gives for these arguments."""
        if not kwargs and _FLOATS.issuperset(map(type, args)):
            key: Hashable = len(args)
            numbers: Sequence[object] = args
        else:
            call = _Call.of(args, kwargs)
            if call is None:
                return self._f(*args, **kwargs)
            key, numbers = call.key, call.numbers
        if self._captured.changed():
            with self._lock:
                self._forget()
        compiled = self._compiled.get(key)
        if compiled is not None:
            try:
                answer = compiled.run(*numbers)
            except Exception:  # noqa: BLE001 - whatever it is, the function itself raises it
                return self._f(*args, **kwargs)
            if answer is not MISSING:
                return answer  # type: ignore[no-any-return]  # as the function's own answers are
        with self._lock:
            return self._trace(self._call(args, kwargs), args, kwargs)  # type: ignore[return-value]  # an answer of f

    def __get__(self, instance: object, owner: object = None) -> object:
        """Itself from the class, bound to `self` from an instance, as functions are."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> tuple[object, ...]:
        return _jitted, (self._f.__module__, self._f.__qualname__)

    def program(self, *args: P.args, **kwargs: P.kwargs) -> Program:
        """The straight-line program of the run that these arguments take.

        >>> print(jit(lambda x, y: x * y + 1).program(2.0, 3.0))
        inputs v0, v1
        v2 = mul(v0, v1)
        v3 = add(v2, 1.0)
        return v3
        """
        call = self._call(args, kwargs)
        expressions = Expressions(len(call.numbers))
        return expressions.program(_run(self._f, call, expressions)[1])

    def source(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The Python source of all runs so far with arguments of this structure."""
        call = self._call(args, kwargs)
        self(*args, **kwargs)
        return self._compiled[call.key].source

    @staticmethod
    def _call(args: tuple[object, ...], kwargs: Mapping[str, object]) -> _Call:
        call = _Call.of(args, kwargs)
        if call is None:
            message = "these arguments are not compiled: they are no trees of floats"
            raise TypeError(message)
        return call

    def _trace(self, call: _Call, args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
        compiled = self._compiled.setdefault(call.key, Compiled(len(call.numbers)))
        if compiled.paths >= _MOST_PATHS:
            return self._give_up(compiled, args, kwargs)
        try:
            answer, path = _run(self._f, call, compiled.expressions)
            compiled.add(path)
        except (OuterNode, NotRepeatable, NotATree):
            return self._f(*args, **kwargs)  # type: ignore[arg-type]  # the arguments of f
        return answer

    def _give_up(
        self, compiled: Compiled, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> object:
        if not compiled.warned:
            compiled.warned = True
            message = (
                f"jit: {self._f!r} takes more than {_MOST_PATHS} paths through its branches; "
                "new ones run uncompiled from now on"
            )
            warnings.warn(message, RuntimeWarning, stacklevel=4)
        return self._f(*args, **kwargs)  # type: ignore[arg-type]  # the arguments of f


def _jitted(module: str, qualname: str) -> object:
    """What unpickling a jitted function gives: the global of that name."""
    return reduce(getattr, qualname.split("."), import_module(module))


class NotATree(Exception):  # noqa: N818 - a signal, no error
    """A function returned something else than numbers in containers."""


class _Call(NamedTuple):
    """The arguments of a call: their numbers, and all the rest, which is compiled in."""

    key: Hashable
    numbers: list[float]
    structures: tuple[Structure, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, args: tuple[object, ...], kwargs: Mapping[str, object]) -> _Call | None:
        """The call; None if it cannot be compiled, since an argument is no tree of floats.

        A lone int is static, as strings and bools are: the function is compiled for its value.
        """
        numbers: list[Leaf] = []
        structures: list[Structure] = []
        for argument in (*args, *kwargs.values()):
            if argument.__class__ is float:
                numbers.append(argument)
                structures.append(LEAF)
            elif argument.__class__ is int:
                structures.append(Static(argument))
            else:
                try:
                    found, structure = flatten(argument)
                    hash(structure)
                except TypeError:
                    return None
                numbers += found
                structures.append(structure)
        if any(number.__class__ is not float for number in numbers):
            return None
        kinds = tuple(type(s.content) for s in structures if isinstance(s, Static))
        names = tuple(kwargs)
        plain = not kwargs and all(structure is LEAF for structure in structures)
        key = len(numbers) if plain else (tuple(structures), kinds, names)
        floats = [number for number in numbers if isinstance(number, float)]
        return cls(key, floats, tuple(structures), names)

    def arguments(self, numbers: Iterable[object]) -> tuple[list[object], dict[str, object]]:
        """The arguments with other numbers in them."""
        rest = iter(numbers)
        trees = [unflatten(structure, rest) for structure in self.structures]
        count = len(trees) - len(self.names)
        return trees[:count], dict(zip(self.names, trees[count:], strict=True))


def _run(f: Callable[..., object], call: _Call, expressions: Expressions) -> tuple[object, Path]:
    """The answer of `f`, and the path that it took."""
    leaves = fresh(call.numbers)
    compared: list[Comparison] = []

    raised = False

    def watch(relation: str, left: object, right: object, outcome: bool) -> None:  # noqa: FBT001
        nonlocal raised
        if not isinstance(left, Node):
            raised = True  # an operation did: what the function makes of that is not compiled
            return
        other = right if isinstance(right, Node) else to_float(right, "a comparison")
        compared.append(Comparison(relation, left, other, outcome, leaf(0.0).index))

    args, kwargs = call.arguments(leaves)
    token = WATCH.set(watch)
    try:
        answer = f(*args, **kwargs)
    finally:
        WATCH.reset(token)
    try:
        roots, structure = flatten(answer)
    except TypeError:
        raise NotATree from None
    if raised:
        raise NotATree
    if not all(isinstance(root, (Node, float)) for root in roots):
        raise NotATree
    path = expressions.lower(leaves, compared, roots, structure)  # type: ignore[arg-type]  # as just checked
    plain = [root.value if isinstance(root, Node) else root for root in roots]
    return unflatten(structure, plain), path


def jit(f: Callable[P, T]) -> Jitted[P, T]:
    """The function that gives exactly what `f` gives, only faster.

    The first call runs `f` on nodes and compiles what it did; where a comparison goes another way
    than before, that run is compiled too, beside the others. So `if`, `while` and the number of
    rounds of a loop may depend on the numbers. Floats in the arguments vary from call to call;
    ints, strings, bools and whatever else they hold is compiled in, for each value anew. So are
    the numbers that `f` reads elsewhere; when they change it is compiled again (see `Captured` for
    what is noticed). An operation whose answer is used nowhere is left out.

    >>> @jit
    ... def f(x: float) -> float:
    ...     return x * x if x > 0 else -x
    >>> f(3.0), f(-2.0)
    (9.0, 2.0)
    """
    return Jitted(f)
