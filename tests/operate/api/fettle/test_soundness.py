"""Warnings of plans over the API: told in a dry run, refused until accepted, kept in the audit event."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, Channel
from operate.batch.plans import Modify, read_plan
from tests.support.models import HEAD, PLATFORMS, deploy
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance
from workflow.modification import CancelAll, TerminateAll
from workflow.soundness import Acceptance, NotAccepted, distinct
from workflow.soundness.judging import judge_change

pytestmark = pytest.mark.django_db

FORK = """<startEvent id='start'/><parallelGateway id='fork'/><userTask id='a'/><userTask id='b'/><parallelGateway id='join'/>
<endEvent id='end'/>
<sequenceFlow id='f1' sourceRef='start' targetRef='fork'/><sequenceFlow id='f2' sourceRef='fork' targetRef='a'/>
<sequenceFlow id='f3' sourceRef='fork' targetRef='b'/><sequenceFlow id='f4' sourceRef='a' targetRef='join'/>
<sequenceFlow id='f5' sourceRef='b' targetRef='join'/><sequenceFlow id='f6' sourceRef='join' targetRef='end'/>"""
ACCEPTED = {"code": "join_never_fires", "elements": ["a", "join"]}


@pytest.fixture(params=list(Semantics))
def forked(request) -> services.Outcome:
    head = HEAD.format(platform=PLATFORMS[request.param], id="forked", messages="")
    return services.start_process_instance(deploy(f"{head}{FORK}</process></definitions>").key)


def cancel_a(forked: services.Outcome) -> list[dict[str, object]]:
    kind = "cancel_all" if is_camunda7() else "terminate_all"
    return [{"type": kind, "element_id": "a"}]


def path(forked: services.Outcome, what: str = "") -> str:
    return f"process-instances/{forked.process_instance_key}/modification{what}"


def test_a_dry_run_tells_what_is_wrong_and_how_to_put_it_right(api, forked):
    told = api(path(forked, "/dry-run"), {"instructions": cancel_a(forked)})
    # then
    [red] = [each for each in told["warnings"] if each["severity"] == "red"]
    assert (red["code"], red["elements"], red["instructions"]) == ("join_never_fires", ["join", "a"], [0])
    assert "'join' never fires: it lacks a token from 'a'" in red["reason"]
    assert told["warnings_complete"]
    # and the fix is an instruction that can be appended to the plan
    fix = next(fix for fix in red["fixes"] if fix["kind"] == "activate")
    mended = api(path(forked, "/dry-run"), {"instructions": [*cancel_a(forked), *fix["add"]]})
    assert "red" not in [each["severity"] for each in mended["warnings"]]


def test_a_plan_that_does_harm_is_refused_until_that_is_accepted(api, forked):
    refusal = api(path(forked), {"instructions": cancel_a(forked)}, status=409)
    # then nothing has changed, and it is told why
    assert [each["code"] for each in refusal["warnings"]] == ["join_never_fires"]
    assert ElementInstance.objects.filter(state="ACTIVE", element_id="a").exists()
    assert AuditEvent.objects.get().result == "REFUSED"
    # when it is accepted
    api(path(forked), {"instructions": cancel_a(forked), "accepted_warnings": [ACCEPTED]})
    # then the audit event tells who has taken the risk
    [event] = AuditEvent.objects.exclude(result="REFUSED")
    [accepted] = event.body["accepted_warnings"]
    assert (accepted["code"], accepted["elements"]) == ("join_never_fires", ["join", "a"])
    assert not ElementInstance.objects.filter(state="ACTIVE", element_id="a").exists()


def test_accepting_another_warning_is_not_enough(api, forked):
    other = [{"code": "join_never_fires", "elements": ["join", "b"]}]
    api(path(forked), {"instructions": cancel_a(forked), "accepted_warnings": other}, status=409)


def test_a_plan_for_many_is_judged_once_for_all_that_stand_alike(api, forked, monkeypatch):
    definition = ProcessInstance.objects.get().definition_key
    keys = [
        forked.process_instance_key,
        *(services.start_process_instance(definition).process_instance_key for _ in "12"),
    ]
    plan = cancel_a(forked)
    asked = []
    monkeypatch.setattr(
        distinct, "judge_change", lambda *given, **terms: asked.append(1) or judge_change(*given, **terms)
    )
    # when
    told = api("dry-run", {"command": "modify", "keys": [str(key) for key in keys], "instructions": plan})
    # then
    assert len(asked) == 1
    [red] = [each for each in told["warnings"] if each["severity"] == "red"]
    assert (red["code"], red["count"]) == ("join_never_fires", 3)
    assert red["process_instance_keys"] == [str(key) for key in sorted(keys)]
    assert [one["warnings"][0]["code"] for one in told["instances"]] == ["join_never_fires"] * 3
    assert told["refused"] == 0


def test_instances_of_a_batch_are_refused_for_what_was_not_accepted(forked):
    instructions = (CancelAll("a") if is_camunda7() else TerminateAll("a"),)
    user = get_user_model().objects.create_superuser("root")

    def run(accepted: tuple[Acceptance, ...] | None) -> object:
        plan = read_plan("MODIFY", Modify(instructions, accepted=accepted).to_json())
        return plan.run(lambda kind: kind(user, channel=Channel.BATCH), forked.process_instance_key)

    with pytest.raises(NotAccepted, match="never fires"):
        run(())
    run((Acceptance("join_never_fires", ("join", "a")),))
    assert not ElementInstance.objects.filter(state="ACTIVE", element_id="a").exists()


def is_camunda7() -> bool:
    return ProcessInstance.objects.earliest("key").definition.semantics == Semantics.CAMUNDA_7.value
