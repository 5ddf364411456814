"""Files from strangers: what is no model is refused by name, and costs neither time nor memory."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.bpmn.writing import NAMESPACES, messages, problems, process
from workflow.bpmn import model_text, read_model
from workflow.bpmn.parser import MAX_BYTES, MAX_DEPTH, MAX_NODES
from workflow.engine.errors import ModelProblems
from workflow.graph import Semantics

START = '<startEvent id="start"/>'
HEAD = f"<definitions {NAMESPACES}>"
MEGABYTE = 1024 * 1024


def encoded(encoding: str, *, declared: str | None = None) -> bytes:
    text = f'<process id="p" name="Prüfung" isExecutable="true">{START}</process></definitions>'
    return f'<?xml version="1.0" encoding="{declared or encoding}"?>\n{HEAD}{text}'.encode(encoding)


@pytest.mark.parametrize(
    ("content", "line", "expected"),
    [
        (b"", 0, "Expected a BPMN file, found an empty one."),
        (b" \n\t", 0, "Expected a BPMN file, found an empty one."),
        (b"\x89PNG\r\n\x1a\n", 1, "it does not begin with '<'"),
        (b'{"processes": []}', 1, "it does not begin with '<'"),
        (b"<definitions", 1, "unclosed token"),
        (HEAD.encode(), 1, "the file ends too early"),
        (b"<a></b>", 1, "found 'a' without namespace"),
        (f"{HEAD}\n<process></definitions>".encode(), 2, "mismatched tag"),
        (f"{HEAD}</definitions>\n<more/>".encode(), 2, "junk after document element"),
        (f"{HEAD}\n<x:task/></definitions>".encode(), 2, "unbound prefix"),
        (f"{HEAD}\n&company;</definitions>".encode(), 2, "undefined entity"),
        (f"{HEAD}\n\0</definitions>".encode(), 2, "the file contains NUL bytes"),
        (f"{HEAD}\n<process name='ä'/></definitions>".encode("latin-1"), 2, "it is not encoded in UTF-8 (byte 0xe4)"),
        (b"<html><body/></html>", 1, "found 'html' without namespace"),
        (b"<definitions/>", 1, "found 'definitions' without namespace"),
        (
            b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
            1,
            "found 'definitions' of 'https://www.omg.org/spec/DMN/20191111/MODEL/'",
        ),
        (encoded("utf-7"), 1, "found the declaration of 'utf-7'"),
        (b"\xff\xfe<\0a", 0, "Expected text encoded in utf-16-le"),
    ],
)
def test_what_is_not_a_bpmn_file_is_refused_with_the_reason_and_its_line(content, line, expected):
    (problem,) = problems(content)
    assert expected in problem.message
    assert problem.line == line


@pytest.mark.parametrize(
    "document_type",
    [
        "<!DOCTYPE definitions>",
        '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:9/model.dtd">',
        '<!DOCTYPE definitions [<!ENTITY secret SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE definitions [<!ENTITY % remote SYSTEM "http://127.0.0.1:9/x"> %remote;]>',
        '<!DOCTYPE definitions [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    ],
)
def test_document_types_and_their_entities_are_refused(document_type):
    content = f'<?xml version="1.0"?>\n{document_type}\n{HEAD}&c;</definitions>'.encode()
    (problem,) = problems(content)
    assert "'<!DOCTYPE'" in problem.message
    assert problem.line == 2


def test_a_file_may_be_as_large_as_the_limit_but_not_larger():
    model = process(START)
    assert messages(model.ljust(MAX_BYTES)) == []
    (message,) = messages(model.ljust(MAX_BYTES + 1))
    assert message == "Expected a file of at most 10 MB, found 10000001 bytes."


def test_elements_may_be_nested_as_deep_as_the_limit_but_not_deeper():
    def nested(depth: int) -> bytes:
        inner = "<documentation>" * depth + "</documentation>" * depth
        return process(f"{START}\n{inner}")

    assert messages(nested(MAX_DEPTH - 2)) == []
    assert messages(nested(MAX_DEPTH - 1)) == [f"Expected elements nested at most {MAX_DEPTH} deep, found deeper ones."]


@pytest.mark.parametrize("piece", ["<incoming/>", "<incoming a=''/>", "<!---->", "<?a?>", "<![CDATA[]]>"])
def test_whatever_a_tree_is_made_of_counts(piece):
    nodes = 2 if "a=" in piece else 1
    assert messages(process(START + piece * (MAX_NODES // nodes - 100))) == []
    (message,) = messages(process(START + piece * (MAX_NODES // nodes + 1)))
    assert message == f"Expected at most {MAX_NODES} elements, attributes and comments, found more."


def test_one_tag_may_not_be_as_long_as_a_file():
    attribute = "x" * MEGABYTE * 2
    assert messages(process(f"{START}<incoming a='{attribute}'/>")) == [
        "Expected tags of at most 1024 kB, found a longer one."
    ]
    assert messages(process(f"{START}<documentation>{attribute}</documentation>")) == []


def test_a_model_with_too_many_flow_elements_is_refused():
    (message,) = messages(process("".join(f"<task id='t{number}'/>" for number in range(20_001))))
    assert message == "Expected at most 20000 flow nodes and sequence flows, found more."


HOSTILE = {
    "50 MB": (b" " * (50 * MEGABYTE), "Expected a file of at most 10 MB"),
    "10,000 deep": (HEAD.encode() + b"<a>" * 10_000, "nested at most"),
    "billion laughs": (
        b"<!DOCTYPE d [<!ENTITY a0 'ha'>"
        + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 11))
        + b"]>"
        + HEAD.encode()
        + b"&a10;</definitions>",
        "'<!DOCTYPE'",
    ),
    "ten million attributes": (
        HEAD.encode() + b"<a " + b" ".join(b"a%d=''" % n for n in range(900_000)) + b"/></definitions>",
        "Expected tags of at most",
    ),
    "as many nodes as allowed, each with text": (
        process(START + "<incoming/>x" * (MAX_NODES - 100) + "<loop/>"),
        "'loop' is not an element of BPMN.",
    ),
    "attributes up to the limits": (
        process(START + ("<incoming " + " ".join(f"a{n}=''" for n in range(60_000)) + "/>") * 4 + "<loop/>"),
        "'loop' is not an element of BPMN.",
    ),
}
READ_ALONE = """
import re, sys
from workflow.bpmn import read_model
from workflow.engine.errors import ModelProblems
try:
    read_model(open(sys.argv[1], "rb").read(), resource_name="hostile.bpmn", fallback=None, chosen="camunda7")
