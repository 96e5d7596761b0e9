"""From LLVM's text to machine code in memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Final

from fgrad.compiler.native.forms import LIBRARY
from fgrad.compiler.native.store import Store

if TYPE_CHECKING:
    from llvmlite import binding

__all__ = ["LOCK", "Code", "load"]

LOCK: Final = RLock()
"""LLVM's context is shared by all threads; the garbage collector may free code while it is held."""
_PYTHON: Final = (
    *("PyFloat_Type", "PyFloat_FromDouble", "PyTuple_New", "PyList_New", "PyList_SetItem"),
    *("PyDict_GetItemWithError", "PyObject_Vectorcall", "Py_DecRef"),
    *("PyMem_RawMalloc", "PyMem_RawFree"),
)


class Code:
    """Machine code, and what keeps it in memory: it is there for as long as this is."""

    def __init__(self, engine: binding.ExecutionEngine) -> None:
        self._engine = engine
        self.entry = engine.get_function_address("entry")

    def __del__(self) -> None:
        with LOCK:
            self._engine.close()


def load(texts: Iterable[str], *, quick: bool) -> Code:
    """The machine code of modules of text, compiled or from the store.

    quick: without any optimisation, which takes a quarter of the time.
    """
    from llvmlite import binding

    with LOCK:
        _bind_names()
        machine = _machine(quick=quick)  # the engine takes it over and frees it
        compiler = _Compiler(_machine(quick=quick), quick=quick)
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        for text in texts:
            engine.add_object_file(binding.ObjectFileRef.from_data(compiler.compiled(text)))
        engine.finalize_object()
        return Code(engine)


class _Compiler:
    """Makes object files of modules of text, or finds those made before."""

    def __init__(self, machine: binding.TargetMachine, *, quick: bool) -> None:
        from llvmlite import binding

        self._machine = machine
        self._quick = quick
        self._store = Store()
        versions = f"LLVM {binding.llvm_version_info} Python {sys.version} quick={quick}"
        self._version = f"{versions} {machine.triple} {_processor()}"

    def compiled(self, text: str) -> bytes:
        """The object file of a module."""
        key = f"{self._version}\n{text}"
        found = self._store.get(key)
        if found is None:
            found = self._compile(text)
            self._store.put(key, found)
        return found

    def _compile(self, text: str) -> bytes:
        from llvmlite import binding

        module = binding.parse_assembly(text)
        if not self._quick:
            options = binding.PipelineTuningOptions(speed_level=1)
            builder = binding.create_pass_builder(self._machine, options)
            builder.getModulePassManager().run(module, builder)
        return self._machine.emit_object(module)


def _machine(*, quick: bool) -> binding.TargetMachine:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    cpu, features = _processor()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=cpu,
        features=features,
        opt=0 if quick else 1,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


@cache
def _processor() -> tuple[str, str]:
    """The name of the processor at hand, and what it can do."""
    from llvmlite import binding

    return binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()


@cache
def _bind_names() -> None:
    """Give LLVM the addresses of what machine code calls; a process has one of each."""
    from llvmlite import binding

    for name in _PYTHON:
        binding.add_symbol(name, _address(ctypes.pythonapi, name))
    library = ctypes.CDLL(None)
    for name in {*LIBRARY.values(), "feclearexcept", "fetestexcept"}:
        binding.add_symbol(f"c_{name}", _address(library, name))


def _address(library: ctypes.CDLL, name: str) -> int:
    return ctypes.addressof(ctypes.c_char.in_dll(library, name))
