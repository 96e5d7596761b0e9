"""jit: a function that gives exactly what another gives, compiled from its own runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial, update_wrapper
from threading import Thread, current_thread
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Final,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)

from fgrad.compiler.call import Call
from fgrad.compiler.captured import Captured
from fgrad.compiler.compiled import RAISED, Compiled, Function, run_again, warn
from fgrad.compiler.lowering import Expressions
from fgrad.compiler.paths import assemble, graft
from fgrad.compiler.portable import named, portable
from fgrad.compiler.python import MISSING, Emitted
from fgrad.compiler.trace import Contradiction, Untraceable

if TYPE_CHECKING:
    from fgrad.compiler.program import Program

__all__ = ["Jitted", "jit"]

P = ParamSpec("P")
Q = ParamSpec("Q")
S = TypeVar("S")
T = TypeVar("T")
_MOST_KINDS: Final = 256
_OFTEN: Final = 16
"""The uncompiled calls of one kind after which a function is worth tracing once more."""

if TYPE_CHECKING:

    class _Installed(Generic[P, T]):
        def __new__(cls, f: Callable[P, T]) -> Self: ...
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...
        def __setstate__(self, state: tuple[object, ...], /) -> None: ...

else:

    class _Installed(partial, Generic[P, T]):
        """A call of whatever is installed at the time: C calls C, with no Python in between."""


class Jitted(_Installed[P, T]):
    """A function compiled by `jit`; it has the signature of the function that it stands for."""

    carries: ClassVar[tuple[str, ...]] = ("_f",)
    """Where a function is in it: not in the code that was made of that."""
    _f: Callable[P, T]
    _native: bool | None
    _compiled: dict[Hashable, Compiled]
    _kinds: int
    _left: dict[Hashable, int]
    """How often kinds came that were left uncompiled."""
    _entries: list[Function]
    _told: set[str]
    _inside: set[Thread]
    """The threads that are in `f` to trace it: what it calls of itself is part of that."""

    def __new__(cls, f: Callable[P, T], native: bool | None) -> Self:  # noqa: FBT001 - only jit calls it
        """A function not compiled yet."""
        self = super().__new__(cls, f)
        update_wrapper(self, f, updated=())
        self._f, self._native = f, native
        self._compiled, self._entries, self._left = {}, [], {}
        self._kinds, self._inside, self._told = 0, set(), set()
        self._install(self._enter)
        return self

    def _install(self, entry: Function) -> None:
        """Make `entry` what a call calls. None is ever let go: another thread may be inside."""
        self._entries.append(entry)
        self.__setstate__((entry, (), {}, self.__dict__))

    def _enter(self, *args: P.args, **kwargs: P.kwargs) -> object:
        """What the function gives for these arguments: by what is compiled, or by a new trace."""
        if self._inside and current_thread() in self._inside:
            return self._f(*args, **kwargs)
        key: Hashable = len(args)
        numbers: Sequence[float] = args  # type: ignore[assignment]  # if they are floats
        call = None
        for argument in (*args, kwargs) if kwargs else args:
            if argument.__class__ is not float:
                call = Call.of(args, kwargs)
                if call is None:
                    return self._f(*args, **kwargs)
                key, numbers = call.key, call.numbers
                break
        compiled = self._compiled.get(key)
        if compiled is not None and not compiled.captured.changed():
            answer = compiled.run(numbers)
            if answer is RAISED:
                return self._f(*args, **kwargs)
            if answer is not MISSING:
                return answer
        return self._trace(call or _call(args, kwargs), args, kwargs)

    def _trace(self, call: Call, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """What the function gives; a second run, on nodes, is compiled for the calls to come."""
        f: Callable[..., object] = self._f
        compiled = self._place(call)
        if compiled is None or not compiled.learns():
            return f(*args, **kwargs)
        with self._tracing():
            answer = f(*args, **kwargs)
            compiled.learn(f, call, answer)
        return answer

    @contextmanager
    def _tracing(self) -> Iterator[None]:
        """What this thread calls of the function is not compiled for itself."""
        thread = current_thread()  # whose number another may get, in a child that is forked
        outermost = thread not in self._inside
        self._inside.add(thread)
        try:
            yield
        finally:
            if outermost:
                self._inside.discard(thread)

    def _place(self, call: Call) -> Compiled | None:
        """Where calls of this kind are compiled; None where it is one too many."""
        compiled = self._compiled.get(call.key)
        if compiled is not None and not compiled.captured.changed():
            return compiled
        self._kinds += 1
        if self._kinds > _MOST_KINDS and not self._is_due(call.key):
            return None
        compiled = Compiled(
            len(call.numbers),
            Captured(self._f, *call.objects),
            native=self._native,
            entry=self._enter,
            install=self._install if call.key == len(call.numbers) else None,
            tell=self._tell,
        )
        self._compiled.pop(call.key, None)
        self._compiled[call.key] = compiled
        _keep_newest(self._compiled)
        return compiled

    def _is_due(self, key: Hashable) -> bool:
        """Whether a kind too many has now come often enough to take the place of the oldest."""
        if self._kinds == _MOST_KINDS + 1:
            self._tell(
                f"was called with more than {_MOST_KINDS} kinds of arguments and captured values; "
                f"a new one runs uncompiled until it has come {_OFTEN} times (make what varies a "
                "float argument)"
            )
        calls = self._left.pop(key, 0) + 1
        self._left[key] = calls
        _keep_newest(self._left)
        return calls >= _OFTEN and calls & (calls - 1) == 0  # twice as often the next time

    def _tell(self, what: str, why: str = "") -> None:
        """Warn of what the function does: once, however many kinds of arguments it does it with."""
        if what not in self._told:
            self._told.add(what)
            warn(f"{self!r} {what}{why}")

    @overload
    def __get__(self, instance: None, owner: object = None) -> Jitted[P, T]: ...
    @overload
    def __get__(
        self: Jitted[Concatenate[S, Q], T], instance: S, owner: object = None
    ) -> Callable[Q, T]: ...
    def __get__(self, instance: object, owner: object = None) -> object:
        """Itself from the class, bound to `self` from an instance, as functions are."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<jit of {getattr(self._f, '__qualname__', self._f)}>"

    def __reduce__(self) -> tuple[object, ...]:
        path = getattr(self._f, "__module__", ""), getattr(self._f, "__qualname__", "")
        try:
            mine = named(*path) is self
        except (ImportError, AttributeError, ValueError):
            mine = False
        return (named, path) if mine else (partial(jit, native=self._native), (portable(self._f),))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Jitted[P, T]:
        """Itself, as of a function; of the method of an object one of the object's copy."""
        f = deepcopy(self._f, memo)
        return self if f is self._f else Jitted(f, self._native)

    def program(self, *args: P.args, **kwargs: P.kwargs) -> Program:
        """The program of the run that these arguments take.

        A TypeError says why there is none; what the function raises is raised.

        >>> print(jit(lambda x, y: x * y + 1).program(2.0, 3.0))
        inputs v0, v1
        v2 = mul(v0, v1)
        v3 = add(v2, 1.0)
        return v3
        """
        call = _call(args, kwargs)
        captured = Captured(self._f, *call.objects)
        expressions = Expressions(len(call.numbers))
        with self._tracing():
            answer = self._f(*args, **kwargs)
            try:
                run = run_again(self._f, call, answer, captured)
                return assemble(expressions, graft(None, expressions.lower(run)))
            except (Untraceable, Contradiction) as reason:
                message = f"{self!r} has no program here, and is called as it is: {reason}"
                raise TypeError(message) from None

    def source(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The Python source of the run that these arguments take.

        >>> print(jit(lambda x: abs(x) + 1).source(2.0))
        def function(v0):
            v1 = fabs(v0)
            v2 = (v1 + 1.0)
            return v2
        <BLANKLINE>
        """
        return Emitted(self.program(*args, **kwargs)).source


def _keep_newest(kinds: dict[Hashable, Any]) -> None:
    """Drop the oldest of too many kinds."""
    for oldest in [*kinds][:-_MOST_KINDS]:
        kinds.pop(oldest, None)


def _call(args: tuple[object, ...], kwargs: dict[str, object]) -> Call:
    """The call that these arguments make; a TypeError where they are nodes or Values."""
    call = Call.of(args, kwargs)
    if call is None:
        raise TypeError("jit compiles for floats: these arguments hold nodes or Values")
    return call


def jit(f: Callable[P, T], *, native: bool | None = None) -> Jitted[P, T]:
    """The function that gives exactly what `f` gives, only faster.

    The first call runs `f` as it is, for the answer, and then on nodes, and keeps what that did;
    where a comparison goes another way than before, so does that call, and its run is kept beside
    the others. So `if`, `while` and the number of rounds of a loop may depend on the numbers.
    Floats in the arguments vary from call to call; ints, strings, bools and whatever else they hold
    are compiled in, for each value anew. So are the numbers that `f` reads elsewhere: when they
    change it is compiled again (see `docs/jit.md` for what is noticed). What `f` raises is raised
    by `f` itself, which is then called again.

    native: True makes machine code at once (with the extra `native`), False never; by default a
    function runs as Python source until it has done enough for machine code to be worth it.

    A TypeError says where a number leaves the graph (`value(x)`, `hash`, `print`), since the
    compiled function would have this one number in it for ever.

    >>> @jit
    ... def f(x: float) -> float:
    ...     return x * x if x > 0 else -x
    >>> f(3.0), f(-2.0)
    (9.0, 2.0)
    """
    if not callable(f):
        from fgrad.transform.arguments import function

        function(f)  # which raises
    return Jitted(f, native)
