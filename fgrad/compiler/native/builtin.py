"""From code in memory to a builtin function, and how long each of the two lives.

A builtin may be called for as long as it lives, also by finalizers while the garbage collector
takes a cycle apart. So the collector must not come across the engine that owns the code, which it
would finalize before: a capsule holds it, unseen, and lets go when the builtin is gone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llvmlite.binding import ExecutionEngine

__all__ = ["keeper", "make_builtin"]

_SOME: Final = ctypes.py_object
_ADDRESS: Final = ctypes.c_void_p
_keep = ctypes.PYFUNCTYPE(None, _SOME)(("Py_IncRef", ctypes.pythonapi))
_new_capsule = ctypes.PYFUNCTYPE(_SOME, _ADDRESS, _ADDRESS, _ADDRESS)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_new_function = ctypes.PYFUNCTYPE(_SOME, _ADDRESS, _SOME, _ADDRESS)(
    ("PyCFunction_NewEx", ctypes.pythonapi)
)


def keeper(engine: ExecutionEngine) -> object:
    """A capsule that keeps an engine alive."""
    _keep(engine)
    capsule: object = _new_capsule(id(engine), None, engine.get_function_address("release"))
    return capsule


def make_builtin(engine: ExecutionEngine, held: tuple[object, ...]) -> Callable[..., object]:
    """The builtin whose code an engine has, with `held` as its `self`."""
    method = engine.get_global_value_address("method")
    builtin: Callable[..., object] = _new_function(method, held, None)
    return builtin
