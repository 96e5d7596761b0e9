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
        compiler, store = _compiler(quick), Store()
        machine = _machine(quick=quick)  # the engine takes it over and frees it
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        for text in texts:
            key = f"{compiler.version}\n{text}"
            compiled = store.get(key)
            if compiled is None:
                compiled = compiler.compile(text)
                store.put(key, compiled)
            engine.add_object_file(binding.ObjectFileRef.from_data(compiled))
        engine.finalize_object()
        return Code(engine)


class _Compiler:
    """Makes object files of modules of text."""

    def __init__(self, *, quick: bool) -> None:
        from llvmlite import binding

        self._machine = _machine(quick=quick)
        self._quick = quick
        options = binding.PipelineTuningOptions(speed_level=1)
        self._builder = binding.create_pass_builder(self._machine, options)
        versions = f"LLVM {binding.llvm_version_info} Python {sys.version} quick={quick}"
        self.version = f"{versions} {self._machine.triple} {_processor()}"
        """All that an object file depends on besides its text."""

    def compile(self, text: str) -> bytes:
        """The object file of a module.

        A program has no loops, and each computation once: few passes find anything to do.
        """
        from llvmlite import binding

        module = binding.parse_assembly(text)
        if not self._quick:
            passes = binding.create_new_module_pass_manager()
            passes.add_always_inliner_pass()
            passes.add_sroa_pass()
            passes.add_instruction_combine_pass()
            passes.add_simplify_cfg_pass()
            passes.run(module, self._builder)
        return self._machine.emit_object(module)


@cache
def _compiler(quick: bool) -> _Compiler:  # noqa: FBT001 - a key
    return _Compiler(quick=quick)


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
