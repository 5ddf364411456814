"""Whose semantics a model follows."""

from __future__ import annotations

import pytest

from tests.workflow.bpmn.writing import definitions
from workflow.bpmn import detect_semantics, read_model
from workflow.engine.errors import ModelProblems
from workflow.graph import Semantics

PLAIN = "<process id='p' isExecutable='true'><startEvent id='start'/>{}</process>"
CAMUNDA_TASK = "<userTask id='task' camunda:assignee='anna'/>"
ZEEBE_TASK = "<userTask id='task'><extensionElements><zeebe:userTask/></extensionElements></userTask>"


def model(task: str = "", platform: str | None = None) -> bytes:
    return definitions(PLAIN.format(task), f"modeler:executionPlatform='{platform}'" if platform else "")


@pytest.mark.parametrize(
    ("content", "fallback", "semantics", "reason"),
    [
        (model(platform="Camunda Platform"), None, Semantics.CAMUNDA_7, "its execution platform is 'Camunda Platform'"),
        (model(platform="Camunda Cloud"), None, Semantics.ZEEBE, "its execution platform is 'Camunda Cloud'"),
        (
            model(CAMUNDA_TASK, platform="Camunda Cloud"),
            Semantics.CAMUNDA_7,
            Semantics.ZEEBE,
            "its execution platform is 'Camunda Cloud'",
        ),
        (model(CAMUNDA_TASK), Semantics.ZEEBE, Semantics.CAMUNDA_7, "it uses the camunda: vocabulary"),
        (model(CAMUNDA_TASK, platform="Elsewhere"), None, Semantics.CAMUNDA_7, "it uses the camunda: vocabulary"),
        (model(ZEEBE_TASK), Semantics.CAMUNDA_7, Semantics.ZEEBE, "it uses the zeebe: vocabulary"),
        (
            model(),
            Semantics.CAMUNDA_7,
            Semantics.CAMUNDA_7,
            "of the API it came through; the model itself does not tell",
        ),
        (model(), Semantics.ZEEBE, Semantics.ZEEBE, "of the API it came through; the model itself does not tell"),
        (model(), None, None, "the model does not tell"),
    ],
)
def test_the_platform_tells_before_the_vocabulary_and_that_before_the_api(content, fallback, semantics, reason):
    detection = detect_semantics(content, fallback=fallback)
    assert (detection.semantics, detection.reason, detection.is_ambiguous) == (semantics, reason, False)


@pytest.mark.parametrize("namespace", ["http://activiti.org/bpmn", "http://operaton.org/schema/1.0/bpmn"])
def test_the_vocabularies_of_camunda_7s_relatives_are_its_own(namespace):
    content = model(CAMUNDA_TASK).replace(b"http://camunda.org/schema/1.0/bpmn", namespace.encode())
    assert detect_semantics(content, fallback=None).semantics is Semantics.CAMUNDA_7
    (process,) = read_model(content, resource_name="model.bpmn", fallback=None).processes
    assert process.elements["task"].details.assignee.source == "anna"


def test_a_model_that_uses_both_vocabularies_is_refused_unless_somebody_chooses():
    content = definitions(
        PLAIN.format(
            "<userTask id='task' camunda:assignee='anna'><extensionElements><zeebe:userTask/>"
            "</extensionElements></userTask>"
        ),
        "modeler:executionPlatform='Camunda Cloud'",
    )
    assert detect_semantics(content, fallback=None).is_ambiguous
    with pytest.raises(ModelProblems, match="found both camunda: and zeebe:"):
        read_model(content, resource_name="model.bpmn", fallback=Semantics.ZEEBE)

    for chosen, assignee, ignored in ((Semantics.CAMUNDA_7, "anna", "zeebe:"), (Semantics.ZEEBE, None, "camunda:")):
        parsed = read_model(content, resource_name="model.bpmn", fallback=None, chosen=chosen)
        details = parsed.processes[0].elements["task"].details
        assert (details.assignee.source if details.assignee else None) == assignee
        assert f"The {ignored} extensions have no effect" in parsed.warnings[0].message


def test_a_choice_overrules_what_the_model_says():
    parsed = read_model(model(platform="Camunda Cloud"), resource_name="m", fallback=None, chosen=Semantics.CAMUNDA_7)
    assert parsed.semantics is Semantics.CAMUNDA_7
    assert parsed.detected_from == "chosen when it was deployed"


def test_without_any_sign_and_without_api_the_model_is_refused():
    with pytest.raises(ModelProblems, match="nothing in it tells. Choose one"):
        read_model(model(), resource_name="model.bpmn", fallback=None)
