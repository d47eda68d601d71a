"""Formulas as MathML, which browsers draw themselves: no script and no font comes from anywhere."""

from __future__ import annotations

from typing import Any

import latex2mathml.converter
from docutils import nodes


def markup(latex: str, display: str) -> str:
    """Give the MathML of a formula."""
    return latex2mathml.converter.convert(latex.strip(), display=display)


def inline(translator: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    translator.body.append(markup(node.astext(), "inline"))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """Write a displayed formula."""
    translator.body.append(f'<div class="math">{markup(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
