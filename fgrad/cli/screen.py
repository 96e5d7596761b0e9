"""What the terminal shows: headings, text, tables and progress."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Screen", "progress"]


class Screen(Console):
    """Standard output: in colour where it is a terminal that has them, else plain text."""

    def __init__(self) -> None:
        # a table needs no more, and a narrow terminal breaks lines itself rather than lose letters
        super().__init__(highlight=False, markup=False, soft_wrap=True, width=80)

    def heading(self, text: str) -> None:
        """The line that opens a part."""
        self.print(f"\n{text}\n", style="bold")

    def text(self, *lines: str) -> None:
        """Lines of text under a heading."""
        for line in lines:
            self.print(f"  {line}".rstrip())

    def table(self, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """A table; a column whose title begins with > stands to the right."""
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, border_style="dim")
        for title in columns:
            table.add_column(title.lstrip(">"), justify="right" if title[0] == ">" else "left")
        for row in rows:
            table.add_row(*row)
        self.print(Padding.indent(table, 2))

    def on_broken_pipe(self) -> NoReturn:
        """Leave it to the command, which knows its exit code."""
        raise BrokenPipeError


@contextmanager
def progress(text: str, steps: int) -> Iterator[Callable[[float], None]]:
    """A bar that moves on by each loss reported; only on a terminal, and on standard error."""
    console = Console(stderr=True)
    columns = (
        TextColumn(f"  {text}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=steps, loss="")
        yield lambda loss: bar.update(task, advance=1, loss=f"loss {loss:.4f}")
