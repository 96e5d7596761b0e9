"""Functions that capture something in all kinds of ways, each with what changes it."""

from __future__ import annotations

import sys
import types
from array import array
from collections import deque
from collections.abc import Callable
from functools import cached_property, lru_cache, partial, wraps
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final, NamedTuple

import attrs
import numpy as np

from fgrad import grad, jit

Change = Callable[[], object]
Case = tuple[Callable[[float], Any], Change]

RATE = 2.0
TABLE_OF = {"rate": 2.0, "rates": [2.0, 3.0]}


def scaled(x: Any) -> Any:
    return x * RATE


def with_default(x: Any, rates: list[float] = [2.0]) -> Any:  # noqa: B006 - it changes
    return x * rates[0]


def noted(x: Any) -> Any:
    return x * noted.rate


noted.rate = 2.0


class Plain:
    kind = 2.0

    def __init__(self, k: float) -> None:
        self.k = k

    def method(self, x: Any) -> Any:
        return x * self.k

    def __call__(self, x: Any) -> Any:
        return self.method(x)

    def __getitem__(self, x: Any) -> Any:
        return x * RATE

    @property
    def twice(self) -> float:
        return 2 * self.k

    @cached_property
    def thrice(self) -> float:
        return 3 * self.k

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return x * cls.kind

    @staticmethod
    def of_nobody(x: Any) -> Any:
        return x * RATE


METHOD: Final = Plain.method


class Heir(Plain):
    pass


class Slotted:
    __slots__ = ("__hidden", "k")

    def __init__(self, k: float) -> None:
        self.k = self.__hidden = k

    def hide(self, k: float) -> None:
        self.__hidden = k

    def hidden(self, x: Any) -> Any:
        return x * self.__hidden


@attrs.define
class Model:
    k: float
    names: list[str] = attrs.field(factory=list)


class Pair(NamedTuple):
    items: list[float]
    k: float


def of_cell() -> Case:
    k = 2.0

    def change() -> None:
        nonlocal k
        k = 5.0

    return lambda x: x * k, change


def of_inner_cell() -> Case:
    k = 2.0

    def inner(x: Any) -> Any:
        return x * k

    def change() -> None:
        nonlocal k
        k = 5.0

    return lambda x: inner(x), change


def of_replaced_function() -> Case:
    inner: Any = lambda x: x * 2

    def change() -> None:
        nonlocal inner
        inner = lambda x: x * 5

    return lambda x: inner(x), change


def of_global() -> Case:
    return scaled, lambda: globals().update(RATE=5.0)


def of_nested_code() -> Case:
    return lambda x: sum(y * RATE for y in [x]), lambda: globals().update(RATE=5.0)


def of_dict() -> Case:
    return lambda x: x * TABLE_OF["rate"], lambda: TABLE_OF.update(rate=5.0)


def of_list_in_dict() -> Case:
    rates: Any = TABLE_OF["rates"]
    return lambda x: x * TABLE_OF["rates"][0], lambda: rates.__setitem__(0, 5.0)


def of_new_key() -> Case:
    return lambda x: x * TABLE_OF.get("other", 2.0), lambda: TABLE_OF.update(other=5.0)


def of_default() -> Case:
    return with_default, lambda: with_default.__defaults__[0].append(
        with_default.__defaults__[0].pop() + 3
    )


def of_function_attribute() -> Case:
    return lambda x: noted(x), lambda: setattr(noted, "rate", 5.0)


def of_object(thing: Any, f: Any, name: str = "k") -> Case:
    return f(thing), lambda: setattr(thing, name, 5.0)


def of_hidden() -> Case:
    thing = Slotted(2.0)
    return lambda x: thing.hidden(x), lambda: thing.hide(5.0)


def of_class() -> Case:
    return lambda x: x * Heir.kind, lambda: setattr(Plain, "kind", 5.0)


def of_class_hidden_by_instance() -> Case:
    thing = Heir(1.0)
    return lambda x: x * thing.kind, lambda: setattr(thing, "kind", 5.0)


def of_class_hidden_by_heir() -> Case:
    return lambda x: x * Heir.kind, lambda: setattr(Heir, "kind", 5.0)


def of_classmethod() -> Case:
    return lambda x: Heir.of_class(x), lambda: setattr(Plain, "kind", 5.0)


def of_exchanged_method() -> Case:
    thing = Heir(2.0)
    return lambda x: thing.method(x), lambda: setattr(Plain, "method", lambda self, x: x * 5)


def of_operator() -> Case:
    thing = Plain(2.0)
    return lambda x: thing[x], lambda: globals().update(RATE=5.0)


def of_staticmethod() -> Case:
    return lambda x: Plain.of_nobody(x), lambda: globals().update(RATE=5.0)


def of_exchanged_dict() -> Case:
    thing = Plain(2.0)
    return lambda x: x * thing.k, lambda: setattr(thing, "__dict__", {"k": 5.0})


def of_array() -> Case:
    weights = np.array([2.0, 3.0])
    return lambda x: x * weights[0].item(), lambda: weights.__setitem__(0, 5.0)


def of_array_of_lists() -> Case:
    weights = np.empty(1, dtype=object)
    weights[0] = [2.0]
    return lambda x: x * weights[0][0], lambda: weights[0].__setitem__(0, 5.0)


def of_buffer(made: Any) -> Case:
    return lambda x: x * made[0], lambda: made.__setitem__(0, 5)


def of_module(inside: Any) -> Case:
    module = types.ModuleType("fgrad_of_tests")
    module.rate = 2.0
    module.part = types.ModuleType("fgrad_of_tests.part")
    module.part.rate = 2.0
    return inside(module), lambda: (setattr(module, "rate", 5.0), setattr(module.part, "rate", 5.0))


