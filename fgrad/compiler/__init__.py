"""The compiler: from the runs of a function to straight-line programs, and from these to code."""

from fgrad.compiler.jit import Jitted as Jitted
from fgrad.compiler.jit import jit as jit
from fgrad.compiler.program import Constant as Constant
from fgrad.compiler.program import Guard as Guard
from fgrad.compiler.program import Line as Line
from fgrad.compiler.program import Program as Program
