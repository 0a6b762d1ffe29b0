"""How the HTML report looks: two palettes, on screen by the reader's own setting, on paper always the light one."""

LIGHT = {
    "page": "#f6f7f9",
    "card": "#ffffff",
    "line": "#d9dde2",
    "text": "#1a1d21",
    "muted": "#565e68",
    "accent": "#1f5fbf",
    "wrong": "#a8480f",
    "warn": "#fff1d6",
    "warn-text": "#5c3b00",
}
DARK = {
    "page": "#101316",
    "card": "#191d21",
    "line": "#343a41",
    "text": "#e6e8ea",
    "muted": "#a3abb3",
    "accent": "#7fb0ff",
    "wrong": "#ffb27a",
    "warn": "#3a2b0a",
    "warn-text": "#ffd98a",
}
# Background and text of the heat map's cells, from few to many: right ones on the diagonal, wrong ones off it.
LIGHT_RIGHT = (
    ("#eaf1fd", "#1a1d21"),
    ("#d3e3fa", "#1a1d21"),
    ("#aecbf4", "#1a1d21"),
    ("#74a3e8", "#1a1d21"),
    ("#1f5fbf", "#ffffff"),
    ("#123f85", "#ffffff"),
)
LIGHT_WRONG = (
    ("#fdf0e5", "#1a1d21"),
    ("#fbdcc0", "#1a1d21"),
    ("#f6b981", "#1a1d21"),
    ("#ec9048", "#1a1d21"),
    ("#b3541e", "#ffffff"),
    ("#7a3410", "#ffffff"),
)
DARK_RIGHT = (
    ("#1c2736", "#e6e8ea"),
    ("#1f3553", "#e6e8ea"),
    ("#254a7c", "#e6e8ea"),
    ("#2c5fa3", "#ffffff"),
    ("#7fb0ff", "#101316"),
    ("#bcd6ff", "#101316"),
)
DARK_WRONG = (
    ("#2d2118", "#e6e8ea"),
    ("#45301b", "#e6e8ea"),
    ("#683f19", "#e6e8ea"),
    ("#8c4f19", "#ffffff"),
    ("#f0a05c", "#101316"),
    ("#ffcfa3", "#101316"),
)
LEVELS = len(LIGHT_RIGHT)

Pairs = tuple[tuple[str, str], ...]


def style_sheet() -> str:
    """Return the whole CSS."""
    dark = _variables(DARK, DARK_RIGHT, DARK_WRONG)
    cells = "\n".join(
        f".{kind}{level}{{background:var(--{kind}{level});color:var(--{kind}{level}-text);fill:var(--{kind}{level})}}"
        for kind in ("right", "wrong")
        for level in range(1, LEVELS + 1)
    )
    return (
        f":root{{color-scheme:light;{_variables(LIGHT, LIGHT_RIGHT, LIGHT_WRONG)}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}\n"
        f"{_RULES}{cells}\n"
    )


