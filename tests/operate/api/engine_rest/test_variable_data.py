"""Bytes and files as variables: uploaded in a form or as base64, fetched as they are."""

from __future__ import annotations

import base64

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from operate.masking.models import MaskedVariable
from tests.operate.api.engine_rest.conftest import ORDER, Api, Refusal
from workflow.models import Variable

CONTENT = b"\x00\xff binary \r\n\x80"


def upload(api, path, content=CONTENT, name="a.bin", kind="application/octet-stream", **fields):
    file = SimpleUploadedFile(name, content, content_type=kind)
    return api.client.post(f"/engine-rest{path}/data", {"data": file, **fields}, format="multipart")


def content(api, path):
    answer = api.send("GET", f"{path}/data")
    assert answer.status_code == 200, answer.content
    return answer


@pytest.fixture
def places(api, order):
    """Every place where a variable is, by what it belongs to."""
    task = api.task(order, "approve")["id"]
    execution = api.get("/variable-instance", processInstanceIdIn=order)[0]["executionId"]
    return {
        "process-instance": f"/process-instance/{order}/variables",
        "execution": f"/execution/{execution}/localVariables",
        "task": f"/task/{task}/variables",
        "local task": f"/task/{task}/localVariables",
    }


@pytest.mark.parametrize("place", ["process-instance", "execution", "task", "local task"])
def test_bytes_come_back_as_they_were_uploaded(api, places, place):
    # given
    path = f"{places[place]}/scan"
    # when
    assert upload(api, path, valueType="Bytes").status_code == 204
    # then
    answer = content(api, path)
    assert (answer.content, answer.headers["Content-Type"]) == (CONTENT, "application/octet-stream")
    assert api.get(path) == {"type": "Bytes", "value": base64.b64encode(CONTENT).decode(), "valueInfo": {}}


def test_a_file_keeps_its_name_type_and_encoding(api, order):
    # given
    path = f"/process-instance/{order}/variables/letter"
    # when
    text = "Grüße".encode("latin-1")
    answer = upload(api, path, text, "größe.txt", "text/plain; charset=latin-1", valueType="File")
    assert answer.status_code == 204, answer.content
    # then
    answer = content(api, path)
    assert answer.content == text
    assert answer.headers["Content-Type"] == "text/plain; charset=latin-1"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.txt"
    shown = {"filename": "größe.txt", "mimeType": "text/plain", "encoding": "latin-1"}
    assert api.get(path) == {"type": "File", "value": None, "valueInfo": shown}
    [row] = api.get("/variable-instance", variableName="letter")
    for resource in ("variable-instance", "history/variable-instance"):
        assert content(api, f"/{resource}/{row['id']}").content == text


def test_files_and_bytes_may_be_set_as_base64(api, order):
    # given
    encoded = base64.b64encode(CONTENT).decode()
    info = {"filename": "a.bin", "mimeType": "image/png"}
    modifications = {
        "file": {"value": encoded, "type": "File", "valueInfo": info},
        "bytes": {"value": encoded, "type": "Bytes"},
    }
    # when
    api.post(f"/process-instance/{order}/variables", {"modifications": modifications, "deletions": ["amount"]})
    # then
    for name in modifications:
        assert content(api, f"/process-instance/{order}/variables/{name}").content == CONTENT
    assert api.get(f"/process-instance/{order}/variables/file")["valueInfo"] == info
    assert set(api.variables(order)) == {"file", "bytes"}


def test_an_object_may_be_uploaded_as_json(api, order):
    path = f"/process-instance/{order}/variables/list"
    assert upload(api, path, b"[1, 2]", kind="application/json", type="java.util.List").status_code == 204
    assert Variable.objects.get(name="list").value == [1, 2]
    assert api.get(path, deserializeValue="true")["type"] == "Object"


def test_what_is_no_file_says_so(api, order):
    path = f"/process-instance/{order}/variables/amount"
    refused = api.refused("GET", f"{path}/data")
    assert (refused.status, "is not a binary value" in refused.message) == (400, True)
    missing = api.refused("GET", f"/process-instance/{order}/variables/none/data")
    assert (missing.status, missing.message) == (404, "process instance variable with name none does not exist")
    for resource in ("variable-instance", "history/variable-instance"):
        assert api.refused("GET", f"/{resource}/17/data").status == 404


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"valueType": "Picture"}, "Expected 'valueType' to be 'Bytes' or 'File', found 'Picture'"),
        ({"type": "java.util.List"}, "Expected JSON as the content of an object"),
    ],
)
def test_uploads_that_cannot_be_are_refused(api, order, fields, reason):
    answer = upload(api, f"/process-instance/{order}/variables/scan", **fields)
    assert answer.status_code == 400
    assert reason in Refusal(answer).message


def test_an_upload_needs_content_and_the_right(api, as_user, order):
    path = f"/process-instance/{order}/variables/scan"
    answer = api.client.post(f"/engine-rest{path}/data", {"valueType": "Bytes"}, format="multipart")
    assert "Expected a form part with name 'data'" in Refusal(answer).message
    plain = api.client.post(f"/engine-rest{path}/data", {"valueType": "File", "data": "text"}, format="multipart")
    assert "to have a file name" in Refusal(plain).message
    assert upload(as_user("stranger"), path).status_code == 404


def test_a_masked_file_is_not_given_to_who_may_not_reveal_it(api, as_user, people, loans):
    # given
    api.deploy(ORDER, tenant_id="loans")
    order = api.post("/process-definition/key/order/tenant-id/loans/start", {})["id"]
    path = f"/process-instance/{order}/variables/scan"
    assert upload(api, path, valueType="File").status_code == 204
    [row] = api.get("/variable-instance", variableName="scan")
    MaskedVariable.objects.create(workspace=loans, process_id="order", pattern="scan")
    # when, then
    places = (path, f"/variable-instance/{row['id']}", f"/history/variable-instance/{row['id']}")
    for place in places:
        assert content(Api(people.admin), place).content == CONTENT
        assert as_user("support").refused("GET", f"{place}/data").status == 400
