"""Code blocks of a page of the documentation, run in order in one namespace."""

import re
from pathlib import Path

import spikelearn as sl

DOCS = Path(sl.__file__).parent.parent / "docs"
FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1\s*$", flags=re.MULTILINE | re.DOTALL)


def blocks(text, language="python"):
    """The blocks of one language with the line at which each begins."""
    return [(text.count("\n", 0, m.start(3)) + 1, m[3]) for m in FENCE.finditer(text) if m[2] == language]


def run(page, before="", changes=()):
    """Run the blocks of a page after some preparation, with texts replaced; give the names that they leave."""
    names = {"__name__": "page"}
    exec(compile(before, "preparation", "exec"), names)
    path = DOCS / page
    for line, block in blocks(path.read_text(encoding="utf-8")):
        for old, new in dict(changes).items():
            block = block.replace(old, new)
        exec(compile("\n" * (line - 1) + block, str(path), "exec"), names)
    return names
