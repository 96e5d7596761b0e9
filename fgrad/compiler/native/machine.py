"""LLVM: from its text to an object, and from objects to code in memory."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from fgrad.compiler.native.api import API
from fgrad.compiler.native.cache import Cache, digest
from fgrad.compiler.native.forms import LIBM

if TYPE_CHECKING:
    from llvmlite.binding import ExecutionEngine, ModulePassManager, PassBuilder, TargetMachine

__all__ = ["Machine", "machine"]

_PASSES: Final = (
    "sroa",
    "simplify_cfg",
    "instruction_combine",
    "simplify_cfg",
    "dead_code_elimination",
)
"""What straight code needs of LLVM's first level: the rest finds nothing and takes its time."""


class Machine:
    """This computer's processor, as LLVM knows it, and the objects that were made for it."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        self._llvm = llvm
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.check_jit_execution()
        self._target = llvm.Target.from_default_triple()
        self._cpu = llvm.get_host_cpu_name()
        self._features = llvm.get_host_cpu_features().flatten()
        self._cache = Cache()
        # What an object depends on besides its text, which holds all that fgrad and Python
        # contribute: offsets into objects are numbers there, functions are names.
        here = llvm.llvm_version_info, self._target.triple, self._cpu, self._features, _PASSES
        self._signature = repr(here).encode()
        _bind(llvm.add_symbol)

    def compile(self, text: str, *, fast: bool) -> bytes:
        """The object of a module; `fast` is less time for compiling, more for running."""
        key = digest(self._signature, bytes([fast]), text.encode())
        known = self._cache.get(key)
        if known is not None:
            return known
        module = self._llvm.parse_assembly(text)
        emitter = self._make_emitter(0 if fast else 1)
        if not fast and "optnone" not in text:  # which no pass touches
            manager, builder = self._pipeline
            manager.run(module, builder)
        made = emitter.emit_object(module)
        self._cache.put(key, made)
        return made

    def load(self, objects: Iterable[bytes]) -> ExecutionEngine:
        """The code of objects that belong together; it stays as long as the engine lives."""
        empty = self._llvm.parse_assembly("")
        loader = self._target.create_target_machine(opt=0)  # any will do, this is the quickest
        engine = self._llvm.create_mcjit_compiler(empty, loader)
        for content in objects:
            engine.add_object_file(self._llvm.ObjectFileRef.from_data(content))
        engine.finalize_object()
        return engine

    def _make_emitter(self, level: int) -> TargetMachine:
        # position-independent: what lies outside an object may be far away from it
        return self._target.create_target_machine(
            cpu=self._cpu, features=self._features, opt=level, reloc="pic", codemodel="small"
        )

    @cached_property
    def _pipeline(self) -> tuple[ModulePassManager, PassBuilder]:
        """The passes, made once: each manager that LLVM makes leaves some 45 KB behind."""
        options = self._llvm.create_pipeline_tuning_options(speed_level=1)
        manager = self._llvm.create_new_module_pass_manager()
        for name in _PASSES:
            getattr(manager, f"add_{name}_pass")()
        return manager, self._llvm.create_pass_builder(self._make_emitter(1), options)


@cache
def machine() -> Machine:
    """The one machine, made when it is first needed; ImportError without llvmlite."""
    return Machine()


def _bind(add_symbol: Callable[[str, int], None]) -> None:
    """Tell LLVM where the functions are that objects name: the very ones that CPython calls."""
    process = ctypes.CDLL(None)
    for name in LIBM:
        add_symbol("libm." + name, _address(getattr(process, name)))
    for name in API:
        add_symbol(name, _address(getattr(ctypes.pythonapi, name)))
    add_symbol("PyFloat_Type", id(float))
    error = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyExc_Exception")
    add_symbol("PyExc_Exception", ctypes.addressof(error))


def _address(function: object) -> int:
    found = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]  # a foreign function
    if found is None:
        raise OSError(function)
    return found
