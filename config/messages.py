"""The texts of the pages and their translations: collected from the source into `locale/`, compiled into what Django reads.

`python -m config.messages collect` brings new texts into the catalogs and takes out what no page says any more;
`python -m config.messages compile` is part of `make build`. Neither needs the binaries of gettext.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
CODE = ("workflow", "audit", "operate", "config")
TEMPLATES = ("templates", "operate/templates")
WIDTH = 120

# The places of context, singular and plural among the arguments.
_CALLS = {
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
_NAMES = {
    "_": "gettext",
    "noop": "gettext",
    **{name + kind: name for name in _CALLS for kind in ("", "_lazy", "_noop")},
}
_STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_IN_TEMPLATE = re.compile(rf"\b(npgettext|ngettext|pgettext|gettext|_)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """One text that a page may say."""

    text: str
    plural: str = ""
    context: str | None = None


def collected() -> dict[Text, list[str]]:
    """Every marked text with the files that it stands in, in the order of the files."""
    found: dict[Text, list[str]] = {}
    for path in _files(CODE, "*.py"):
        _add(found, path, _of_code(path))
    for path in _files(TEMPLATES, "*.html"):
        _add(found, path, _of_template(path))
    plural = {(text.text, text.context) for text in found if text.plural}
    return {text: files for text, files in found.items() if text.plural or (text.text, text.context) not in plural}


def catalogs() -> list[Path]:
    """The translations, one file a language."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def collect() -> None:
    """Bring the catalogs up to date; what was translated stays."""
    source = polib.POFile()
    for text, files in collected().items():
        occurrences = [(file, "") for file in files]
        entry = polib.POEntry(msgid=text.text, msgctxt=text.context, occurrences=occurrences)
        if text.plural:
            entry.msgid_plural, entry.msgstr_plural = text.plural, {0: "", 1: ""}
        if "%" in text.text + text.plural:
            entry.flags.append("python-format")
        source.append(entry)
    for path in catalogs():
        catalog = polib.pofile(str(path), wrapwidth=WIDTH)
        known = {_identity(entry): entry for entry in catalog}
        merged = polib.POFile(wrapwidth=WIDTH)
        merged.metadata = catalog.metadata
        merged.extend(_translated(entry, known.get(_identity(entry))) for entry in source)
        merged.save(str(path))
        missing = len(merged.untranslated_entries())
        print(f"{path.relative_to(ROOT)}: {len(merged)} texts, {missing} without a translation")


def compile_all() -> None:
    """Write the catalogs that Django reads beside those that people write; only those that have changed."""
    for path in catalogs():
        made = path.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime < path.stat().st_mtime:
            polib.pofile(str(path)).save_as_mofile(str(made))


def _files(folders: tuple[str, ...], pattern: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob(pattern)) if "migrations" not in path.parts)


def _add(found: dict[Text, list[str]], path: Path, texts: Iterator[Text]) -> None:
    name = str(path.relative_to(ROOT))
    for text in texts:
        files = found.setdefault(text, [])
        if name not in files:
            files.append(name)


def _of_code(path: Path) -> Iterator[Text]:
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called not in _NAMES:
            continue
        values = [value.value if isinstance(value, ast.Constant) else None for value in call.args]
        if values and values[0] is None and called == "_":
            raise ValueError(f"Expected a literal text in '_(…)' in '{path.name}', line {call.lineno}.")
        yield from _text(_NAMES[called], values)


def _of_template(path: Path) -> Iterator[Text]:
    source = path.read_text()
    if "translate" in source or "_(" in source:
        for match in _IN_TEMPLATE.finditer(templatize(source, path.name)):
            strings = [ast.literal_eval(each.group()) for each in re.finditer(_STRING, match.group(2))]
            yield from _text(_NAMES[match.group(1)], strings)


def _text(kind: str, values: list[object]) -> Iterator[Text]:
    def at(place: int | None) -> object:
        return values[place] if place is not None and place < len(values) else None

    context, one, many = (at(place) for place in _CALLS[kind])
    if isinstance(one, str):
        yield Text(one, many if isinstance(many, str) else "", context if isinstance(context, str) else None)


def _identity(entry: polib.POEntry) -> tuple[str, str | None]:
    return entry.msgid, entry.msgctxt


def _translated(entry: polib.POEntry, known: polib.POEntry | None) -> polib.POEntry:
    """A new entry of the same text, with what is known of it."""
    fresh = polib.POEntry(
        **{name: getattr(entry, name) for name in ("msgid", "msgid_plural", "msgctxt", "occurrences")}
    )
    fresh.flags = list(entry.flags)
    fresh.msgstr_plural = dict(entry.msgstr_plural)
    if known is not None:
        fresh.msgstr = known.msgstr if not entry.msgid_plural else ""
        fresh.msgstr_plural = known.msgstr_plural or fresh.msgstr_plural
        fresh.tcomment = known.tcomment
        if not entry.msgid_plural and known.msgstr_plural:
            fresh.msgstr = known.msgstr_plural.get(0, "")
    return fresh


if __name__ == "__main__":
    {"collect": collect, "compile": compile_all}[sys.argv[1]]()
