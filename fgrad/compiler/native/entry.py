"""The function that CPython calls: from objects to numbers, through the kernel, and back.

It is a builtin of positional arguments. All that it needs besides them it reads from its `self`,
a tuple, so that the garbage collector sees everything that it holds on to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from fgrad.compiler.captured import ABSENT, Cell, Code, Watched
from fgrad.compiler.native import layout
from fgrad.compiler.native.api import declarations
from fgrad.compiler.native.instructions import Instructions
from fgrad.compiler.native.kernel import Kernel, returns
from fgrad.compiler.native.stretch import HEAD
from fgrad.container import LEAF, Branch, Static
from fgrad.tree import unflatten

if TYPE_CHECKING:
    from fgrad.compiler.program import Program, Return
    from fgrad.container import Structure

__all__ = ["Entry"]

FLAGS: Final = 0x0080 | 0x0002  # METH_FASTCALL | METH_KEYWORDS
STACK: Final = 4_096  # the numbers that a kernel may put on the stack
PIECES: Final = 64  # the parts of an answer that are put together here


class Entry(Instructions):
    """The text of the builtin `call` of a program, and the objects that its `self` must hold."""

    def __init__(
        self, program: Program, held: Sequence[object], watched: Sequence[Watched]
    ) -> None:
        """`held` are the first objects of `self`: whatever keeps the code, and the fallback."""
        super().__init__()
        self.kernel = Kernel(program)
        self.held = [*held, *self.kernel.calls.values]
        self._inputs = program.inputs
        self._tables: list[str] = []
        self._take_arguments()
        for thing in watched:
            self._watch(thing)
        self._run([*returns(program.body)])

    def modules(self) -> Iterator[str]:
        """The texts of the kernel's chunks and, last, that of the builtin and the kernel."""
        yield from self.kernel.modules()
        run = _RUN.format("\n".join(self.lines))
        tables = "".join(self._tables)
        yield f"{HEAD}{declarations()}{tables}{self.kernel.text()}{run}{self._outermost()}"

    def _hold(self, thing: object) -> str:
        """An object that `self` is to hold, as the code finds it there."""
        self.held.append(thing)
        return self.load("%self", layout.TUPLE + layout.WORD * (len(self.held) - 1))

    def _take_arguments(self) -> None:
        self.require(f"icmp eq i64 %count, {self._inputs}", "miss")
        self.require("icmp eq ptr %names, null", "miss")
        self.loop(self._inputs, self._take)

    def _take(self, index: str) -> None:
        """One argument, which must be a float and nothing derived from it."""
        address = self.let(f"getelementptr ptr, ptr %arguments, i64 {index}")
        argument = self.let(f"load ptr, ptr {address}")
        self.require(f"icmp eq ptr {self.load(argument, layout.TYPE)}, @PyFloat_Type", "miss")
        inside = self.let(f"getelementptr i8, ptr {argument}, i64 {layout.FLOAT}")
        number = self.let(f"load double, ptr {inside}")
        place = self.let(f"getelementptr double, ptr %space, i64 {index}")
        self.lines.append(f"store double {number}, ptr {place}")

    def _watch(self, thing: Watched) -> None:
        if isinstance(thing, Code):
            function = self._hold(thing.function)
            for place, part in enumerate(thing[1:]):
                now = self.load(function, layout.CODE + layout.WORD * place)
                self._require_same(now, part, absent=None)
        elif isinstance(thing, Cell):
            now = self.load(self._hold(thing.cell), layout.CELL)
            self._require_same(now, thing.content)
        else:
            space, name = self._hold(thing.space), self._hold(thing.name)
            now = self.let(f"call ptr @PyDict_GetItemWithError(ptr {space}, ptr {name})")
            self._require_same(now, thing.content)

    def _require_same(self, now: str, then: object, absent: object = ABSENT) -> None:
        content = "null" if then is absent else self._hold(then)
        self.require(f"icmp eq ptr {now}, {content}", "miss")

    def _run(self, ends: Sequence[Return]) -> None:
        """Run the kernel, and answer as the return has it to which that came."""
        end = self.let("call i32 @kernel(ptr %space, ptr %values)")
        ways = " ".join([f"i32 {number}, label %end{number}" for number in range(len(ends))])
        self.lines.append(f"switch i32 {end}, label %miss [ {ways} ]")
        for number, returned in enumerate(ends):
            self.lines.append(f"end{number}:")
            self._places = self.kernel.places[number]
            self._taken = 0
            self._answer(returned)

    def _answer(self, returned: Return) -> None:
        """Return the outputs in their tree, which Python closes if it is more than sequences."""
        structure, size = returned.structure, len(returned.outputs)
        if _pieces(structure) <= PIECES:
            self.lines.append(f"ret ptr {self._tree(structure)}")
            return
        closer = self._hold(partial(unflatten, structure))
        numbers = self._tree(Branch(tuple, (), size, None))
        answer = self.let(f"call ptr @PyObject_CallOneArg(ptr {closer}, ptr {numbers})")
        self.lines.append(f"call void @Py_DecRef(ptr {numbers})\nret ptr {answer}")

    def _tree(self, structure: Structure, address: str = "%root") -> str:
        """A new object, put at an address as soon as it is there."""
        if structure is LEAF:
            return self._number(str(self._places[self._take_next(1)]), address)
        if isinstance(structure, Static):
            content = self._hold(structure.content)
            return self._made(f"call ptr @Py_NewRef(ptr {content})", address)
        kind = "Tuple" if structure.kind is tuple else "List"
        made = self._made(f"call ptr @Py{kind}_New(i64 {structure.size})", address)
        inside = f"getelementptr i8, ptr {made}, i64 {layout.TUPLE}"
        first = self.let(inside) if kind == "Tuple" else self.load(made, layout.LIST)
        if structure.children is None:
            taken = self._take_next(structure.size)
            places = self._table(self._places[taken : taken + structure.size])
            self.loop(structure.size, lambda index: self._item(index, places, first))
        for number, child in enumerate(structure.children or ()):
            self._tree(child, self.let(f"getelementptr ptr, ptr {first}, i64 {number}"))
        return made

    def _item(self, index: str, places: str, first: str) -> None:
        """One of the items of a sequence of numbers."""
        where = self.let(f"getelementptr i32, ptr {places}, i64 {index}")
        place = self.let(f"load i32, ptr {where}")
        self._number(place, self.let(f"getelementptr ptr, ptr {first}, i64 {index}"))

    def _number(self, place: str, address: str) -> str:
        """A new float of the number at a place in the space."""
        where = self.let(f"getelementptr double, ptr %space, i32 {place}")
        number = self.let(f"load double, ptr {where}")
        return self._made(f"call ptr @PyFloat_FromDouble(double {number})", address)

    def _made(self, instruction: str, address: str) -> str:
        thing = self.let(instruction)
        self.lines.append(f"store ptr {thing}, ptr {address}")
        self.require(f"icmp ne ptr {thing}, null", "failed")
        return thing

    def _take_next(self, size: int) -> int:
        """The first of the next outputs."""
        self._taken += size
        return self._taken - size

    def _table(self, places: Sequence[int]) -> str:
        """The address of constants: where in the space outputs are."""
        name = f"@places.{len(self._tables)}"
        items = ", ".join([f"i32 {place}" for place in places])
        self._tables.append(f"{name} = internal constant [{len(places)} x i32] [{items}]\n")
        return name

    def _outermost(self) -> str:
        """The builtin itself, which makes room for the numbers, and what ends its engine's life.

        That is left by a jump: this code is gone when it is done.
        """
        size = self.kernel.space
        room = f"call ptr @PyMem_Malloc(i64 {8 * size})"
        give_back = "call void @PyMem_Free(ptr %space)"
        if size <= STACK and not self.kernel.calls.numbers:  # what is called may come here again
            room, give_back = f"alloca [{size} x double]", ""
        return _CALL.format(room=room, give_back=give_back, flags=FLAGS)


