"""Rows without a form: their value, an object of Python's, is called.

Code knows it by its number among the objects that are handed to the kernel, and by no address.
Its operands go through a place in the space, where they become objects and go again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from fgrad.compiler.native import layout
from fgrad.compiler.native.forms import FORMS

if TYPE_CHECKING:
    from fgrad.compiler.program import Program
    from fgrad.primitive import Primitive

__all__ = ["CALL_VALUE", "DECLARATION", "Calls"]


class Calls(NamedTuple):
    """The rows of a program that are called, numbered.

    place: where in the space their operands go, the same for all.
    room: how many of these there are at most.
    """

    numbers: Mapping[Primitive, int]
    place: int
    room: int

    @classmethod
    def of(cls, program: Program, place: int) -> Calls:
        """Those of a program, of which the operands go to a place."""
        lines = [line for line in program.lines if line.row not in FORMS]
        rows = dict.fromkeys([line.row for line in lines])
        room = max([len(line.operands) for line in lines], default=0)
        return cls({row: number for number, row in enumerate(rows)}, place, room)

    @property
    def values(self) -> list[Callable[..., float]]:
        """What is called, by number."""
        return [row.value for row in self.numbers]


DECLARATION: Final = "declare hidden i32 @call_value(ptr, ptr, i64) nounwind\n"
CALL_VALUE: Final = """
define hidden i32 @call_value(ptr %value, ptr %operands, i64 %count) noinline nounwind {
begin:
br label %box
box:
%i = phi i64 [ 0, %begin ], [ %following, %boxed ]
%at = getelementptr ptr, ptr %operands, i64 %i
%number = load double, ptr %at
%object = call ptr @PyFloat_FromDouble(double %number)
%full = icmp eq ptr %object, null
br i1 %full, label %drop, label %boxed
boxed:
store ptr %object, ptr %at
%following = add nuw nsw i64 %i, 1
%more = icmp ult i64 %following, %count
br i1 %more, label %box, label %call
call:
%given = call ptr @PyObject_Vectorcall(ptr %value, ptr %operands, i64 %count, ptr null)
br label %drop
drop:
%answer = phi ptr [ null, %box ], [ %given, %call ], [ %answer, %dropping ]
%left = phi i64 [ %i, %box ], [ %count, %call ], [ %last, %dropping ]
%empty = icmp eq i64 %left, 0
br i1 %empty, label %dropped, label %dropping
dropping:
%last = sub nuw nsw i64 %left, 1
%end = getelementptr ptr, ptr %operands, i64 %last
%operand = load ptr, ptr %end
call void @Py_DecRef(ptr %operand)
br label %drop
dropped:
%raised = icmp eq ptr %answer, null
br i1 %raised, label %unknown, label %look
look:
%head = getelementptr i8, ptr %answer, i64 TYPE
%type = load ptr, ptr %head
%inside = getelementptr i8, ptr %answer, i64 FLOAT
%plain = icmp eq ptr %type, @PyFloat_Type
br i1 %plain, label %take, label %refuse
take:
%result = load double, ptr %inside
store double %result, ptr %operands
call void @Py_DecRef(ptr %answer)
ret i32 1
refuse:
call void @Py_DecRef(ptr %answer)
br label %unknown
unknown:
ret i32 0
}
""".replace("TYPE", str(layout.TYPE)).replace("FLOAT", str(layout.FLOAT))
"""Puts the answer where the operands were; 0 if there is none, with the error that was raised.

An answer that is no plain float is none: the function itself is asked what comes of it.
"""