def of_import() -> Case:
    module = types.ModuleType("imported_by_tests")
    module.rate = 2.0
    sys.modules["imported_by_tests"] = module

    def f(x: Any) -> Any:
        import imported_by_tests  # type: ignore[import-not-found]

        return x * imported_by_tests.rate

    return f, lambda: setattr(module, "rate", 5.0)


def of_import_from() -> Case:
    module = types.ModuleType("imported_by_tests")
    module.rate = 2.0
    sys.modules["imported_by_tests"] = module

    def f(x: Any) -> Any:
        from imported_by_tests import rate

        return x * rate

    return f, lambda: setattr(module, "rate", 5.0)


def of_decorated() -> Case:
    def twice(f: Any) -> Any:
        @wraps(f)
        def wrapper(x: Any) -> Any:
            return 2 * f(x)

        return wrapper

    return twice(scaled), lambda: globals().update(RATE=5.0)


def of_cached_function() -> Case:
    @lru_cache
    def rate() -> float:
        return RATE

    def change() -> None:
        globals().update(RATE=5.0)
        rate.cache_clear()

    return lambda x: x * rate(), change


def of_jitted() -> Case:
    inner = jit(scaled, native=False)
    return lambda x: inner(x), lambda: globals().update(RATE=5.0)


def of_gradient() -> Case:
    return grad(lambda x: x * scaled(x)), lambda: globals().update(RATE=5.0)


def of_items(container: Any, change: Any, read: Any) -> Case:
    return lambda x: x * read(container), lambda: change(container)


CASES: Final[dict[str, Callable[[], Case]]] = {
    "a cell": of_cell,
    "a cell of a function within": of_inner_cell,
    "a function replaced": of_replaced_function,
    "a global": of_global,
    "a global of code within": of_nested_code,
    "an item of a dict": of_dict,
    "a list in a dict": of_list_in_dict,
    "a new key": of_new_key,
    "a default that changes": of_default,
    "an attribute of a function": of_function_attribute,
    "an attribute": lambda: of_object(Plain(2.0), lambda t: lambda x: x * t.k),
    "a slot": lambda: of_object(Slotted(2.0), lambda t: lambda x: x * t.k),
    "a hidden slot": of_hidden,
    "an attribute of an attrs class": lambda: of_object(Model(2.0), lambda t: lambda x: x * t.k),
    "a namespace": lambda: of_object(SimpleNamespace(k=2.0), lambda t: lambda x: x * t.k),
    "a new attribute": lambda: of_object(
        SimpleNamespace(), lambda t: lambda x: x * getattr(t, "k", 2.0)
    ),
    "a bound method": lambda: of_object(Plain(2.0), lambda t: t.method),
    "a callable object": lambda: of_object(Plain(2.0), lambda t: t),
    "a partial": lambda: of_object(Plain(2.0), lambda t: partial(t.method)),
    "a property": lambda: of_object(Plain(2.0), lambda t: lambda x: x * t.twice),
    "an attribute of a class": of_class,
    "hidden by an instance": of_class_hidden_by_instance,
    "hidden by an heir": of_class_hidden_by_heir,
    "a class method": of_classmethod,
    "a method exchanged": of_exchanged_method,
    "an operator of a class": of_operator,
    "a static method": of_staticmethod,
    "all attributes exchanged": of_exchanged_dict,
    "an array": of_array,
    "lists in an array": of_array_of_lists,
    "an array of the standard library": lambda: of_buffer(array("d", [2.0])),
    "a bytearray": lambda: of_buffer(bytearray([2])),
    "a module": lambda: of_module(lambda m: lambda x: x * m.rate),
    "a module of a module": lambda: of_module(lambda m: lambda x: x * m.part.rate),
    "a module of an object": lambda: of_module(
        lambda m: partial(lambda holder, x: x * holder.module.rate, SimpleNamespace(module=m))
    ),
    "a module imported within": of_import,
    "a name imported within": of_import_from,
    "a decorated function": of_decorated,
    "a cached function": of_cached_function,
    "a jitted function": of_jitted,
    "a gradient": of_gradient,
    "a list": lambda: of_items([2.0], lambda c: c.__setitem__(0, 5.0), lambda c: c[0]),
    "a longer list": lambda: of_items([2.0], lambda c: c.append(3.0), sum),
    "a deque": lambda: of_items(deque([2.0]), lambda c: c.append(3.0), sum),
    "a set": lambda: of_items({2.0}, lambda c: c.add(3.0), sum),
    "a list in a tuple": lambda: of_items(
        ([2.0],), lambda c: c[0].append(3.0), lambda c: sum(c[0])
    ),
    "a list in a named tuple": lambda: of_items(
        Pair([2.0], 1.0), lambda c: c.items.append(3.0), lambda c: sum(c.items)
    ),
    "a view of a dict": lambda: of_items(
        (MappingProxyType(d := {"k": 2.0}), d),
        lambda c: c[1].update(k=5.0),
        lambda c: c[0]["k"],
    ),
}


def restore() -> None:
    """Put back what a case changes for all."""
    globals()["RATE"] = 2.0
    TABLE_OF.clear()
    TABLE_OF.update(rate=2.0, rates=[2.0, 3.0])
    with_default.__defaults__[0][:] = [2.0]
    noted.rate = Plain.kind = 2.0
    Plain.method = METHOD
    if "kind" in vars(Heir):
        del Heir.kind
    sys.modules.pop("imported_by_tests", None)
