"""Models with everything that a process instance can wait for, and none of them drawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.operate.admin.conftest import PLATFORMS, USER_TASKS, Office
from workflow.graph import Semantics
from workflow.models import Job, ProcessInstance
from workflow.services import Resource, deploy, fail_job, publish_message, start_process_instance

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="shop" modeler:executionPlatform="{platform}">
"""
WAITING = (
    HEAD
    + """
  <message id="m1" name="paid" /><message id="m2" name="stop" /><signal id="s1" name="alarm" />
  <process id="waiting" name="Waiting" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f0" sourceRef="start" targetRef="fork" />
    <parallelGateway id="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="approve" />
    <sequenceFlow id="f2" sourceRef="fork" targetRef="items" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="ship" />
    <sequenceFlow id="f4" sourceRef="fork" targetRef="gate" />
    <sequenceFlow id="f5" sourceRef="fork" targetRef="later" />
    <sequenceFlow id="f6" sourceRef="fork" targetRef="ready" />
    <sequenceFlow id="f7" sourceRef="fork" targetRef="book" />
    <userTask id="approve" name="Approve" />
    <boundaryEvent id="late" name="Late" attachedToRef="approve" cancelActivity="false">
      <timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition></boundaryEvent>
    <sequenceFlow id="l1" sourceRef="late" targetRef="remind" /><userTask id="remind" name="Remind" />
    <boundaryEvent id="never" name="Never" attachedToRef="approve">
      <timerEventDefinition><timeDuration>P9D</timeDuration></timerEventDefinition></boundaryEvent>
    <userTask id="items" name="Check item">
      <multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></userTask>
    <callActivity id="ship" name="Ship" calledElement="shipping" />
    <eventBasedGateway id="gate" />
    <sequenceFlow id="g1" sourceRef="gate" targetRef="paid" /><sequenceFlow id="g2" sourceRef="gate" targetRef="alarm" />
    <intermediateCatchEvent id="paid" name="Paid"><messageEventDefinition messageRef="m1" /></intermediateCatchEvent>
    <intermediateCatchEvent id="alarm" name="Alarm"><signalEventDefinition signalRef="s1" /></intermediateCatchEvent>
    <serviceTask id="later" name="Later" camunda:asyncBefore="true" camunda:expression="${{missing.thing}}" />
    <intermediateCatchEvent id="ready" name="Ready"><conditionalEventDefinition>
      <condition xsi:type="tFormalExpression">${{isReady}}</condition></conditionalEventDefinition></intermediateCatchEvent>
    <userTask id="book" name="Book" />
    <boundaryEvent id="undo" attachedToRef="book"><compensateEventDefinition /></boundaryEvent>
    <userTask id="cancelBooking" name="Cancel booking" isForCompensation="true" />
    <association id="a1" sourceRef="undo" targetRef="cancelBooking" associationDirection="One" />
    <subProcess id="stopping" name="Stopping" triggeredByEvent="true">
      <startEvent id="stopped" name="Stop"><messageEventDefinition messageRef="m2" /></startEvent>
      <sequenceFlow id="st1" sourceRef="stopped" targetRef="tidy" /><userTask id="tidy" name="Tidy up" />
    </subProcess>
  </process>
  <process id="shipping" name="Shipping" isExecutable="true">
    <startEvent id="begin" /><sequenceFlow id="c1" sourceRef="begin" targetRef="pack" /><userTask id="pack" name="Pack" />
  </process>
</definitions>
"""
)
EACH = (
    HEAD
    + """
  <process id="each" name="Each" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f0" sourceRef="start" targetRef="fork" />
    <parallelGateway id="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="items" /><sequenceFlow id="f2" sourceRef="fork" targetRef="parcel" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="join" /><sequenceFlow id="f4" sourceRef="items" targetRef="join" />
    <parallelGateway id="join" name="All in" />
    <userTask id="items" name="Check item">{user_task}<multiInstanceLoopCharacteristics>{loop}</multiInstanceLoopCharacteristics>
    </userTask>
    <subProcess id="parcel" name="Parcel"><multiInstanceLoopCharacteristics>{loop}</multiInstanceLoopCharacteristics>
      <startEvent id="begin" /><sequenceFlow id="p1" sourceRef="begin" targetRef="pack" />
      <userTask id="pack" name="Pack">{user_task}</userTask>
      <sequenceFlow id="p2" sourceRef="pack" targetRef="send" /><userTask id="send" name="Send">{user_task}</userTask>
    </subProcess>
  </process>
</definitions>
"""
)
LOOPS = {
    Semantics.CAMUNDA_7: "<loopCardinality>2</loopCardinality>",
    Semantics.ZEEBE: '<extensionElements><zeebe:loopCharacteristics inputCollection="=[1,2]" /></extensionElements>',
}


