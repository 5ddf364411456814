"""Creating process instances, and waiting for one that is soon over."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import StartProcessInstance
from operate.api.v2.base import V2View, key_text, one
from operate.api.v2.bodies import Body
from operate.api.v2.errors import InvalidArgument, TooLate
from operate.api.v2.instances import TAG
from operate.api.v2.schema import (
    FLAG,
    KEY,
    MILLISECONDS,
    TEXT,
    VARIABLES,
    WHOLE,
    all_of,
    array,
    nullable,
    record,
)
from operate.api.waiting import wait_for
from operate.masking.masks import Masks
from workflow.engine.errors import NotFound
from workflow.models import ProcessDefinition, ProcessInstance, Variable
from workflow.modification import ActivateElement

LATEST = -1
TERMINATE = "TERMINATE_PROCESS_INSTANCE"
MOST_TAGS = 10
TAG_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_\-:.]{0,99}")
LONGEST_BUSINESS_ID = 255
DEFAULT_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=10)


class ProcessInstances(V2View):
    """Create a process instance of a definition that is named by id and version, by version tag or by key."""

    tag = TAG
    command = "CREATE"
    bodies = {
        "POST": record(
            processDefinitionKey=KEY,
            processDefinitionId=TEXT,
            processDefinitionVersion={**WHOLE, "description": "-1, or none: the latest."},
            processDefinitionVersionTag=TEXT,
            tenantId=TEXT,
            businessId={**TEXT, "maxLength": LONGEST_BUSINESS_ID},
            variables=VARIABLES,
            tags={**array({**TEXT, "pattern": f"^{TAG_PATTERN.pattern}$"}), "maxItems": MOST_TAGS},
            startInstructions=array(all_of(elementId=TEXT)),
            runtimeInstructions=array(all_of(type={**TEXT, "enum": [TERMINATE]}, afterElementId=TEXT)),
            awaitCompletion=FLAG,
            requestTimeout={**MILLISECONDS, "description": "How long to wait for the end; 0: 10 seconds."},
            fetchVariables=array(TEXT),
            operationReference=WHOLE,
        )
    }
    answers = {
        "POST": all_of(
            processDefinitionId=TEXT,
            processDefinitionVersion=WHOLE,
            processDefinitionKey=KEY,
            processInstanceKey=KEY,
            tenantId=TEXT,
            variables=VARIABLES,
            tags=array(TEXT),
            businessId=nullable(TEXT),
        )
    }

    def post(self, request: Request) -> Response:
        body = self.body()
        awaited = _Awaited.read(body) if body.flag("awaitCompletion", default=False) else None
        terminate_after = [_after(part) for part in body.bodies("runtimeInstructions")]
        definition, tags = self._definition(body), _tags(body)
        outcome = self.act(StartProcessInstance).execute(
            definition.key,
            variables=body.object("variables", {}),
            business_key=body.text("businessId", "", at_most=LONGEST_BUSINESS_ID) or None,
            instructions=[ActivateElement(part.name("elementId")) for part in body.bodies("startInstructions")],
            tags=tags,
            terminate_after=terminate_after,
        )
        return Response(
            {
                "processDefinitionId": definition.process_id,
                "processDefinitionVersion": definition.version,
                "processDefinitionKey": key_text(definition.key),
                "processInstanceKey": key_text(outcome.process_instance_key),
                "tenantId": definition.workspace.slug,
                "variables": self._result(awaited, definition, outcome.process_instance_key) if awaited else {},
                "tags": tags,
                "businessId": outcome.business_key,
            }
        )

    def _result(self, awaited: _Awaited, definition: ProcessDefinition, key: int) -> dict[str, Any]:
        found = awaited.variables_of(key)
        return Masks.of(self.request.user).document(definition.workspace_id, definition.process_id, found)

    def _definition(self, body: Body) -> ProcessDefinition:
        rows = self.visible(ProcessDefinition.objects.select_related("workspace")).defer("xml")
        by_key, by_id = "processDefinitionKey" in body, "processDefinitionId" in body
        if by_key == by_id:
            found = "both" if by_key else "neither"
            raise InvalidArgument(f"Expected either 'processDefinitionKey' or 'processDefinitionId', found {found}.")
        if by_key:
            return one(rows, str(body.key("processDefinitionKey")), "a process definition")
        return self._by_id(rows, body)

    def _by_id(self, rows: QuerySet[ProcessDefinition], body: Body) -> ProcessDefinition:
        process_id = body.name("processDefinitionId")
        rows = rows.filter(process_id=process_id, workspace=self.workspace(body))
        version = body.whole("processDefinitionVersion", LATEST, at_least=LATEST)
        if "processDefinitionVersionTag" in body:
            tag = body.name("processDefinitionVersionTag")
            found, asked = rows.filter(version_tag=tag).order_by("-version").first(), f" and version tag '{tag}'"
        elif version == LATEST:
            found, asked = rows.filter(is_latest=True).first(), ""
        else:
            found, asked = rows.filter(version=version).first(), f" and version '{version}'"
        if found is None:
            raise NotFound(
                f"Expected to find process definition with process ID '{process_id}'{asked}, but none found."
            )
        return found


def _after(instruction: Body) -> str:
    """The element after which the process instance shall be terminated, the only runtime instruction there is."""
    if (kind := instruction.text("type", TERMINATE)) != TERMINATE:
        raise InvalidArgument(f"Expected 'type' of a runtime instruction to be '{TERMINATE}', found '{kind}'.")
    element_id: str = instruction.name("afterElementId")
    return element_id


def _tags(body: Body) -> list[str]:
    tags: list[str] = list(dict.fromkeys(body.texts("tags", [])))
    if len(tags) > MOST_TAGS:
        raise InvalidArgument(f"Expected 'tags' to be at most {MOST_TAGS}, found {len(tags)}.")
    wrong = next((tag for tag in tags if not TAG_PATTERN.fullmatch(tag)), None)
    if wrong is not None:
        raise InvalidArgument(
            "Expected each of 'tags' to begin with a letter and to have at most 100 letters, digits and characters of _-:. , "
            f"found '{wrong[:120]}'."
        )
    return tags


class _Awaited:
    """What the client wants to know once the process instance is over, and how long it waits for that."""

    def __init__(self, wait: timedelta, names: list[str] | None) -> None:
        self.wait = wait
        self.names = names

    @classmethod
    def read(cls, body: Body) -> _Awaited:
        asked: timedelta = body.milliseconds("requestTimeout", timedelta(0), at_least=0)
        return cls(min(asked or DEFAULT_WAIT, LONGEST_WAIT), body.texts("fetchVariables", None))

    def variables_of(self, key: int) -> dict[str, Any]:
        """The variables of the process instance when it has completed; raises TooLate."""
        over = ProcessInstance.objects.filter(pk=key).exclude(state=ProcessInstance.State.ACTIVE)
        if not wait_for(over.exists, timeout=self.wait):
            raise TooLate(
                f"Process instance '{key}' was created, but has not completed within "
                f"{self.wait / timedelta(milliseconds=1):.0f} ms. It goes on; look at it later."
            )
        variables = Variable.objects.filter(scope_key=key)
        if self.names:
            variables = variables.filter(name__in=self.names)
        return dict(variables.values_list("name", "value"))