except ModelProblems as error:
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())  # ru_maxrss would count the parent's memory
    print(int(peak[1]) // 1024, error.problems[0].message)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_within_200_mb(name, tmp_path):
    # given
    content, expected = HOSTILE[name]
    path = tmp_path / "hostile.bpmn"
    path.write_bytes(content)
    # when it is read by a process of its own
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", READ_ALONE, str(path)]
    output = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60).stdout
    # then
    megabytes, _, message = output.partition(" ")
    assert expected in message
    assert int(megabytes) < 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "ISO-8859-15"])
def test_a_model_may_be_encoded_as_xml_files_are(encoding):
    content = encoded(encoding, declared="utf-8" if encoding == "utf-8-sig" else None)
    model = read_model(content, resource_name="model.bpmn", fallback=Semantics.ZEEBE)
    assert model.processes[0].name == "Prüfung"
    assert 'name="Prüfung"' in model_text(content)
    assert read_model(model_text(content).encode(), resource_name="again.bpmn", fallback=Semantics.ZEEBE).processes


def test_the_text_of_a_model_is_kept_whole():
    content = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn by hand -->\n' + process(START).decode()
    assert model_text(content.encode()) == content


def test_damaged_models_are_read_or_refused_but_never_fail_otherwise():
    # given a model with much in it, and a thousand ways to break it
    original = (Path(__file__).parents[3] / "operate/demo/models/loan_application.bpmn").read_bytes()
    dice = random.Random(7)
    outcomes = set()
    for _ in range(400):
        damaged = bytearray(original)
        for _ in range(dice.randint(1, 4)):
            position = dice.randrange(len(damaged))
            length = dice.choice([1, 1, 5, 40, 400])
            damaged[position : position + length] = dice.choice(
                [b"", b"\0", b"<", b'"', b"&", b"id", damaged[position : position + length] * 2, dice.randbytes(3)]
            )
        try:
            read_model(bytes(damaged), resource_name="damaged.bpmn", fallback=None)
            outcomes.add("read")
        except ModelProblems as error:
            assert all(problem.message.strip() for problem in error.problems)
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