def _variables(colours: dict[str, str], right: Pairs, wrong: Pairs) -> str:
    written = [f"--{name}:{value}" for name, value in colours.items()]
    for kind, pairs in (("right", right), ("wrong", wrong)):
        for level, (background, text) in enumerate(pairs, start=1):
            written += [f"--{kind}{level}:{background}", f"--{kind}{level}-text:{text}"]
    return ";".join(written)


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
main{max-width:1000px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:30px;line-height:1.2;margin:0 0 8px}
h2{font-size:20px;line-height:1.3;margin:0 0 4px}
p{margin:0 0 12px;max-width:72ch}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:24px;margin:16px 0}
.kicker{color:var(--muted);font-size:14px;margin:0 0 4px}
.lead,.note{color:var(--muted)}
.note{font-size:14px}
.warn{background:var(--warn);color:var(--warn-text);border-radius:8px;padding:16px 24px;margin:16px 0;max-width:none}
.hero{display:flex;flex-wrap:wrap;gap:8px 40px;align-items:center}
.big{font-size:60px;line-height:1.1;font-weight:600;margin:0;font-variant-numeric:tabular-nums;white-space:nowrap}
.hero .words{flex:1 1 380px}
.hero p{margin:0 0 4px}
.tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:16px;margin:16px 0}
.tiles.four{grid-template-columns:repeat(4,1fr)}
.tiles.five{grid-template-columns:repeat(6,1fr)}
.tiles.five .tile{grid-column:span 2}
.tiles.five .tile:nth-child(-n+2){grid-column:span 3}
.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:16px}
.tile dt{color:var(--muted);font-size:14px}
.tile dd{margin:0}
.tile .value{font-size:24px;font-weight:600;line-height:1.4;font-variant-numeric:tabular-nums}
.tile .why{color:var(--muted);font-size:13px;line-height:1.4}
.scroll{overflow-x:auto;margin:12px 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:6px 20px 6px 0;text-align:left;vertical-align:top;unicode-bidi:isolate}
td svg{margin-top:7px;min-width:60px}
.list{width:100%}
.list th{font-weight:600}
.list thead th{color:var(--muted);font-weight:400;border-bottom:1px solid var(--line);vertical-align:bottom}
.list tbody tr+tr>*{border-top:1px solid var(--line)}
.list .n{text-align:right;white-space:nowrap}
.list tr>:last-child{padding-right:0}
.matrix td{width:64px;min-width:34px;height:40px;padding:4px;text-align:center;vertical-align:middle;
border:2px solid var(--card)}
.matrix th{font-weight:400;vertical-align:middle;padding:4px 12px 4px 4px}
.matrix thead th{text-align:center;vertical-align:bottom;padding:4px}
.matrix thead th:first-child,.matrix tbody th{text-align:right;padding-right:12px}
.matrix.upright thead th:not(:first-child) span{writing-mode:vertical-rl;transform:rotate(180deg)}
.matrix.upright td{width:34px;height:34px}
.matrix .none{color:var(--muted)}
svg{display:block;max-width:100%;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:var(--muted)}
.small text{font-size:10px}
.track{fill:var(--line)}
.mark{fill:var(--accent)}
.share{fill:var(--accent)}
.count{fill:var(--muted)}
.grid{stroke:var(--line)}
.ideal{stroke:var(--text);stroke-dasharray:5 4}
.whisker{stroke:var(--text)}
.chart{display:flex;flex-wrap:wrap;gap:16px 40px;align-items:flex-start}
.chart>svg{flex:0 1 480px;min-width:280px}
.chart>div{flex:1 1 280px}
.errors{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:24px 16px;margin:16px 0 0}
figure{margin:0;break-inside:avoid}
.frame{display:flex;align-items:center;justify-content:center;height:170px;background:var(--page);border-radius:6px;
overflow:hidden;color:var(--muted);font-size:14px;text-align:center;padding:0}
.frame img{max-width:100%;max-height:170px;display:block}
figcaption{font-size:14px;line-height:1.4;padding-top:8px}
figcaption div+div{margin-top:2px}
.name{color:var(--muted);font-size:13px}
.sure{color:var(--wrong);font-weight:600;white-space:nowrap}
.tag{border:1px solid var(--muted);border-radius:4px;padding:0 6px;font-size:12px;color:var(--muted);white-space:nowrap}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 24px;margin:8px 0 0;font-size:14px}
.facts dt{color:var(--muted)}
.facts dd{margin:0}
code{font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
details{margin-top:12px}
summary{cursor:pointer;color:var(--accent);font-size:14px}
dl+.note{margin-top:16px}
.keys{white-space:nowrap;margin-left:4px}
.key{display:inline-block;width:20px;height:12px;border-radius:2px;vertical-align:-1px;margin:0 1px}
@media(max-width:760px){.tiles,.tiles.four,.tiles.five{grid-template-columns:1fr 1fr}.tiles.five .tile:nth-child(n){
grid-column:auto}}
@media(max-width:600px){main{padding:24px 12px}section{padding:16px}.facts{grid-template-columns:1fr}.facts dd{
margin-bottom:8px}.big{font-size:44px}}
@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}section,.tile{break-inside:avoid;
border-color:#bbb}section.long{break-inside:auto}tr{break-inside:avoid}thead{display:table-header-group}.warn,
.matrix td,.key,svg,.frame{print-color-adjust:exact;-webkit-print-color-adjust:exact}details:not([open]){display:none}
.scroll{overflow:visible}}
"""
