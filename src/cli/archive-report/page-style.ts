/** The style of a report: for a screen in light and dark, for a phone, and for paper. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6776; --line: #d9dee5; --paper: #ffffff; --tint: #f4f6f9; --bar: #2f6f9f; --good: #2e7d4f; --warn: #a05a00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa7b6; --line: #333d4a; --paper: #14191f; --tint: #1c232c; --bar: #6db3e0; --good: #6fcf97; --warn: #f0b35e; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 3rem 0 0.75rem; font-size: 1.2rem; }
p { margin: 0.4rem 0; max-width: 46rem; }
.soft, caption, th { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.75rem; margin: 1.75rem 0 0; }
.figures div { padding: 0.9rem 1rem; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--tint); }
.figures dt { font-size: 0.85rem; color: var(--soft); }
.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; }
.verdict { margin-top: 1.5rem; padding: 0.8rem 1rem; border-left: 0.3rem solid var(--good); border-radius: 0.3rem; background: var(--tint); }
.verdict.warn { border-color: var(--warn); }
table { width: 100%; border-collapse: collapse; font-size: 0.94rem; }
caption { padding-bottom: 0.4rem; text-align: left; font-size: 0.9rem; }
th, td { padding: 0.35rem 0.6rem 0.35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { font-size: 0.82rem; font-weight: 500; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.chart { width: 38%; min-width: 6rem; }
svg.bar { display: block; width: 100%; height: 0.8rem; margin-top: 0.35rem; }
svg.bar rect { fill: var(--bar); }
.word { font-weight: 600; white-space: nowrap; color: var(--warn); }
.word.lost, .word.damaged, .word.missing { color: var(--bad); }
footer { margin-top: 3.5rem; padding-top: 0.8rem; border-top: 1px solid var(--line); font-size: 0.85rem; color: var(--soft); }
@media (max-width: 36rem) {
  body { padding: 1.5rem 0.9rem 3rem; }
  td.chart, th.chart { display: none; }
  .details, .details thead, .details tbody, .details tr, .details td { display: block; }
  .details thead { display: none; }
  .details td { border: 0; padding: 0; }
  .details tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --tint: #fff; --bar: #555; --good: #000; --warn: #000; --bad: #000; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { margin-top: 1.6rem; break-after: avoid; }
  tr, .figures, .verdict { break-inside: avoid; }
  thead { display: table-header-group; }
  svg.bar rect { print-color-adjust: exact; }
}
`;
