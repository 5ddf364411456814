"""Versions of a model compared, and process instances begun at certain elements."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from operate.admin.definitions.comparing import compare
from tests.operate.admin.conftest import PLATFORMS, SUB_PROCESS, Office
from tests.operate.admin.test_wizards import active, newer
from workflow.graph import Semantics
from workflow.models import ProcessInstance

BOTH = pytest.mark.parametrize("semantics", Semantics)
BEFORE = SUB_PROCESS.format(platform=PLATFORMS[Semantics.CAMUNDA_7], id="order", user_task="")


def told(after: str) -> list[tuple[str, str, list[str]]]:
    return [(each.kind, each.id, each.details) for each in compare(BEFORE, after)]


def test_the_same_model_laid_out_otherwise_is_the_same() -> None:
    assert (
        told(
            BEFORE.replace("><", ">\n   <").replace(
                '    <userTask id="pack" name="Pack">', '<userTask name="Pack" id="pack">'
            )
        )
        == []
    )


def test_what_was_added_removed_and_changed_is_told() -> None:
    after = BEFORE.replace('name="Approve"', 'name="Examine" camunda:assignee="ann"').replace('"send"', '"ship"')
    assert told(after) == [
        ("removed", "send", []),
        ("changed", "approve", ["name: “Approve” → “Examine”", "assignee: none → “ann”"]),
        ("added", "ship", []),
        ("changed", "f4", ["targetRef: “send” → “ship”"]),
    ]


def test_what_stands_inside_an_element_counts() -> None:
    inside = "<documentation>Look twice</documentation>"
    after = BEFORE.replace('name="Approve">', f'name="Approve">{inside}')
    assert told(after) == [("changed", "approve", ["documentation: added"])]


def test_the_page_compares_with_the_version_before(office: Office) -> None:
    office.start()
    after = newer(office)
    client = office.of("sam")
    page = client.get(f"/workflow/processdefinition/{after.key}/compare/")
    assert [(each.kind, each.id) for each in page.context["differences"]][:2] == [
        ("removed", "approve"),
        ("added", "examine"),
    ]
    assert page.context["other"].version == 1
    assert office.of("paul").get(f"/workflow/processdefinition/{after.key}/compare/").status_code == 404


def test_one_version_alone_has_nothing_to_be_compared_with(office: Office) -> None:
    key = office.deploy(Semantics.ZEEBE).key
    assert "one version only" in office.of("sam").get(f"/workflow/processdefinition/{key}/compare/").content.decode()


@BOTH
def test_a_process_instance_begins_at_chosen_elements(office: Office, semantics: Semantics) -> None:
    key = office.deploy(semantics).key
    client = office.of("petra")
    assert "pack" in [each["id"] for each in client.get(f"/workflow/processdefinition/{key}/").context["startable"]]
    sent = {"variables": "{}", "element": ["pack", "approve"]}
    client.post(f"/workflow/processdefinition/{key}/start/", sent)
    assert active(ProcessInstance.objects.get().key) == ["approve", "pack"]


def test_an_element_that_is_not_there_is_refused(office: Office) -> None:
    key = office.deploy(Semantics.CAMUNDA_7).key
    answer = office.of("petra").post(
        f"/workflow/processdefinition/{key}/start/", {"variables": "{}", "element": ["nowhere"]}
    )
    assert answer.status_code == 400
    assert "found &#x27;nowhere&#x27;" in answer.content.decode()
    assert not ProcessInstance.objects.exists()


def test_what_is_wrong_with_a_file_is_told_before_it_is_deployed(office: Office) -> None:
    broken = BEFORE.replace('targetRef="approve"', 'targetRef="nowhere"')
    client = office.of("stella")
    detect = "/workflow/processdefinition/detect/"
    found = client.post(detect, {"file": SimpleUploadedFile("x.bpmn", broken.encode())}).json()
    assert found["semantics"] == "camunda7"
    assert "f1" in [each["element"] for each in found["problems"]]
    assert all(each["line"] and each["message"] for each in found["problems"])
    assert client.post(detect, {"file": SimpleUploadedFile("x.bpmn", BEFORE.encode())}).json()["problems"] == []
    found = client.post(detect, {"file": SimpleUploadedFile("x.bpmn", b"<x")}).json()
    assert (found["semantics"], len(found["problems"])) == ("", 1)
    assert office.of("sam").post(detect, {"file": SimpleUploadedFile("x.bpmn", b"<x")}).status_code == 403
