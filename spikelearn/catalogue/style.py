"""How the report looks: one style sheet, no fonts or files from elsewhere."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1a1a1a; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
h3 { margin: 0 0 .25rem; }
section { margin: 1rem 0; padding: .75rem 1rem; border: 1px solid #ddd; border-radius: 4px;
  border-left: .4rem solid #999; }
section.ok { border-left-color: #007a5e; } section.off { border-left-color: #b3261e; background: #fff6f5; }
.facts { margin: 0 0 .5rem; color: #555; font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { padding: .3rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e3e3e3; }
.values { min-width: 54rem; }
td { overflow-wrap: break-word; } td.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
td code { overflow-wrap: anywhere; }
tr.ok td:last-child, span.ok { color: #00614a; font-weight: 600; }
tr.off td { background: #ffdad6; } tr.off td:last-child, span.off, p.off { color: #93000a; font-weight: 700; }
tr.reason td { color: #555; font-size: .82rem; padding-top: 0; }
p.verdict { padding: .6rem 1rem; border-radius: 4px; font-weight: 700; }
p.verdict.ok { background: #d8f3e8; color: #00513d; } p.verdict.off { background: #ffdad6; color: #93000a; }
img { max-width: 100%; height: auto; display: block; margin: .75rem auto 0; }
code { font-size: .9em; }
"""
