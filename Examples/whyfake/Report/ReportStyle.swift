/// The report's style sheet: light and dark, screen and paper, nothing from elsewhere.
let reportStyle = """
  :root { color-scheme: light dark; --ink: #1c2024; --soft: #5b6570; --paper: #ffffff; --wash: #f3f5f7;
    --line: #d9dee3; --fake: #b3261e; --real: #1f6f43; --open: #8a5a00; --accent: #2457a6; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3adb8; --paper: #15181c; --wash:
    #1e2328;
    --line: #353c44; --fake: #ff8a80; --real: #7bd6a1; --open: #f0c060; --accent: #8fb8ff; } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink);
    font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
  main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
  h1 { font-size: 1rem; font-weight: 600; color: var(--soft); margin: 0 0 1rem; overflow-wrap: anywhere; }
  h2 { font-size: 1.25rem; margin: 2.5rem 0 .6rem; }
  h3 { font-size: 1.02rem; margin: 1.6rem 0 .4rem; }
  p { margin: .4rem 0 .8rem; max-width: 46rem; }
  .soft { color: var(--soft); }
  .verdict { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.05fr); gap: 1.75rem;
    align-items: center; background: var(--wash); border-left: .4rem solid var(--tone); border-radius: .4rem;
    padding: 1.4rem 1.5rem; }
  .verdict.fake { --tone: var(--fake); } .verdict.real { --tone: var(--real); }
  .verdict.no-face, .verdict.undecided { --tone: var(--open); }
  .verdict .word { font-size: 1.9rem; line-height: 1.2; font-weight: 700; color: var(--tone); margin: 0 0
    .5rem; }
  .verdict figure { margin: 0; } .verdict img { max-width: 100%; max-height: 26rem;
    border-radius: .3rem; display: block; }
  .gauge { position: relative; height: .8rem; border-radius: .4rem; margin: 1.4rem 0 .3rem;
    background: linear-gradient(90deg, var(--real), var(--line) 50%, var(--fake)); }
  .gauge i { position: absolute; top: -.35rem; width: .35rem; height: 1.5rem; margin-left: -.175rem;
    background: var(--ink); border-radius: .2rem; outline: .15rem solid var(--wash); }
  .scale { display: flex; justify-content: space-between; color: var(--soft); font-size: .82rem; }
  figcaption { color: var(--soft); font-size: .85rem; margin-top: .35rem; }
  .curve { width: 100%; height: auto; max-width: 56rem; display: block; }
  .curve .grid { stroke: var(--line); } .curve .half { stroke: var(--soft); stroke-dasharray: 4 4; }
  .curve .mean { stroke: var(--accent); stroke-width: 1.5; } .curve .tick { fill: var(--soft); font-size:
    12px; }
  .curve .line { fill: none; stroke: var(--ink); stroke-width: 1.5; opacity: .55; }
  .curve .fake { fill: var(--fake); } .curve .real { fill: var(--real); }
  .frames { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--cell)), 1fr)); gap:
    .9rem;
    padding: 0; margin: .8rem 0; list-style: none; }
  .frames li { break-inside: avoid; } .frames .pair { display: grid; grid-auto-flow: column; gap: 2px; }
  .frames .pair { grid-auto-columns: 1fr; } .frames figure { margin: 0; min-width: 0; } .frames figcaption {
    font-size: .74rem; margin-top: .1rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .frames img { width: 100%; display: block;
    border-radius: .2rem; }
  .frames p { margin: .25rem 0 0; font-size: .82rem; color: var(--soft); font-variant-numeric: tabular-nums; }
  .frames b.fake { color: var(--fake); } .frames b.real { color: var(--real); }
  .bar { display: flex; align-items: center; gap: .6rem; font-size: .85rem; color: var(--soft); margin:
    .6rem 0; }
  .bar span:first-child { white-space: nowrap; } .bar img { height: .8rem; width: 12rem; max-width: 40%; border-radius: .15rem; }
  table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .4rem 0 1rem; }
  th, td { text-align: left; vertical-align: top; padding: .38rem .75rem .38rem 0; border-bottom: 1px solid
    var(--line);
    overflow-wrap: anywhere; }
  th { font-weight: 500; color: var(--soft); width: 14rem; } td.number { font-variant-numeric:
    tabular-nums; width: 7rem; }
  small { display: block; font-weight: 400; font-size: .8rem; color: var(--soft); }
  .wide { overflow-x: auto; }
  table.metrics { min-width: 34rem; } table.metrics thead th { width: auto; color: var(--ink); }
  table.metrics th[scope=row] { width: 17rem; color: var(--ink); } table.metrics td.number { width: auto; }
  th.group { width: auto; padding-top: 1rem; font-weight: 600; color: var(--ink); }
  table.regions { width: auto; font-size: .8rem; font-variant-numeric: tabular-nums; }
  table.regions caption { text-align: left; } table.regions th, table.regions td { width: auto; padding: .2rem
    .4rem; text-align: right; white-space: nowrap; overflow-wrap: normal; }
  table.regions th[scope=row] { text-align: left; } table.regions .whole { font-weight: 600; }
  table.regions td[style] { background: color-mix(in srgb, var(--accent) calc(var(--depth) * .45), transparent); }
  details { margin: .6rem 0 1rem; } summary { cursor: pointer; color: var(--accent); }
  h2.why { font-size: 1.02rem; margin: 1.1rem 0 .2rem; } ul.why { margin: 0; padding-left: 1.1rem; }
  ul.why li { margin: .3rem 0; }
  code { font: .88em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
  .note { border-left: .25rem solid var(--open); padding: .3rem 0 .3rem .9rem; }
  ul.trust { padding-left: 1.2rem; max-width: 48rem; } ul.trust li { margin: .45rem 0; }
  footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--soft);
    font-size: .85rem; }
  @media (max-width: 46rem) { .verdict { grid-template-columns: 1fr; } th { width: 9rem; }
    .curve { overflow: visible; } .curve .tick { font-size: 20px; }
    .frames .pair { grid-auto-flow: row; grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr)); gap: .3rem; }
    table.metrics { min-width: 0; } table.metrics thead { position: absolute; left: -100vw; }
    table.metrics, table.metrics tbody { display: block; }
    table.metrics tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); }
    table.metrics th { grid-column: 1 / -1; width: auto; border: 0; padding-bottom: 0; }
    table.metrics th[scope=row] { width: auto; }
    table.metrics td::before { content: attr(data-title); display: block; font-size: .8rem; color: var(--soft); } }
  @media print { :root { color-scheme: light; } main { max-width: none; padding: 0; } h2, h3 { break-after:
    avoid; }
    body { font-size: 11pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
    .verdict, .curve, tr { break-inside: avoid; } .frames { --cell: 18rem !important; }
    .wide { overflow: visible; }
    details::details-content { content-visibility: visible; block-size: auto; } table.regions { font-size: 6.5pt; }
    table.regions th, table.regions td { padding: .1rem .2rem; } }
  """
