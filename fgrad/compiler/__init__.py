"""The compiler: from the runs of a function to a program, and from a program to code.

`trace` runs a function on nodes and notes what it did, `selection` has sweeps for it that take no
branches, `lowering` makes expressions of what was noted, `paths` puts the runs together to one
`program`, `python` and `native` make code of programs, and `jit` holds it all together.
"""

from fgrad.compiler.jit import Jitted as Jitted
from fgrad.compiler.jit import jit as jit
from fgrad.compiler.program import Program as Program
