"""The list of process instances: its filters, columns, saved filters and figures."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from operate.admin.process_instances import ProcessInstanceAdmin
from operate.batch.models import BatchItem
from operate.batch.running import run_due_jobs
from operate.lists import ListColumns, SavedFilter
from operate.masking.models import MaskedVariable
from tests.operate.admin.conftest import Office
from workflow.graph import Semantics
from workflow.models import Incident, Job, ProcessInstance, UserTask
from workflow.services import cancel_process_instance, complete_user_task, set_variables, suspend_process_instance

INSTANCES = "/workflow/processinstance/"
MOST_STATEMENTS = 15


def listed(client: Client, query: str = "") -> list[int]:
    answer = client.get(INSTANCES + query)
    assert answer.status_code == 200
    return [row.key for row in answer.context["rows"]]


def incident(instance: ProcessInstance, message: str) -> None:
    """An open incident, as the engine writes it."""
    element = instance.element_instances.get(element_id="approve")
    Incident.objects.create(
        key=element.key + 1_000_000,
        process_instance=instance,
        root_process_instance=instance,
        workspace_id=instance.workspace_id,
        definition=instance.definition,
        element_instance=element,
        element_id="approve",
        error_type="JOB_NO_RETRIES",
        message=message,
        state="ACTIVE",
        created_at=instance.started_at,
    )
    ProcessInstance.objects.filter(pk=instance.pk).update(open_incidents=1)


def test_states_are_chosen_one_by_one_and_by_groups(office: Office) -> None:
    failing, suspended, canceled, active = (office.start() for _ in range(4))
    incident(failing, "no route")
    suspend_process_instance(suspended.key)
    cancel_process_instance(canceled.key)
    client = office.of("petra")
    assert listed(client) == [active.key, suspended.key, failing.key]
    assert listed(client, "?state=incidents,canceled") == [canceled.key, failing.key]
    assert listed(client, "?state=incidents&state=canceled") == [canceled.key, failing.key]
    assert listed(client, "?state=finished") == [canceled.key]
    assert listed(client, "?state=active") == [active.key]
    assert listed(client, "?state=nonsense") == listed(client)


def test_variables_are_asked_for_with_one_value_or_several(office: Office) -> None:
    one, two, other = (office.start(variables={"tier": tier}) for tier in ("gold", "silver", None))
    set_variables(other.key, {"amount": 5})
    client = office.of("petra")
    assert listed(client, '?variable=tier&value="gold"') == [one.key]
    assert listed(client, '?variable=tier&value="gold","silver"') == [two.key, one.key]
    assert listed(client, "?variable=tier&value=null") == [other.key]
    assert listed(client, "?variable=amount&value=5") == [other.key]
    for query, told in (
        ("?variable=tier", "Value has to be filled."),
        ("?value=5", "Name has to be filled."),
        ("?variable=tier&value=gold", "texts stand in double quotes"),
    ):
        assert told in client.get(INSTANCES + query).content.decode()


def test_failures_are_found_by_a_part_of_the_message_or_its_beginning(office: Office) -> None:
    one, two = office.start(), office.start()
    incident(one, "No route to host")
    incident(two, "Found no ROUTE")
    client = office.of("petra")
    assert listed(client, "?error=route") == [two.key, one.key]
    assert listed(client, '?error="No route"') == [one.key]


def test_failed_jobs_with_retries_left(office: Office) -> None:
    one, _other = office.start(), office.start()
    element = one.element_instances.get(element_id="approve")
    Job.objects.create(
        key=element.key + 1_000_000,
        process_instance=one,
        root_process_instance=one,
        workspace_id=one.workspace_id,
        definition=one.definition,
        element_instance=element,
        element_id="approve",
        kind="EXTERNAL",
        type="charge",
        state="FAILED",
        retries=2,
        created_at=one.started_at,
    )
    assert listed(office.of("petra"), "?retrying=on") == [one.key]


def test_an_element_finds_who_stands_there_and_who_has_been_there(office: Office) -> None:
    running, ended = office.start(), office.start()
    cancel_process_instance(ended.key)
    client = office.of("petra")
    assert listed(client, "?element=approve") == [running.key]
    assert listed(client, "?element=approve&state=canceled") == [ended.key]
    assert listed(client, "?element=approve&state=all") == [ended.key, running.key]
    assert listed(client, "?element=pack&state=all") == []


def test_what_a_batch_has_handled_is_found_and_left_out(office: Office) -> None:
    keys = [office.start().key for _ in range(3)]
    client = office.of("petra")
    client.post("/operate/batch/new/", {"operation": "suspend", "key": keys[:2], "confirmed": "1"})
    run_due_jobs()
    batch = BatchItem.objects.values_list("batch_key", flat=True)[0]
    assert listed(client, f"?batch={batch}") == [keys[1], keys[0]]
    assert listed(client, f"?not_batch={batch}") == [keys[2]]
    assert "Expected the key of a batch" in client.get(f"{INSTANCES}?batch=x").content.decode()


def test_the_end_narrows_by_days(office: Office) -> None:
    ended = office.start()
    cancel_process_instance(ended.key)
    client = office.of("petra")
    assert listed(client, "?state=all&ended_from=2000-01-01") == [ended.key]
    assert listed(client, "?state=all&ended_to=2000-01-01") == []


def test_what_is_asked_for_by_its_end_comes_last_ended_first_page_by_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessInstanceAdmin, "page_size", 2)
    keys = [office.start().key for _ in range(5)]
    by_end = [keys[place] for place in (3, 0, 4, 1, 2)]
    for key in reversed(by_end):
        cancel_process_instance(key)
    client = office.of("petra")
    asked = "?state=finished&ended_from=2000-01-01"
    assert listed(client, asked) == by_end[:2]
    older = client.get(INSTANCES + asked).context["slice"].older
    assert listed(client, older) == by_end[2:4]
    oldest = client.get(INSTANCES + older).context["slice"].older
    assert listed(client, oldest) == by_end[4:]
    newer = client.get(INSTANCES + oldest).context["slice"].newer
    assert listed(client, newer) == by_end[2:4]
    assert listed(client, f"?state=finished&started_to=2100-01-01&before={keys[2]}") == sorted(keys, reverse=True)[:2]


def test_a_business_key_is_found_whole_or_by_its_beginning(office: Office) -> None:
    keys = {text: office.start(business_key=text).key for text in ("A-1", "A-12", "a-1", "A_12", "*")}
    client = office.of("petra")
    assert listed(client, "?business_key=A-1") == [keys["A-1"]]
    assert listed(client, "?business_key=A-*") == [keys["A-12"], keys["A-1"]]
    assert listed(client, "?business_key=A_*") == [keys["A_12"]]
    assert listed(client, "?business_key=*") == [keys["*"]]
    assert listed(client, "?business_key=A-*&state=finished") == []


def test_a_version_is_offered_only_of_a_chosen_process(office: Office) -> None:
    office.start()
    client = office.of("petra")
    assert "Choose a process first." in client.get(INSTANCES).content.decode()
    chosen = client.get(f"{INSTANCES}?process=delivery_camunda7").context["filters"]
    assert [value for value, _label in chosen.fields["version"].choices] == ["", "1"]


def test_columns_are_chosen_and_remembered(office: Office) -> None:
    office.start(business_key="B-1")
    client = office.of("petra")
    client.post(f"{INSTANCES}columns/", {"column": ["duration", "semantics", "nonsense"]})
    page = client.get(INSTANCES)
    assert page.context["columns"] == ("duration", "semantics")
    assert "B-1" not in page.content.decode()
    assert office.of("sam").get(INSTANCES).context["columns"] != ("duration", "semantics")
    client.post(f"{INSTANCES}columns/", {"usual": "1"})
    assert not ListColumns.objects.exists()


def test_a_filter_is_saved_for_oneself_or_shared(office: Office) -> None:
    client, colleague, stranger = office.of("petra"), office.of("sam"), office.of("paul")
    client.post(f"{INSTANCES}filters/", {"name": "mine", "query": "state=canceled"})
    client.post(f"{INSTANCES}filters/", {"name": "ours", "query": "state=all", "share": "shop"})
    client.post(f"{INSTANCES}filters/", {"name": "theirs", "query": "state=all", "share": "bank"})

    def names(of: Client) -> list[str]:
        return [each.name for each in of.get(INSTANCES).context["saved"]]

    assert names(client) == ["mine", "ours", "theirs"]
    assert names(colleague) == ["ours"]
    assert names(stranger) == []
    assert SavedFilter.objects.get(name="theirs").workspace is None  # not shared where one sees nothing
    assert SavedFilter.history.count() == 3


def test_a_shared_filter_is_removed_by_its_owner_or_an_administrator(office: Office) -> None:
    office.of("petra").post(f"{INSTANCES}filters/", {"name": "ours", "query": "state=all", "share": "shop"})
    key = SavedFilter.objects.get().pk
    refused = office.of("sam").post(f"{INSTANCES}filters/", {"forget": key}, follow=True).content.decode()
    assert "only its owner or an administrator" in refused
    office.of("paul").post(f"{INSTANCES}filters/", {"forget": key})
    assert SavedFilter.objects.exists()
    office.of("stella").post(f"{INSTANCES}filters/", {"forget": key})
    assert not SavedFilter.objects.exists()


def test_figures_count_what_the_filters_find_whatever_the_element(office: Office) -> None:
    first, second, ended = (office.start() for _ in range(3))
    cancel_process_instance(ended.key)
    complete_user_task(UserTask.objects.get(process_instance=first.key).key)
    incident(second, "no route")
    client = office.of("petra")
    found = client.get(f"{INSTANCES}figures/?process=delivery_camunda7&element=pack").json()
    assert (found["total"], found["isCut"]) == (2, False)
    assert found["elements"]["approve"] == {"active": 1, "completed": 1, "canceled": 0, "incidents": 1}
    assert found["elements"]["pack"]["active"] == 1
    found = client.get(f"{INSTANCES}figures/?process=delivery_camunda7&state=canceled").json()
    assert found["elements"]["approve"]["canceled"] == 1
    assert office.of("paul").get(f"{INSTANCES}figures/").json()["elements"] == {}


def test_figures_of_too_many_say_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operate.admin.instance_list.MAX_FIGURES", 2)
    for _ in range(3):
        office.start()
    found = office.of("petra").get(f"{INSTANCES}figures/").json()
    assert (found["total"], found["isCut"]) == (2, True)
    assert found["elements"]["approve"]["active"] == 2


def test_all_matching_are_counted_when_asked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        office.start()
    client = office.of("petra")
    assert client.get(f"{INSTANCES}count/").json() == {"count": 3, "isMore": False}
    monkeypatch.setattr("operate.admin.instance_list.MAX_COUNTED", 2)
    assert client.get(f"{INSTANCES}count/").json() == {"count": 2, "isMore": True}
    assert client.get(f"{INSTANCES}count/?state=canceled").json() == {"count": 0, "isMore": False}


def test_the_list_takes_few_statements_with_everything_on_it(office: Office) -> None:
    for number in range(5):
        office.start(Semantics.CAMUNDA_7, business_key=f"B-{number}")
    client = office.of("petra")
    client.post(f"{INSTANCES}filters/", {"name": "ours", "query": "state=all", "share": "shop"})
    client.post(f"{INSTANCES}columns/", {"column": ["elements", "error", "parent", "duration"]})
    query = "?process=delivery_camunda7&version=1&element=approve&error=x&batch=1"
    client.get(INSTANCES + query)
    with CaptureQueriesContext(connection) as captured:
        client.get(INSTANCES + query)
    assert len(captured) < MOST_STATEMENTS


def test_what_is_masked_is_not_guessed_by_its_value(office: Office) -> None:
    instance = office.start(Semantics.CAMUNDA_7)
    set_variables(instance.key, {"card": 4111})
    client = office.of("stella")
    assert listed(client, "?variable=card&value=4111") == [instance.key]
    MaskedVariable.objects.create(workspace=office.shop, process_id=instance.process_id, pattern="card")
    assert listed(client, "?variable=card&value=4111") == []
