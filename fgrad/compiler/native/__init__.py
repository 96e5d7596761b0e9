"""Machine code of programs, through LLVM: the same bits as Python, at the speed of C.

`forms` says what each row is in LLVM's instructions, by way of `number`, and `called` how a row
without a form is called; `kernel` writes the text of a program's arithmetic in `stretch`es, `entry`
that of the function which Python calls, with `layout` and `api` for what it needs of CPython;
`machine` makes code of text, with `cache` for what was made before; `builtin` makes it callable.
"""

from fgrad.compiler.native.function import compile_native as compile_native
