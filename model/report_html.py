"""The HTML report: one page that opens offline, asks for nothing and runs nothing."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from model.evaluation_types import Evaluation
from model.html_text import element, join
from model.report_findings import bad_section, classes_section, confusions_section, reliability_section, worst_section
from model.report_style import style_sheet
from model.report_summary import facts_section, header_section, hero_section, tiles_section
from model.report_texts import TRAINED_ON_THESE, data_name

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Photospotter">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
""")


def evaluation_page(
    evaluation: Evaluation, thumbnails: Mapping[Path, bytes], versions: Mapping[str, str | None]
) -> str:
    """Return the page. `thumbnails` are JPEG files of the worst errors by path, as far as they could be made."""
    style = style_sheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    sections = [
        header_section(evaluation),
        element("p", TRAINED_ON_THESE, class_="warn", role="note") if evaluation.trained_on_these else None,
        hero_section(evaluation),
        tiles_section(evaluation),
        confusions_section(evaluation),
        worst_section(evaluation, thumbnails),
        reliability_section(evaluation),
        classes_section(evaluation),
        bad_section(evaluation) if evaluation.bad else None,
        facts_section(evaluation, versions),
    ]
    return _PAGE.substitute(
        # Nothing may be fetched or run, and of styles only this page's own counts.
        policy=join(
            [f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]
        ),
        title=join([f"{evaluation.weights_title} on {data_name(evaluation)}"]),
        style=style,
        body="\n".join(section for section in sections if section is not None),
    )
