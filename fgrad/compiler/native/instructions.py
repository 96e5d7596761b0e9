"""Instructions one after another, as they stand in a function of LLVM's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

__all__ = ["Instructions"]


class Instructions:
    """The text of a function as it grows."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._fresh = count()

    def let(self, instruction: str) -> str:
        """Add an instruction; the name of what it gives."""
        name = f"%t{next(self._fresh)}"
        self.lines.append(f"{name} = {instruction}")
        return name

    def _label(self) -> str:
        return f"l{next(self._fresh)}"

    def load(self, base: str, offset: int) -> str:
        """The pointer so many bytes behind an address."""
        return self.let(f"load ptr, ptr {self.let(f'getelementptr i8, ptr {base}, i64 {offset}')}")

    def require(self, condition: str, otherwise: str) -> None:
        """Go on where a condition holds."""
        label, truth = self._label(), self.let(condition)
        self.lines.append(f"br i1 {truth}, label %{label}, label %{otherwise}\n{label}:")

    def loop(self, size: int, body: Callable[[str], None]) -> None:
        """The same for 0, 1, … below `size`, counted in `%i`; LLVM unrolls what is short."""
        if not size:
            return
        label = self._label()
        self.lines.append(f"store i64 0, ptr %i\nbr label %{label}\n{label}:")
        index = self.let("load i64, ptr %i")
        body(index)
        following = self.let(f"add nuw nsw i64 {index}, 1")
        self.lines.append(f"store i64 {following}, ptr %i")
        more = self.let(f"icmp ult i64 {following}, {size}")
        self.lines.append(f"br i1 {more}, label %{label}, label %{label}.end\n{label}.end:")
