"""Counting what the hand does: a click, a drag or one key chord is one, typing a text counts apart.

`BUDGET` says for each of the sixteen tasks how many it may take; `RULES.md` names the test that counts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

ALLOWED = "1+1 0+0 2+1 2+0 3+1 2+0 5+2 5+0 2+0 5+3 2+0 1+0 2+0 4+0 2+0 2+0"
BUDGET = {task: tuple(map(int, each.split("+"))) for task, each in enumerate(ALLOWED.split(), 1)}
"""Clicks and texts by the number of the task."""


@dataclass
class Hand:
    """Clicks and keys on one page."""

    page: Page
    clicks: int = 0
    texts: int = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def double_click(self, what: Locator) -> None:
        """One gesture."""
        what.dblclick()
        self.clicks += 1

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)
        self.clicks += 1

    def type(self, text: str) -> None:
        """Into what has the focus, in place of what is selected there."""
        self.page.keyboard.insert_text(text)
        self.texts += 1

    def element(self, element_id: str) -> None:
        """Click an element on the diagram."""
        self.page.locator(f"[data-element-id='{element_id}'] > .djs-hit").first.click()
        self.clicks += 1

    def drag(self, source: str, target: str) -> None:
        """Take the token badge of an element to another one."""
        self.page.locator(f"[data-badge='active {source}']").hover()
        self.page.mouse.down()
        box = self.page.locator(f".djs-element[data-element-id='{target}']").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=6)
        self.page.mouse.up()
        self.clicks += 1

    def needed_at_most(self, task: int) -> None:
        """What was done so far is within the budget of this task."""
        clicks, texts = BUDGET[task]
        assert self.clicks <= clicks, f"task {task} took {self.clicks} clicks, expected {clicks} at most"
        assert self.texts <= texts, f"task {task} took {self.texts} texts, expected {texts} at most"
