"""A dry run of a command that reaches several: each sees what the ones before have done, and nothing of it stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.models import HEAD, PLATFORMS, deploy
from workflow import services
from workflow.graph import Semantics
from workflow.models import BufferedMessage, ProcessInstance, Workspace
from workflow.services import Context, MessageCorrelation

pytestmark = pytest.mark.django_db

TWICE = (
    HEAD.format(platform=PLATFORMS[Semantics.CAMUNDA_7], id="twice", messages="<message id='m' name='paid'/>")
    + "<startEvent id='start'/><parallelGateway id='fork'/><receiveTask id='a' messageRef='m'/>"
    "<receiveTask id='b' messageRef='m'/>"
    "<sequenceFlow id='f1' sourceRef='start' targetRef='fork'/><sequenceFlow id='f2' sourceRef='fork' targetRef='a'/>"
    "<sequenceFlow id='f3' sourceRef='fork' targetRef='b'/></process></definitions>"
)


def test_a_message_for_all_ends_an_instance_that_waits_for_it_twice_in_a_dry_run_too():
    key = services.start_process_instance(deploy(TWICE).key).process_instance_key
    # when
    told = services.correlate_message(MessageCorrelation("paid", all=True), context=Context(dry_run=True))
    # then
    assert [each.outcome.state for each in told] == ["ACTIVE", "COMPLETED"]
    assert ProcessInstance.objects.get(pk=key).state == "ACTIVE"
    # and
    done = services.correlate_message(MessageCorrelation("paid", all=True))
    assert [each.outcome.state for each in done] == ["ACTIVE", "COMPLETED"]
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


def test_a_message_that_is_published_in_a_dry_run_is_not_kept():

    workspace = Workspace.objects.get(slug="<default>")
    for dry_run, kept in ((True, 0), (False, 1)):
        services.publish_message(
            "paid",
            workspace_id=workspace.pk,
            correlation_key="A",
            time_to_live=timedelta(hours=1),
            context=Context(dry_run=dry_run),
        )
        assert BufferedMessage.objects.count() == kept
