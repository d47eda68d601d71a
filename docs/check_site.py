"""Look through the built site: nothing is asked for from outside, links lead somewhere, pictures have words.

``python docs/check_site.py docs/_build/html``; prints what is wrong, one line each, and exits with 1 if anything is.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
# What a style sheet may ask for: url(...) and @import.
OUTSIDE_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?(?:https?:)?//[^)"']+""")

# What a converter of formulas writes where it does not know an environment or a command.
UNREAD = re.compile(r"<(m[iotn]|mtext)[^>]*>(?:&(?:amp;)?|\\[A-Za-z]+)</\1>")


class Page(HTMLParser):
    """What a page loads, where it leads, and which of its parts have no words."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.wordless: list[str] = []
        self.signs = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads, names or leads to."""
        found = {name: value or "" for name, value in attrs}
        self.ids.update(found[name] for name in ("id", "name") if found.get(name))
        if tag in LOADING and LOADING[tag] in found:
            self.loads.append(found[LOADING[tag]])
        if tag == "link" and found.get("rel") not in ("canonical", "author", "license"):
            self.loads.append(found.get("href", ""))
        if tag == "img" and not found.get("alt", "").strip():
            self.wordless.append(found.get("src", ""))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])

    handle_startendtag = handle_starttag


def outside(address: str) -> bool:
    """Say whether an address is on another machine."""
    return bool(urlsplit(address).netloc) or address.startswith("//")


def faults(site: Path) -> list[str]:
    """List what is wrong with a built site."""
    pages = {}
    for path in sorted(site.rglob("*.html")):
        if path.relative_to(site).parts[0] == "_static":  # templates of the theme, which nobody opens
            continue
        page = Page()
        text = path.read_text(encoding="utf-8")
        page.feed(text)
        page.signs = len(UNREAD.findall(text))
        pages[path.resolve()] = page
    if not pages:
        return [f"{site} holds no page"]
    found = []
    for path, page in pages.items():
        where = path.relative_to(site.resolve())
        found += [f"{where} loads {address}" for address in page.loads if outside(address)]
        found += [f"{where} shows signs of LaTeX in {page.signs} places of its formulas"] if page.signs else []
        found += [f"{where} shows {address[:80]} without words" for address in page.wordless]
        for address in page.loads + page.links:
            parts = urlsplit(address)
            if outside(address) or parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{where} leads to {address}, which is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                found.append(f"{where} leads to {address}, a place that is not there")
    for path in sorted(site.rglob("*.css")):
        for match in OUTSIDE_CSS.findall(path.read_text(encoding="utf-8", errors="replace")):
            found.append(f"{path.relative_to(site)} loads {match}")
    return sorted(set(found))


def main() -> int:
    """Print the faults of the site named on the command line."""
    found = faults(Path(sys.argv[1]))
    print("\n".join(found) or "nothing is asked for from outside, every link leads somewhere, every picture has words")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
