"""What Python calls: a function of CPython's fast call protocol around a kernel, as LLVM's text.

It looks at the arguments and at what is watched, runs the kernel, looks at the floating-point
flags, and makes the answer; wherever anything is not as it should be, it calls the fallback with
the same arguments. All objects that it knows of are in the tuple that is its `self`: an owner, the
fallback, what closes the tree of each run (or None), and what is watched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from fgrad.compiler.captured import Cell, Watched
from fgrad.tree import LEAF, Branch, Structure

if TYPE_CHECKING:
    from fgrad.compiler.native.flags import Flags
    from fgrad.compiler.native.kernel import Kernel

__all__ = ["CELL", "FLOAT", "ITEM", "TYPE", "built_here", "wrapper"]

TYPE: Final = 8
FLOAT: Final = 16
CELL: Final = 16
ITEM: Final = 24
"""Where CPython has an object's type, a float's double, a cell's content, a tuple's first item."""
_FALLBACK: Final = 1
_FIRST_CLOSER: Final = 2
_UNROLLED: Final = 16
_ON_STACK: Final = 4_000

_DECLARED: Final = """\
@PyFloat_Type = external global i8
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyTuple_New(i64)
declare ptr @PyList_New(i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyDict_GetItemWithError(ptr, ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
"""


def built_here(structure: Structure) -> bool:
    """Whether machine code makes a tree itself: of tuples and lists of floats, and not too many."""
    if not isinstance(structure, Branch):
        return structure is LEAF
    inside = structure.children is None or all(map(built_here, structure.children))
    return structure.kind in (tuple, list) and structure.size <= _UNROLLED and inside


def wrapper(kernel: Kernel, inputs: int, watched: Sequence[Watched], flags: Flags) -> str:
    """The text of the function `entry` around the function `kernel`."""
    text = _Wrapper(kernel, inputs)
    text.arguments()
    text.watched(watched)
    text.run(flags)
    text.answers()
    text.fallback()
    body = "\n".join(text.lines)
    head = "define ptr @entry(ptr %self, ptr %args, i64 %count, ptr %names) nounwind {\n"
    return f"{_DECLARED}{flags.declared}{head}{body}\n}}\n"


class _Wrapper:
    """The lines of the function as they are written."""

    def __init__(self, kernel: Kernel, inputs: int) -> None:
        self.lines: list[str] = []
        self._kernel = kernel
        self._inputs = inputs
        self._count = 0
        self._size = inputs + kernel.outputs + 1 + kernel.workspace
        self._heap = self._size > _ON_STACK

    def say(self, *instructions: str) -> None:
        """Write instructions."""
        self.lines += [f"    {instruction}" for instruction in instructions]

    def made(self, instruction: str) -> str:
        """The name of what an instruction gives."""
        self._count += 1
        self.say(f"%t{self._count} = {instruction}")
        return f"%t{self._count}"

    def unless(self, condition: str, otherwise: str) -> None:
        """Go on where a condition holds, else at a label."""
        self._count += 1
        self.say(f"br i1 {condition}, label %go{self._count}, label %{otherwise}")
        self.lines.append(f"go{self._count}:")

    def at(self, pointer: str, offset: int) -> str:
        """The pointer that is kept so many bytes behind another."""
        return self.made(
            f"load ptr, ptr {self.made(f'getelementptr i8, ptr {pointer}, i64 {offset}')}"
        )

    def item(self, index: int) -> str:
        """An item of the tuple that is `self`."""
        return self.at("%self", ITEM + 8 * index)

    def loop(self, count: int) -> Iterator[str]:
        """Instructions for each index below `count`: written out, or as a loop of machine code."""
        if count <= _UNROLLED:
            yield from map(str, range(count))
            return
        self._count += 1
        name = f"%i{self._count}"
        start, again, done = (f"{label}{self._count}" for label in ("from", "again", "done"))
        self.say(f"br label %{start}")
        self.lines.append(f"{start}:")
        self.say(f"br label %{again}")
        self.lines.append(f"{again}:")
        self.say(f"{name} = phi i64 [ 0, %{start} ], [ {name}.next, %{done}.latch ]")
        yield name
        self.say(f"br label %{done}.latch")
        self.lines.append(f"{done}.latch:")
        self.say(f"{name}.next = add i64 {name}, 1")
        more = self.made(f"icmp ult i64 {name}.next, {count}")
        self.say(f"br i1 {more}, label %{again}, label %{done}")
        self.lines.append(f"{done}:")

    def arguments(self) -> None:
        """Check that the arguments are so many floats, and put their doubles in a row."""
        stack = 0 if self._heap else self._size
        self.say(
            "%status = alloca i32", "%slot = alloca ptr", f"%stack = alloca double, i64 {stack}"
        )
        right = self.made(f"icmp eq i64 %count, {self._inputs}")
        plain = self.made("icmp eq ptr %names, null")
        self.unless(self.made(f"and i1 {right}, {plain}"), "fall")
        if self._heap:
            self.say(f"%heap = call ptr @PyMem_RawMalloc(i64 {8 * self._size})")
            self.unless(self.made("icmp ne ptr %heap, null"), "fall")
        base = "%heap" if self._heap else "%stack"
        self.say(f"%in = getelementptr double, ptr {base}, i64 0")
        self.say(f"%out = getelementptr double, ptr %in, i64 {self._inputs}")
        self.say(f"%work = getelementptr double, ptr %out, i64 {self._kernel.outputs + 1}")
        for i in self.loop(self._inputs):
            argument = self.made(
                f"load ptr, ptr {self.made(f'getelementptr ptr, ptr %args, i64 {i}')}"
            )
            kind = self.at(argument, TYPE)
            self.unless(self.made(f"icmp eq ptr {kind}, @PyFloat_Type"), "leave")
            inside = self.made(f"getelementptr i8, ptr {argument}, i64 {FLOAT}")
            number = self.made(f"load double, ptr {inside}")
            self.say(
                f"store double {number}, ptr {self.made(f'getelementptr double, ptr %in, i64 {i}')}"
            )

    def watched(self, things: Sequence[Watched]) -> None:
        """Check that everything watched is what it was."""
        place = _FIRST_CLOSER + len(self._kernel.returns)
        for thing in things:
            if isinstance(thing, Cell):
                now = self.at(self.item(place), CELL)
            else:
                space, name = self.item(place), self.item(place + 1)
                now = self.made(f"call ptr @PyDict_GetItemWithError(ptr {space}, ptr {name})")
            place += len(thing)
            self.unless(self.made(f"icmp eq ptr {now}, {self.item(place - 1)}"), "leave")

    def run(self, flags: Flags) -> None:
        """Run the kernel between a look at the flags and another."""
        self.lines.append(flags.clear)
        self.say("%run = call i32 @kernel(ptr %in, ptr %out, ptr %work)")
        self.lines.append(flags.test)
        self.unless(self.made("icmp eq i32 %raised, 0"), "leave")
        cases = " ".join(f"i32 {i}, label %run{i}" for i in range(len(self._kernel.returns)))
        self.say(f"switch i32 %run, label %leave [ {cases} ]")

    def answers(self) -> None:
        """Make the answer of each run."""
        for number, end in enumerate(self._kernel.returns):
            self.lines.append(f"run{number}:")
            if built_here(end.structure):
                answer = self._tree(end.structure, iter(range(len(end.outputs))))
            else:
                numbers = self._flat(len(end.outputs))
                answer = self._closed(number, numbers)
            self._return(answer)
        self.lines.append("none:")
        self._return("null")

    def _return(self, answer: str) -> None:
        if self._heap:
            self.say("call void @PyMem_RawFree(ptr %heap)")
        self.say(f"ret ptr {answer}")

    def _float(self, index: object) -> str:
        """A float of the output at an index."""
        place = self.made(f"getelementptr double, ptr %out, i64 {index}")
        number = self.made(f"load double, ptr {place}")
        return self._object(f"call ptr @PyFloat_FromDouble(double {number})")

    def _object(self, call: str) -> str:
        """A new object; where there is no memory for it, the function ends with the error."""
        made = self.made(call)
        self.unless(self.made(f"icmp ne ptr {made}, null"), "none")
        return made

    def _tree(self, structure: Structure, places: Iterator[int]) -> str:
        if not isinstance(structure, Branch):
            return self._float(next(places))
        children = structure.children or (LEAF,) * structure.size
        items = [self._tree(child, places) for child in children]
        kind = "Tuple" if structure.kind is tuple else "List"
        tree = self._object(f"call ptr @Py{kind}_New(i64 {structure.size})")
        for i, item in enumerate(items):
            if structure.kind is tuple:
                self._put(tree, i, item)
            else:
                self.made(f"call i32 @PyList_SetItem(ptr {tree}, i64 {i}, ptr {item})")
        return tree

    def _put(self, tree: str, index: object, item: str) -> None:
        """Put an item in a new tuple, as CPython's own macro does."""
        first = self.made(f"getelementptr i8, ptr {tree}, i64 {ITEM}")
        self.say(
            f"store ptr {item}, ptr {self.made(f'getelementptr ptr, ptr {first}, i64 {index}')}"
        )

    def _flat(self, count: int) -> str:
        """A tuple of all outputs."""
        numbers = self._object(f"call ptr @PyTuple_New(i64 {count})")
        for i in self.loop(count):
            self._put(numbers, i, self._float(i))
        return numbers

    def _closed(self, run: int, numbers: str) -> str:
        """What the closer of a run makes of a tuple of numbers."""
        self.say(f"store ptr {numbers}, ptr %slot")
        closer = self.item(_FIRST_CLOSER + run)
        call = f"ptr {closer}, ptr %slot, i64 1, ptr null"
        answer = self.made(f"call ptr @PyObject_Vectorcall({call})")
        self.say(f"call void @Py_DecRef(ptr {numbers})")
        return answer

    def fallback(self) -> None:
        """Call the fallback with the very arguments."""
        self.lines.append("leave:")
        if self._heap:
            self.say("call void @PyMem_RawFree(ptr %heap)")
        self.say("br label %fall")
        self.lines.append("fall:")
        call = f"ptr {self.item(_FALLBACK)}, ptr %args, i64 %count, ptr %names"
        self.say(f"ret ptr {self.made(f'call ptr @PyObject_Vectorcall({call})')}")
