"""Formulas as MathML, which browsers draw themselves: no script and no font comes from anywhere."""

from __future__ import annotations

import re
from typing import Any

import latex2mathml.converter
from docutils import nodes


def markup(latex: str, display: str) -> str:
    """Give the MathML of a formula."""
    # The converter knows large angles as signs alone.
    latex = re.sub(r"(\\[bB]igg?[lr]?)\\langle", r"\1⟨", re.sub(r"(\\[bB]igg?[lr]?)\\rangle", r"\1⟩", latex))
    return latex2mathml.converter.convert(latex.strip(), display=display)


def lined_up(latex: str) -> str:
    r"""Put lines with places to line up into the environment that Sphinx means without saying it.

    Examples
    --------
    >>> lined_up(r"a &= b \\ c &= d")
    '\\begin{split}a &= b \\\\ c &= d\\end{split}'
    >>> lined_up("a = b")
    'a = b'
    """
    # The converter knows split, and shows the signs of aligned.
    found = latex.replace("{aligned}", "{split}")
    lines = "&" in found or r"\\" in found
    return rf"\begin{{split}}{found}\end{{split}}" if lines and r"\begin" not in found else found


def inline(translator: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    translator.body.append(markup(node.astext(), "inline"))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """Write a displayed formula."""
    translator.body.append(f'<div class="math">{markup(lined_up(node.astext()), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
