"""XML from strangers, parsed without trusting it.

Every file passes a streaming check first, which builds nothing and stops at the first thing that a model never needs:
a document type (and with it all entities), deep nesting, too many nodes. Only then lxml builds the tree, from the
very same bytes and with entities, network and huge documents switched off. Characters are decoded once, here, so that
both parsers see the same text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.parsers import expat

from lxml import etree

from workflow.elements.reading import BPMN
from workflow.engine.errors import ModelProblems, Problem

MAX_BYTES: Final = 10_000_000
MAX_DEPTH: Final = 100
MAX_NODES: Final = 250_000
"""Elements, attributes, comments and the like together. The tree takes up to 300 bytes for each."""
MAX_MARKUP_BYTES: Final = 1024 * 1024
"""One tag with all its attributes."""

_CHUNK: Final = 256 * 1024
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION: Final = re.compile(r"^<\?xml[^>]*\?>\s*")
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WITHOUT_MARK: Final = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))
_INVALID_TOKEN: Final = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
_NO_ELEMENTS: Final = expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]
_ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "latin1": "iso-8859-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}


class _Refused(Exception):
    """Found during the streaming check."""


def parse(content: bytes) -> etree._Element:
    """Return the `definitions` of a model; raises ModelProblems for what is not a BPMN file, or too much of one."""
    if len(content) > MAX_BYTES:
        raise _problem(f"Expected a file of at most {MAX_BYTES // 1_000_000} MB, found {len(content)} bytes.")
    if not content.strip():
        raise _problem("Expected a BPMN file, found an empty one.")
    text = utf_8(content)
    if not text.lstrip().startswith(b"<"):
        raise _problem("Expected a BPMN file, which is XML, found something else: it does not begin with '<'.", 1)
    _StreamingCheck().run(text)
    return parse_trusted(text)


def parse_trusted(text: bytes) -> etree._Element:
    """Return the root of UTF-8 text that was checked before."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        reason = (error.msg or "syntax error").partition(", line")[0].strip()
        raise _not_xml(reason, error.lineno or 0) from None


def model_text(content: bytes) -> str:
    """The whole text of a model to keep, comments and diagram included; what the declaration says is true of it as UTF-8."""
    text = utf_8(content).decode()
    return text if _encoding(content) == "utf-8" else _DECLARATION.sub("", text, count=1)


def utf_8(content: bytes) -> bytes:
    """The file's text as UTF-8, whatever it was encoded in."""
    encoding = _encoding(content)
    if encoding == "utf-8":
        return content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode(encoding).removeprefix("\N{BYTE ORDER MARK}").encode()
    except UnicodeError as error:
        raise _problem(
            f"Expected text encoded in {encoding} as the file declares, found something else: {error}."
        ) from None


def _encoding(content: bytes) -> str:
    for mark, encoding in (*_BYTE_ORDER_MARKS, *_WITHOUT_MARK):
        if content.startswith(mark):
            return encoding
    declaration = _DECLARED.match(content)
    if declaration is None:
        return "utf-8"
    declared = declaration[1].decode()
    encoding_found = _ENCODINGS.get(declared.lower())
    if encoding_found is None:
        raise _problem(
            f"Expected a file encoded in UTF-8, found the declaration of '{declared}'. Save the model as UTF-8.", 1
        )
    return encoding_found


class _StreamingCheck:
    """Walks the tags of a file and counts, keeping nothing."""

    def __init__(self) -> None:
        self.depth = 0
        self.nodes = 0
        parser = expat.ParserCreate("UTF-8", " ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartNamespaceDeclHandler = self._namespace
        parser.CommentHandler = self._aside
        parser.ProcessingInstructionHandler = self._aside
        parser.StartCdataSectionHandler = self._aside
        parser.StartDoctypeDeclHandler = self._document_type
        self.parser = parser

    def run(self, text: bytes) -> None:
        """Raise ModelProblems for what must not reach the tree."""
        try:
            for start in range(0, len(text), _CHUNK):
                self.parser.Parse(text[start : start + _CHUNK], False)
                if start + _CHUNK - self.parser.CurrentByteIndex > MAX_MARKUP_BYTES + _CHUNK:
                    raise _Refused(f"Expected tags of at most {MAX_MARKUP_BYTES // 1024} kB, found a longer one.")
            self.parser.Parse(b"", True)
        except _Refused as refusal:
            raise _problem(str(refusal), self.parser.CurrentLineNumber) from None
        except expat.ExpatError as error:
            raise _not_xml(_reason(error, text), error.lineno) from None

    def _start(self, name: str, attributes: Sequence[str]) -> None:
        if not self.depth and name != f"{BPMN} definitions":
            raise _Refused(_wrong_root(name))
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused(f"Expected elements nested at most {MAX_DEPTH} deep, found deeper ones.")
        self._count(1 + len(attributes) // 2)

    def _end(self, name: str) -> None:
        self.depth -= 1

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._count(1)

    def _aside(self, *content: str) -> None:
        self._count(1)

    def _count(self, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise _Refused(f"Expected at most {MAX_NODES} elements, attributes and comments, found more.")

    def _document_type(self, name: str, *declaration: object) -> None:
        raise _Refused(
            "Expected a model without document type, found '<!DOCTYPE'. Document types and entities are not allowed; remove them."
        )


def _reason(error: expat.ExpatError, text: bytes) -> str:
    """What is wrong with the text, said better where the parser knows only that it is wrong."""
    if error.code == _INVALID_TOKEN and b"\0" in text:
        return "the file contains NUL bytes"
    if error.code == _INVALID_TOKEN:
        try:
            text.decode()
        except UnicodeDecodeError as wrong:
            return f"it is not encoded in UTF-8 (byte {text[wrong.start]:#04x})"
    if error.code == _NO_ELEMENTS:
        return "the file ends too early"
    return expat.ErrorString(error.code) or "syntax error"


def _wrong_root(name: str) -> str:
    namespace, _, local_name = name.rpartition(" ")
    found = f"'{local_name}' of '{namespace}'" if namespace else f"'{local_name}' without namespace"
    return f"Expected a BPMN model, which is 'definitions' of '{BPMN}', found {found}."


def _not_xml(reason: str, line: int) -> ModelProblems:
    return _problem(f"Expected well-formed XML, found an error: {reason}.", line)


def _problem(message: str, line: int = 0) -> ModelProblems:
    return ModelProblems([Problem(message, "", line)])
