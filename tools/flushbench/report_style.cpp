#include "tools/flushbench/report_style.hpp"

namespace uflush::bench {

// The colours of series are those of Okabe and Ito, which the colour-blind can tell apart, darker or lighter
// to stand out from the page. Lines of one role differ in their dashes as well.
const std::string_view report_style = R"css(
:root {
  color-scheme: light dark;
  --page: #fbfbf9; --card: #ffffff; --ink: #1c1e21; --soft: #5c636b; --rule: #d9dcdf; --grid: #e8eaec;
  --link: #005a9c; --good: #00694a; --bad: #a33a00;
  --ours0: #0067a5; --ours1: #00866a; --ours2: #5b9bd0; --ours3: #7a4fa3;
  --stock0: #d55e00; --stock1: #b8860b; --stock2: #a8436f; --stock3: #8a6d5a;
  --floor0: #3d434a; --floor1: #7b828a; --floor2: #3d434a; --floor3: #7b828a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1b1f23; --ink: #e6e8ea; --soft: #a2a9b0; --rule: #363c42; --grid: #2a2f34;
    --link: #7cc0f5; --good: #5fd0a5; --bad: #ff9a5c;
    --ours0: #56b4e9; --ours1: #2fc7a0; --ours2: #9bc9ee; --ours3: #c4a1e6;
    --stock0: #f08a3c; --stock1: #e0b93c; --stock2: #e08ab4; --stock3: #c7ab98;
    --floor0: #c9ced3; --floor1: #8d949b; --floor2: #c9ced3; --floor3: #8d949b;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1220px; padding: 24px 28px 64px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 44px 0 8px; padding-top: 14px; border-top: 1px solid var(--rule); }
h3 { font-size: 17px; margin: 34px 0 10px; }
p { margin: 6px 0 12px; max-width: 78ch; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
code { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
nav { margin: 14px 0 0; display: flex; flex-wrap: wrap; gap: 4px 18px; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 10px 24px;
  margin: 18px 0 0; padding: 14px 18px; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; }
dl.facts dt { font-size: 12px; color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.facts .wide { grid-column: 1 / -1; }
.guide { margin-top: 12px; font-size: 14px; }
.guide ul { margin: 8px 0; padding-left: 20px; max-width: 92ch; }
.guide li { margin: 5px 0; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
figure { margin: 0; padding: 12px 16px 10px; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; break-inside: avoid; }
figure.wide { grid-column: 1 / -1; }
figcaption { font-weight: 600; margin-bottom: 6px; }
figcaption small { font-weight: 400; font-size: 13px; color: var(--soft); }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, "Helvetica Neue", Arial, sans-serif; }
svg text { fill: var(--ink); }
svg .tick, svg .axis-title { fill: var(--soft); font-size: 11px; }
svg .value { font-variant-numeric: tabular-nums; }
svg .level-label { fill: var(--c); font-size: 11px; }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .reference { stroke: var(--ink); stroke-width: 1.5; }
svg .bar { fill: var(--c); fill-opacity: 0.8; }
svg .whisker { stroke: var(--ink); stroke-width: 1.2; }
svg .series .whisker { stroke: var(--c); }
svg .mark { fill: var(--c); stroke: var(--c); stroke-width: 1; }
svg .line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; }
svg [class*="ours"].line { stroke-width: 2.4; }
svg .line.stock1 { stroke-dasharray: 9 3; }
svg .line.stock2 { stroke-dasharray: 2 3; }
svg .line.stock3 { stroke-dasharray: 9 3 2 3; }
svg .line.ours1 { stroke-dasharray: 12 3; }
svg .line.ours2 { stroke-dasharray: 3 3; }
svg [class*="floor"] .line, svg [class*="floor"].line { stroke-dasharray: 6 4; stroke-width: 1.6; }
.ours0 { --c: var(--ours0); } .ours1 { --c: var(--ours1); } .ours2 { --c: var(--ours2); }
.ours3 { --c: var(--ours3); }
.stock0 { --c: var(--stock0); } .stock1 { --c: var(--stock1); } .stock2 { --c: var(--stock2); }
.stock3 { --c: var(--stock3); }
.floor0 { --c: var(--floor0); } .floor1 { --c: var(--floor1); } .floor2 { --c: var(--floor2); }
.floor3 { --c: var(--floor3); }
.ratio-rate { --c: var(--link); } .ratio-cpu { --c: var(--good); }
details { margin-top: 6px; font-size: 13px; }
summary { color: var(--soft); cursor: pointer; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin: 8px 0; }
caption { text-align: left; color: var(--soft); padding-bottom: 4px; }
th, td { padding: 3px 12px 3px 0; text-align: right; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
tbody th, th:first-child, td:first-child { text-align: left; }
tbody th { font-weight: 400; color: var(--ink); }
td { white-space: nowrap; }
td.good { color: var(--good); font-weight: 600; }
td.bad { color: var(--bad); font-weight: 600; }
@media screen and (max-width: 900px) { .plots { grid-template-columns: minmax(0, 1fr); } body { padding: 16px; }
  figure.wide { overflow-x: auto; } figure.wide svg { min-width: 760px; } }
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10px; line-height: 1.35; }
  nav { display: none; }
  h1 { font-size: 20px; } h2 { font-size: 15px; margin-top: 20px; } h3 { font-size: 12px; margin-top: 14px; }
  h2, h3 { break-after: avoid; }
  .plots { gap: 8px; }
  figure { padding: 6px 8px; }
  table, details, .guide, figcaption small { font-size: 9px; }
  th, td { padding: 1px 8px 1px 0; }
  details::details-content { content-visibility: visible; height: auto; }
}
@page { margin: 14mm; }
)css";

}  // namespace uflush::bench