def started(office: Office, xml: str, process_id: str, **options: Any) -> ProcessInstance:
    """An instance of one process of a model."""
    deployed = deploy([Resource("world.bpmn", xml.encode())], workspace_id=office.shop.pk).definitions
    definition = next(each for each in deployed if each.process_id == process_id)
    return ProcessInstance.objects.get(pk=start_process_instance(definition.key, **options).process_instance_key)


def waiting(office: Office) -> ProcessInstance:
    """A process instance that waits for everything (Camunda 7)."""
    xml = WAITING.format(platform=PLATFORMS[Semantics.CAMUNDA_7])
    return started(office, xml, "waiting", variables={"isReady": False})


def each(office: Office, semantics: Semantics) -> ProcessInstance:
    """A multi-instance task, a multi-instance sub-process, and a join that waits for the task."""
    xml = EACH.format(platform=PLATFORMS[semantics], user_task=USER_TASKS[semantics], loop=LOOPS[semantics])
    return started(office, xml, "each")


CALLER = (
    HEAD
    + """
  <message id="m1" name="paid"><extensionElements><zeebe:subscription correlationKey="=&quot;A1&quot;" /></extensionElements>
  </message>
  <process id="outer" name="Outer" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f0" sourceRef="start" targetRef="fork" /><parallelGateway id="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="call" /><sequenceFlow id="f2" sourceRef="fork" targetRef="join" />
    <callActivity id="call" name="Call"><extensionElements><zeebe:calledElement processId="inner" /></extensionElements>
      <multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="=items" />
      </extensionElements></multiInstanceLoopCharacteristics></callActivity>
    <sequenceFlow id="f3" sourceRef="call" targetRef="join" /><parallelGateway id="join" />
    <sequenceFlow id="f4" sourceRef="join" targetRef="end" /><endEvent id="end" />
  </process>
  <process id="inner" name="Inner" isExecutable="true">
    <startEvent id="begin" /><sequenceFlow id="c0" sourceRef="begin" targetRef="split" /><parallelGateway id="split" />
    <sequenceFlow id="c1" sourceRef="split" targetRef="pack" /><sequenceFlow id="c2" sourceRef="split" targetRef="paid" />
    <sequenceFlow id="c3" sourceRef="split" targetRef="both" />
    <sequenceFlow id="c4" sourceRef="pack" targetRef="both" /><parallelGateway id="both" />
    <sequenceFlow id="c5" sourceRef="both" targetRef="done" /><endEvent id="done" />
    <userTask id="pack" name="Pack"><extensionElements><zeebe:userTask /></extensionElements></userTask>
    <intermediateCatchEvent id="paid" name="Paid"><messageEventDefinition messageRef="m1" /></intermediateCatchEvent>
    <sequenceFlow id="c6" sourceRef="split" targetRef="work" />
    <serviceTask id="work" name="Work"><extensionElements><zeebe:taskDefinition type="work" retries="1" />
    </extensionElements></serviceTask>
  </process>
</definitions>
"""
)


def everything(office: Office, more: int = 0) -> ProcessInstance:
    """A process instance whose called ones wait for all that has a table of its own (Zeebe semantics)."""
    xml = CALLER.format(platform=PLATFORMS[Semantics.ZEEBE])
    instance = started(office, xml, "outer", variables={"items": list(range(1 + more))})
    publish_message("paid", correlation_key="B2", workspace_id=office.shop.pk, time_to_live=timedelta(hours=1))
    for job in Job.objects.filter(type="work", state="CREATED"):
        fail_job(job.key, retries=0, message="no")
    return instance
