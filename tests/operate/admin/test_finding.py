"""The search: one hit is opened, several are listed, and nothing is told of what one may not see."""

from __future__ import annotations

from tests.operate.admin.conftest import Office
from workflow.models import ProcessDataPath, ProcessDataValue, ProcessInstance, UserTask

FIND = "/workflow/processinstance/find/"
SUGGEST = "/workflow/processinstance/suggest/"
INSTANCES = "/workflow/processinstance/"


def goal(office: Office, name: str, text: str) -> str:
    return office.of(name).get(FIND, {"q": text}).headers["Location"]


def suggested(office: Office, name: str, text: str) -> list[str]:
    return [hit["url"] for hit in office.of(name).get(SUGGEST, {"q": text}).json()["hits"]]


def searchable(instance: ProcessInstance, path: str, text: str) -> None:
    """A value as the engine writes it for a configured path."""
    ProcessDataPath.objects.get_or_create(
        workspace_id=instance.workspace_id, process_id=instance.process_id, path=path, defaults={"type": "TEXT"}
    )
    ProcessDataValue.objects.create(
        process_instance=instance,
        root_process_instance=instance,
        workspace_id=instance.workspace_id,
        process_id=instance.process_id,
        path=path,
        position=0,
        text=text,
    )


def test_one_hit_is_opened_whatever_it_is(office: Office) -> None:
    instance = office.start(business_key="ORD-7")
    task = UserTask.objects.get(process_instance=instance.key)
    assert goal(office, "sam", "ORD-7") == f"{INSTANCES}{instance.key}/"
    assert goal(office, "sam", str(instance.key)) == f"{INSTANCES}{instance.key}/"
    assert goal(office, "sam", str(task.key)) == f"/workflow/usertask/{task.key}/"
    assert (
        goal(office, "sam", str(instance.definition_key)) == f"/workflow/processdefinition/{instance.definition_key}/"
    )


def test_several_are_listed(office: Office) -> None:
    keys = [office.start(business_key="ORD-7").key for _ in range(2)]
    assert goal(office, "sam", "ORD-7") == f"{INSTANCES}?business_key=ORD-7"
    assert suggested(office, "sam", "ORD-7") == [f"{INSTANCES}{key}/" for key in reversed(keys)]


def test_searchable_data_is_found(office: Office) -> None:
    one, other = office.start(), office.start()
    searchable(one, "customer.email", "ann@example.com")
    assert goal(office, "sam", "ann@example.com") == f"{INSTANCES}{one.key}/"
    searchable(other, "customer.email", "ann@example.com")
    assert goal(office, "sam", "ann@example.com") == f"{INSTANCES}?key={other.key}%2C{one.key}"
    hints = office.of("sam").get(SUGGEST, {"q": "ann@example.com"}).json()["hits"]
    assert "customer.email: ann@example.com" in hints[0]["hint"]


def test_other_workspaces_are_not_told_of(office: Office) -> None:
    instance = office.start(business_key="ORD-7")
    searchable(instance, "customer.email", "ann@example.com")
    for text in ("ORD-7", "ann@example.com", str(instance.key), "Delivery"):
        assert suggested(office, "paul", text) == []
    assert goal(office, "paul", "ORD-7") == f"{INSTANCES}?business_key=ORD-7"


def test_definitions_are_suggested_by_name_and_do_not_keep_a_single_hit_from_being_opened(office: Office) -> None:
    instance = office.start(business_key="Delivery")
    assert suggested(office, "sam", "delivery") == [f"/workflow/processdefinition/{instance.definition_key}/"]
    assert goal(office, "sam", "Delivery") == f"{INSTANCES}{instance.key}/"


def test_nonsense_finds_nothing(office: Office) -> None:
    office.start()
    for text in ("", "\x00", "9" * 30, "1e999", "NaN", "%", "a" * 5_000):
        assert office.of("sam").get(SUGGEST, {"q": text}).json() == {"hits": []}
        assert office.of("sam").get(FIND, {"q": text}).status_code == 302
