/** Of the report: system fonts, nothing fetched, light or dark as the reader's system is. */
export const STYLE = `
:root{--text:#0f172a;--soft:#475569;--line:#e2e8f0;--back:#f8fafc;--card:#fff;--accent:#7c3aed}
@media (prefers-color-scheme:dark){:root{--text:#e2e8f0;--soft:#94a3b8;--line:#334155;--back:#0f172a;--card:#1e293b;--accent:#a78bfa}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 1.2rem}
h2{font-size:1.15rem;margin:0 0 .6rem}
.brand{margin:0;color:var(--accent);font-weight:600;letter-spacing:.02em}
section,figure,dl{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.3rem;margin:0 0 1.2rem}
figure svg{width:100%;height:auto;display:block}
figcaption,.note{color:var(--soft);font-size:.87rem;margin:.5rem 0 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,:not(.figures)>*>tr>:last-child{text-align:left}
tbody th{font-weight:500}
thead th{color:var(--soft);font-weight:500}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem}
dt{color:var(--soft)}dd{margin:0}
.dark{display:none}
@media (prefers-color-scheme:dark){.light{display:none}.dark{display:block}}
`;
