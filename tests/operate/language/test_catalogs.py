"""Every text that pages say is translated, with the same values in it."""

from __future__ import annotations

import re

import polib
import pytest
from django.conf import settings

from config.messages import Text, catalogs, collected

VALUES = re.compile(r"%\(\w+\)[sd]|%%|%s|\{\w*\}|</?\w+")
"""What stands for something else: values, and tags."""


def values(text: str) -> list[str]:
    return sorted(VALUES.findall(text))


def test_each_language_has_a_catalog():
    assert [path.parts[-3] for path in catalogs()] == sorted(code for code, _name in settings.LANGUAGES if code != "en")


@pytest.mark.parametrize("path", catalogs(), ids=lambda path: path.parts[-3])
def test_every_text_is_translated(path):
    catalog = {Text(each.msgid, each.msgid_plural, each.msgctxt): each for each in polib.pofile(str(path))}
    said = collected()
    missing = [text for text in said if text not in catalog]
    assert not missing, "Bring them in with 'make messages', then translate them."
    stale = [text for text in catalog if text not in said]
    assert not stale, "No page says these any more: 'make messages' takes them out."
    empty = [text for text, each in catalog.items() if not each.translated() or each.fuzzy]
    assert not empty, "These have no translation yet."


@pytest.mark.parametrize("path", catalogs(), ids=lambda path: path.parts[-3])
def test_translations_have_the_same_values(path):
    wrong = []
    for entry in polib.pofile(str(path)):
        said = entry.msgstr_plural or {0: entry.msgstr}
        expected = values(entry.msgid_plural or entry.msgid)
        many = said[max(said)]
        if values(many) != expected or not set(values(said[0])) <= set(expected):
            wrong.append((entry.msgid, said))
        if (entry.msgid[:1].isspace(), entry.msgid[-1:].isspace()) != (many[:1].isspace(), many[-1:].isspace()):
            wrong.append((entry.msgid, said))
    assert not wrong
