"""Sources by author and year wherever the site is read; files keep the short numbers of docs/sources.md."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from spikelearn.catalogue.ledger import AUTHORS, NUMBERED


def pieces(text: str) -> list[tuple[str, bool]]:
    """Split a text into parts, of which those marked true are names of sources.

    Examples
    --------
    >>> pieces("after document 003 Eq. (6)")
    [('after ', False), ('Soldado-Magraner et al. 2022', True), (' Eq. (6)', False)]
    """
    found: list[tuple[str, bool]] = []
    last = 0
    for match in NUMBERED.finditer(text):
        found += [(text[last : match.start()], False), (AUTHORS[match[1]], True)]
        last = match.end()
    found.append((text[last:], False))
    return [piece for piece in found if piece[0]]


class AuthorYear(SphinxTransform):
    """Write author and year for the short number of a source, with a link to the page of sources."""

    default_priority = 650

    def apply(self, **_: Any) -> None:
        """Go through the texts of a page; code, formulas, links and the page of sources stay as they are."""
        if self.env.docname == "sources":
            return
        aside = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.reference, nodes.raw)
        aside += (nodes.comment, addnodes.desc_signature, addnodes.pending_xref)
        for text in list(self.document.findall(nodes.Text)):
            parts = pieces(text.astext())
            if not any(named for _, named in parts):
                continue
            parent = text.parent
            if any(isinstance(above, aside) for above in ancestors(parent)):
                continue
            plain = isinstance(parent, nodes.title | nodes.term)
            replaced: list[nodes.Node] = []
            for words, named in parts:
                if named and not plain:
                    link = addnodes.pending_xref(
                        "", nodes.inline("", words), refdomain="std", reftype="doc", reftarget="/sources",
                        refexplicit=True, refdoc=self.env.docname, refwarn=True,
                    )  # fmt: skip
                    replaced.append(link)
                else:
                    replaced.append(nodes.Text(words))
            parent.replace(text, replaced)


def ancestors(node: nodes.Node | None) -> list[nodes.Node]:
    """Give a node and all above it."""
    found = []
    while node is not None:
        found.append(node)
        node = node.parent
    return found


def setup(app: Any) -> dict[str, bool]:
    """Register the transform with Sphinx."""
    app.add_transform(AuthorYear)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
