"""The floating-point flags of the processor: how machine code clears them, and looks at them after.

An operation that overflows, divides by zero or has no real answer leaves a flag behind; that is how
machine code notices what Python raises an error for.
"""

from __future__ import annotations

import platform
from typing import Final, NamedTuple

__all__ = ["FLAGS", "Flags"]


class Flags(NamedTuple):
    """LLVM's text that clears the flags, and that leaves those of an error in %raised."""

    declared: str
    clear: str
    test: str


_X86: Final = Flags(
    """\
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
""",
    """\
    call void @llvm.x86.sse.stmxcsr(ptr %status)
    %before = load i32, ptr %status
    %stale = and i32 %before, 13
    %clean = icmp eq i32 %stale, 0
    br i1 %clean, label %cleared, label %clear
clear:
    %without = and i32 %before, -64
    store i32 %without, ptr %status
    call void @llvm.x86.sse.ldmxcsr(ptr %status)
    br label %cleared
cleared:""",
    """\
    call void @llvm.x86.sse.stmxcsr(ptr %status)
    %after = load i32, ptr %status
    %raised = and i32 %after, 13""",
)
_ARM: Final = Flags(
    """\
declare i32 @c_feclearexcept(i32)
declare i32 @c_fetestexcept(i32)
""",
    "    %cleared = call i32 @c_feclearexcept(i32 7)",
    "    %raised = call i32 @c_fetestexcept(i32 7)",
)
_MACHINES: Final = {"x86_64": _X86, "AMD64": _X86, "aarch64": _ARM, "arm64": _ARM}
FLAGS: Final = _MACHINES.get(platform.machine())
"""Those of this machine; None where they are not known."""
