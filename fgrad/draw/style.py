"""How a picture looks: its font and its colours, in light and in dark."""

from __future__ import annotations

from typing import Final

__all__ = ["STYLE"]

_FORM: Final = """\
.fgrad text {
    font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    text-anchor: middle;
}
.fgrad .sign, .fgrad text.name { font-weight: 600 }
.fgrad .ordinal, .fgrad .key text { font-size: 10px; font-weight: 400 }
.fgrad .ordinal { stroke-width: 5px; paint-order: stroke }
.fgrad .edge, .fgrad .outline { fill: none }
.fgrad .edge { stroke-width: 1.25 }
"""

_COLOURS: Final = (
    # of, property, in light, in dark
    (".card", "fill", "#ffffff", "#0f1419"),
    (".card", "stroke", "#e5e7eb", "#2b323b"),
    (".edge", "stroke", "#9ca3af", "#6b7683"),
    (".head", "fill", "#6b7280", "#8b96a3"),
    (".outline", "stroke", "#9ca3af", "#5b6673"),
    (".key .outline", "stroke", "#e5e7eb", "#2b323b"),
    ("path.name", "fill", "#f3f4f6", "#232b34"),
    ("path.value", "fill", "#ffffff", "#161c23"),
    ("path.constant", "fill", "#ffffff", "#0f1419"),
    ("path.gradient", "fill", "#fff7ed", "#2c2015"),
    ("text.name", "fill", "#111827", "#f0f4f8"),
    ("text.value", "fill", "#1f2937", "#dbe2ea"),
    ("text.constant", "fill", "#6b7280", "#9aa5b1"),
    ("text.gradient", "fill", "#c2410c", "#fdba74"),
    ("ellipse", "fill", "#eef2ff", "#1e2350"),
    ("ellipse", "stroke", "#818cf8", "#6d78e8"),
    (".sign", "fill", "#3730a3", "#c7d2fe"),
    (".ordinal", "fill", "#6b7280", "#9aa5b1"),
    (".ordinal", "stroke", "#ffffff", "#0f1419"),
)


def _rules(column: int) -> str:
    return "".join(f".fgrad {row[0]} {{ {row[1]}: {row[column]} }}\n" for row in _COLOURS)


STYLE: Final = f"{_FORM}{_rules(2)}@media (prefers-color-scheme: dark) {{\n{_rules(3)}}}\n"
"""The style sheet of every picture; its names begin with .fgrad, so that it rules no other."""
