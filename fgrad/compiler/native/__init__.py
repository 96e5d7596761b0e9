"""Native code: a program as machine code that CPython calls as it calls its own functions.

`forms` says how each row is computed, `body` and `kernel` write a program as LLVM's text, `wrapper`
what stands between Python and the kernel, `flags` how errors are noticed, `engine` makes machine
code of text, and `store` keeps it for the next time.
"""

from fgrad.compiler.native.function import compile_native as compile_native