def _pieces(structure: Structure) -> float:
    """How many steps it takes to build a tree of tuples and lists; infinitely many for others."""
    if not isinstance(structure, Branch):
        return 1
    if structure.kind not in (tuple, list):
        return math.inf
    return 1 + sum(map(_pieces, structure.children or ()))


_RUN: Final = """
define internal ptr @run(
  ptr %self, ptr %arguments, i64 %count, ptr %names, ptr noalias %space
) alwaysinline nounwind {{
%i = alloca i64
%root = alloca ptr
store ptr null, ptr %root
%values = getelementptr i8, ptr %self, i64 VALUES
{}
miss:
%error = call ptr @PyErr_Occurred()
%none = icmp eq ptr %error, null
br i1 %none, label %ask, label %raised
raised:
%kind = load ptr, ptr @PyExc_Exception
%usual = call i32 @PyErr_GivenExceptionMatches(ptr %error, ptr %kind)
%unusual = icmp eq i32 %usual, 0
br i1 %unusual, label %failed, label %clear
clear:
call void @PyErr_Clear()
br label %ask
ask:
%place = getelementptr i8, ptr %self, i64 FALLBACK
%fallback = load ptr, ptr %place
%asked = call ptr @PyObject_Vectorcall(ptr %fallback, ptr %arguments, i64 %count, ptr %names)
ret ptr %asked
failed:
%unfinished = load ptr, ptr %root
call void @Py_DecRef(ptr %unfinished)
ret ptr null
}}
""".replace("FALLBACK", str(layout.TUPLE + layout.WORD)).replace(
    "VALUES", str(layout.TUPLE + 2 * layout.WORD)
)

_CALL: Final = """
define internal ptr @call(ptr %self, ptr %arguments, i64 %count, ptr %names) nounwind {{
%space = {room}
%none = icmp eq ptr %space, null
br i1 %none, label %full, label %run
run:
%answer = call ptr @run(ptr %self, ptr %arguments, i64 %count, ptr %names, ptr %space)
{give_back}
ret ptr %answer
full:
%error = call ptr @PyErr_NoMemory()
ret ptr %error
}}
define void @release(ptr %capsule) nounwind {{
%engine = call ptr @PyCapsule_GetPointer(ptr %capsule, ptr null)
musttail call void @Py_DecRef(ptr %engine)
ret void
}}
@name = internal constant [7 x i8] c"native\\00"
@method = constant {{ ptr, ptr, i32, ptr }} {{ ptr @name, ptr @call, i32 {flags}, ptr null }}
"""
