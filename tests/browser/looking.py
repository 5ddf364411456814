"""Looking at a page with other eyes: axe-core's for who hears or tabs through it, and a ruler for small screens."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
THEMES = ("light", "dark")
STILL = "*, ::before, ::after { transition: none !important; animation: none !important; }"
"""Colours are looked at as they are in the end, not on their way."""
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
CHECK = """async ([within, standards]) => {
  const options = { runOnly: standards, resultTypes: ['violations'] };
  const { violations } = await axe.run(within ?? document, options);
  return violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help,
    nodes: nodes.map((node) => ({
      target: node.target.join(' '), html: node.html,
      why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join(' '),
    })),
  }));
}"""
SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = document.scrollingElement.scrollWidth > width;
  const isClipped = (element) => {
    for (let each = element.parentElement; each && each !== document.body; each = each.parentElement) {
      if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  };
  const beyond = [...document.body.querySelectorAll('*')].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && box.right > width + 1 && !isClipped(each);
  });
  return { scrolls, beyond: beyond.slice(0, 3).map((each) => each.outerHTML.slice(0, 120)) };
}"""


@cache
def axe() -> str:
    """The script of axe-core; it comes with the packages that tests need."""
    return AXE.read_text()


def faults(page: Page, *, theme: str = "light", within: str | None = None) -> list[str]:
    """What axe-core finds grave on a page as it stands, a line an element: rule, element, reason."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe())
        page.add_style_tag(content=STILL)
    page.evaluate("isDark => document.documentElement.classList.toggle('dark', isDark)", theme == "dark")
    found: list[dict[str, Any]] = page.evaluate(CHECK, [within, list(STANDARDS)])
    return [
        f"{theme}: {each['id']} ({each['impact']}): {node['target']}\n    {node['html'][:200]}\n    {node['why'][:300]}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"][:5]
    ]


def assert_accessible(page: Page, *, within: str | None = None) -> None:
    """Nothing grave in either theme, with the light one shown again in the end."""
    found = [fault for theme in reversed(THEMES) for fault in faults(page, theme=theme, within=within)]
    assert not found, f"axe-core finds on {page.url}:\n" + "\n".join(found)


def assert_fits(page: Page, width: int, height: int) -> None:
    """The page does not scroll sideways in a window of this size, and nothing is cut off at its right."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(50)  # one frame, in which media queries and observers of sizes have their say
    found = page.evaluate(SIDEWAYS)
    assert found == {"scrolls": False, "beyond": []}, f"{page.url} is wider than {width}: {found}"
