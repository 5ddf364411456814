"""Counting what the hand does: a click or one key chord is one, typing a text counts apart."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page


@dataclass
class Hand:
    """Clicks and keys on one page."""

    page: Page
    clicks: int = 0
    texts: int = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)
        self.clicks += 1

    def type(self, text: str) -> None:
        """Into what has the focus."""
        self.page.keyboard.type(text)
        self.texts += 1

    def element(self, element_id: str) -> None:
        """Click an element on the diagram."""
        self.page.locator(f"[data-element-id='{element_id}'] > .djs-hit").first.click()
        self.clicks += 1
