"""Keys as they stand in addresses and forms."""

from __future__ import annotations

from collections.abc import Iterable

KEY_LIMIT = 2**63


def key_of(text: object) -> int | None:
    """The key that a text stands for; None if it cannot be one."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20:
        key = int(text)
        return key if key < KEY_LIMIT else None
    return None


def keys_of(texts: Iterable[str]) -> list[int]:
    """The keys among these texts."""
    return [key for key in map(key_of, texts) if key is not None]
