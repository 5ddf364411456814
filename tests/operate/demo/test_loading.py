"""The demo is made through the engine, once, and shows every state."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from audit.models import AuditEvent
from operate.alerts.models import Alert
from operate.demo import loading
from operate.demo.loading import SCENARIOS
from operate.demo.people import PEOPLE
from operate.notes.models import Note, NoteKind
from workflow.models import ElementInstance, Incident, ProcessDefinition, ProcessInstance
from workflow.persistence.definitions import executable_process

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_the_demo_shows_every_state_and_every_end_with_everything_on_record(client):
    demo = loading.load(NOW, progress=lambda done, total: None)
    states = Counter(ProcessInstance.objects.values_list("state", "suspended"))
    assert states["ACTIVE", False] > 20
    assert states["COMPLETED", False] > 60
    assert states["CANCELED", False] > 2
    assert states["ACTIVE", True] > 2
    assert {"JOB_NO_RETRIES"} < set(Incident.objects.filter(state="ACTIVE").values_list("error_type", flat=True))
    assert not ProcessInstance.objects.filter(started_at__gt=NOW).exists()
    assert not ElementInstance.objects.filter(ended_at__gt=NOW).exists()
    assert set(demo) >= {"finish", "stay", "fail", "cancel", "hold", "move", "edit"}
    started = set(AuditEvent.objects.filter(event="Start").values_list("process_instance_key", flat=True))
    roots = ProcessInstance.objects.filter(parent_process_instance=None)
    assert started == set(roots.values_list("key", flat=True))
    starts = list(roots.order_by("key").values_list("started_at", flat=True))
    assert starts == sorted(starts)
    for person in PEOPLE:
        assert client.login(username=person.username, password=person.username), person.username
    assert never_reached_ends() == set()
    assert set(Note.objects.values_list("kind", flat=True)) == set(NoteKind.values)
    assert not Note.objects.filter(at__gt=NOW).exists()
    assert Alert.objects.get().owner.username == "lena"


def never_reached_ends() -> set[tuple[str, str]]:
    """End events of the newest versions that no instance has come to."""
    reached = set(
        ElementInstance.objects.filter(element_type="END_EVENT").values_list(
            "process_instance__process_id", "element_id"
        )
    )
    ends = set()
    for definition in ProcessDefinition.objects.filter(is_latest=True):
        process = executable_process(definition.key)
        ends |= {(process.id, node.id) for node in process.elements.values() if node.type == "END_EVENT"}
    return ends - reached


def test_loading_a_second_time_changes_nothing(capsys):
    call_command("load_demo", share=0.02)
    before = ProcessInstance.objects.count()
    call_command("load_demo", share=0.02)
    assert ProcessInstance.objects.count() == before
    assert ProcessInstance.objects.filter(parent_process_instance=None).count() == len(SCENARIOS)
    assert "there already" in capsys.readouterr().out
