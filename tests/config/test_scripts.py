"""What the pages' scripts weigh: all of them together, the theme's included."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import unfold
from django.contrib.staticfiles import finders

from config.settings.base import BASE_DIR

BUILT = BASE_DIR / "operate" / "static" / "operate"
MOST_BYTES = 1_000_000


def weight(file: Path) -> int:
    return len(gzip.compress(file.read_bytes()))


def test_all_scripts_together_weigh_less_than_a_megabyte():
    assert (BUILT / "build.json").exists(), "Expected the pages' scripts to be built; run: make build"
    outputs = json.loads((BUILT / "build.json").read_text())["outputs"]
    ours = {name: weight(BASE_DIR / name) for name in outputs if name.endswith(".js")}
    built = {str(each.relative_to(BASE_DIR)) for each in BUILT.rglob("*.js")}
    assert ours.keys() == built  # nothing is served that the build does not know of

    theme = {each.name: weight(each) for each in Path(unfold.__file__).parent.rglob("static/**/*.js")}
    heaviest = sorted((ours | theme).items(), key=lambda each: -each[1])[:10]
    assert theme
    assert sum(ours.values()) + sum(theme.values()) < MOST_BYTES, f"The heaviest ones: {heaviest}"


def test_no_page_waits_for_the_themes_charts():
    found = finders.find("unfold/js/chart/chart.js")
    assert found
    assert Path(found).is_relative_to(BASE_DIR / "operate" / "theme")
    assert weight(Path(found)) < 1_000
    templates = [each for each in (BASE_DIR / "templates").rglob("*.html") if 'class="chart' in each.read_text()]
    assert templates == []  # nothing there is what Chart.js would draw
