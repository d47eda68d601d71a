"""How the report looks: one style sheet, no fonts or files from elsewhere."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1a1a1a; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
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
tr.note td { color: #555; font-size: .82rem; padding-top: 0; }
p.verdict { padding: .6rem 1rem; border-radius: 4px; font-weight: 700; }
p.verdict.ok { background: #d8f3e8; color: #00513d; } p.verdict.off { background: #ffdad6; color: #93000a; }
img { max-width: 100%; height: auto; display: block; margin: .75rem auto 0; }
code { font-size: .9em; }
a { color: #0b57a4; }
ul.off { background: #fff6f5; border-left: .4rem solid #b3261e; padding: .6rem 1rem .6rem 2rem; }
.contents th:not(:first-child), .contents td.n { text-align: right; } .contents { min-width: 40rem; }
fieldset.shown { border: 1px solid #ccc; border-radius: 4px; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
h3.runs { margin-top: 1.5rem; }
.claims { table-layout: fixed; } .claims th:nth-child(1) { width: 26%; } .claims th:nth-child(2) { width: 22%; }
.claims th:nth-child(5) { width: 20%; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; font-variant-numeric: tabular-nums; }
.pair > div { overflow-wrap: anywhere; min-width: 0; }
.claims td { overflow-wrap: anywhere; } .claims thead th { position: sticky; top: 0; background: #fff; }
tr.claim { scroll-margin-top: 2.5rem; } tr.claim:target { outline: 2px solid #0b57a4; }
.formula { font-family: "STIX Two Text", "Cambria Math", Georgia, serif; font-size: 1rem; margin-top: .15rem; }
.why, small { color: #555; font-size: .8rem; font-weight: 400; }
span.print { white-space: normal; } span.print.wrong { color: #93000a; font-weight: 600; }
span.print.typo, span.print.ambiguous { color: #7a4a00; font-weight: 600; }
span.open, span.reason { color: #444; }
tr.claim td:last-child .why { color: #555; font-weight: 400; }
details.test { border-bottom: 1px solid #e3e3e3; font-size: .87rem; overflow-wrap: anywhere; }
details.test summary { font-weight: 400; } details.test.off { background: #ffdad6; }
body:has(#show-off:checked) :is(tr.claim, section, details.test):not(.off),
body:has(#show-flawed:checked) :is(tr.claim:not(.flawed), section, .runs, details.test),
body:has(#show-claims:checked) :is(section, .runs),
body:has(#show-runs:checked) details:has(.claims) { display: none; }
@media (max-width: 44rem) {
  main { padding: .75rem .75rem 3rem; } h1 { font-size: 1.35rem; } h2 { font-size: 1.2rem; }
  section { padding: .5rem .6rem; }
  .contents { min-width: 0; font-size: .8rem; }
  .contents :is(th, td):is(:nth-child(5), :nth-child(6)) { display: none; }
  .claims, .claims tbody, .claims tr, .claims td { display: block; width: auto; }
  .claims thead, .claims td.none { display: none; }
  .claims tr { border: 1px solid #ddd; border-left: .4rem solid #999; border-radius: 4px; margin: .6rem 0; }
  .claims tr.ok { border-left-color: #007a5e; } .claims tr.off { border-left-color: #b3261e; }
  .claims td { border: 0; padding: .2rem .6rem; }
  .pair { display: block; } .pair > div { display: inline; margin-right: .75rem; }
  .claims [data-head]:not(:empty)::before { content: attr(data-head) ": "; color: #555; font-size: .8rem; }
}
@media print { fieldset.shown { display: none; } }
"""
