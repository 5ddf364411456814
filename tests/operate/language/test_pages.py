"""No page says anything that cannot be translated.

All pages are read in German, with brackets around whatever comes out of a catalog. What is left outside of brackets has to be
data: the names, ids, values and messages of the tables, or one of the few words that are the same in every language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils.translation import trans_real
from lxml import etree, html

from operate.workspaces import Role
from tests.operate.access.matrix import PAGES, Line, Who
from tests.operate.access.test_matrix import Office
from tests.operate.access.world import STRANGER, SUPERUSER, make_world

pytestmark = pytest.mark.django_db

SAME_EVERYWHERE = {
    "Fettle", "Camunda", "BPMN", "JSON", "XML", "CSV", "API", "URL", "UUID", "FEEL", "JUEL", "UTC",
    "Ctrl", "Enter", "Esc", "curl", "Development",
    "Deutsch", "English", "de", "en", "Test",
    "customer.name", "like", "smith", "customer", "name",
}  # fmt: skip
"""Names of products, formats and keys; languages, told in themselves; the environment, which is configured; an example."""
DATA = " | ".join(
    [f"//{tag}" for tag in ("pre", "code", "kbd", "script", "style", "template")]
    + [f"//*[contains(concat(' ', @class, ' '), ' {name} ')]" for name in ("ft-mono", "material-symbols-outlined")]
    + ["//select[@id='id_permissions' or @id='id_user_permissions']"]  # Django keeps their names in a table, in English
)
"""Elements that show data or signs as they are."""
ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-why")
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[^\W\d_]{2,}")
PIECES = re.compile(r"[\s·,:;()\[\]{}/→×–—“”„‚‘’'\"|#=+<>…?!]+")


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    """German, with brackets around each text."""
    catalog = trans_real.translation("de")._catalog
    monkeypatch.setattr(catalog, "_catalogs", [
        {text: f"⟦{said}⟧" if text and said else said for text, said in each.items()} for each in catalog._catalogs
    ])  # fmt: skip


def stored() -> str:
    """Whatever text is in the tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE relname ~ '^(workflow|audit|operate|auth)_' AND relname !~ 'permission'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(t)::text, ' '), '') FROM {table} t")
            found.append(cursor.fetchone()[0])
    return " ".join(found)


def without_brackets(text: str) -> str:
    """What no catalog has said; texts may stand in texts, and have tags in them."""
    before = None
    while before != text:
        before, text = text, BRACKETED.sub(" ", text)
    return text


class Page:
    """What one answer says outside of brackets that is not data."""

    def __init__(self, words: set[str]) -> None:
        self._known = words | SAME_EVERYWHERE

    def leftovers(self, content: str, kind: str) -> list[str]:
        """The texts with words that no catalog and no table has."""
        said = self._of_json(json.loads(content)) if "json" in kind else self._of_html(content)
        return [text for text in dict.fromkeys(said) if self._is_foreign(text)]

    def _is_foreign(self, text: str) -> bool:
        text = without_brackets(text)
        pieces = [piece for piece in PIECES.split(text) if WORD.search(piece)]
        return any(self._known.isdisjoint({piece, piece[0].lower() + piece[1:]}) for piece in pieces)

    def _of_html(self, content: str) -> Iterator[str]:
        content = without_brackets(content)
        if not content.strip():
            return
        tree = html.fromstring(content)
        skipped = {each for found in tree.xpath(DATA) for each in found.iter()}
        for element in tree.iter(etree.Element):
            if element not in skipped:
                yield from (str(element.get(name)) for name in ATTRIBUTES if element.get(name))
                yield element.text or ""
            if element.getparent() not in skipped:
                yield element.tail or ""

    def _of_json(self, value: Any) -> Iterator[str]:
        match value:
            case dict():
                for each in value.values():
                    yield from self._of_json(each)
            case list():
                for each in value:
                    yield from self._of_json(each)
            case str() if "<" in value and ">" in value:
                yield from self._of_html(value)
            case str() if " " in value:
                yield value


def is_read(line: Line) -> bool:
    """Pages; not Django's own for programs or with the names of its tables, not the theme's search, and no downloads."""
    skipped = (
        "auth/group/{group}/delete/",
        "auth/user/{user}/delete/",
        "search/?s=",
        "jsi18n/",
        "export",
        "/xml/",
        "autocomplete/",
        "r/0/0/",
        "language/",
        "logout/",
        "find/",
    )
    return line.method == "GET" and not any(each in line.path for each in skipped)


@pytest.mark.parametrize("who", [SUPERUSER, Role.SUPPORT.value, STRANGER])
def test_pages_say_nothing_that_cannot_be_translated(bracketed, who):
    cache.clear()
    office = Office(make_world())
    page = Page({piece for piece in PIECES.split(stored().replace("\\", " ")) if piece})
    wrong = []
    client: Client = office._clients[who][1]
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    for line in filter(is_read, PAGES):
        answer, text = office.send(line, who)
        if answer.status_code < 500 and (line.who is not Who.SUPERUSER or who == SUPERUSER):
            wrong += [
                f"{line.path}: {each.strip()}" for each in page.leftovers(text, answer.headers.get("Content-Type", ""))
            ]
    assert not wrong, "\n".join(wrong)
