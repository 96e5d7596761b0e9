"""What machine code calls of CPython's interface, under the names that this has there."""

from __future__ import annotations

from typing import Final

__all__ = ["API", "declarations"]

API: Final = {
    "PyFloat_FromDouble": "ptr (double)",
    "PyTuple_New": "ptr (i64)",
    "PyList_New": "ptr (i64)",
    "Py_NewRef": "ptr (ptr)",
    "Py_DecRef": "void (ptr)",
    "PyDict_GetItemWithError": "ptr (ptr, ptr)",
    "PyErr_Occurred": "ptr ()",
    "PyErr_GivenExceptionMatches": "i32 (ptr, ptr)",
    "PyErr_Clear": "void ()",
    "PyErr_NoMemory": "ptr ()",
    "PyMem_Malloc": "ptr (i64)",
    "PyMem_Free": "void (ptr)",
    "PyObject_CallOneArg": "ptr (ptr, ptr)",
    "PyObject_Vectorcall": "ptr (ptr, ptr, i64, ptr)",
    "PyCapsule_GetPointer": "ptr (ptr, ptr)",
}
"""The functions, and what they give of what."""


def declarations() -> str:
    """The functions, and the objects, as LLVM wants to be told of them."""
    functions = [(name, *signature.split(" ", 1)) for name, signature in API.items()]
    lines = [f"declare {gives} @{name}{takes} #1" for name, gives, takes in functions]
    lines += ["@PyFloat_Type = external global i8", "@PyExc_Exception = external global ptr"]
    lines += ["attributes #1 = { nounwind nonlazybind }", ""]
    return "\n".join(lines)
