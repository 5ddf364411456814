"""/process-definition: what is deployed, and starting it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import (
    ActivateProcessDefinition,
    DeleteProcessDefinition,
    SetHistoryTimeToLive,
    StartProcessInstance,
    SuspendProcessDefinition,
)
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import OPEN
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.bodies import Flag, body, date, flag, number, text, variables
from operate.api.engine_rest.ids import definition_id, definition_key_of, id_of, key_of
from operate.api.engine_rest.incident import incident_type, of_type
from operate.api.engine_rest.instructions import instructions_field, refuse_cancellations
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.model_facts import NO_FACTS, ModelFacts, model_facts
from operate.api.engine_rest.process_instance import ProcessInstanceAnswer, process_instance
from operate.api.engine_rest.scope_variables import VariablesAnswer
from operate.api.engine_rest.values import variables_by_name
from operate.workspaces import Right
from workflow.engine.errors import NotFound, Rejected
from workflow.graph.types import SCOPE_TYPES
from workflow.models import (
    DEFAULT_WORKSPACE,
    ElementInstance,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    Variable,
)


class Definition(TypedDict):
    id: str
    key: str
    category: str | None
    description: str | None
    name: str | None
    version: int
    resource: str
    deploymentId: str
    diagram: str | None
    suspended: bool
    tenantId: str | None
    versionTag: str | None
    historyTimeToLive: int | None
    startableInTasklist: bool


class DefinitionXml(TypedDict):
    id: str
    bpmn20Xml: str


class IncidentCount(TypedDict):
    incidentType: str
    incidentCount: int


class DefinitionStatistics(TypedDict):
    id: str
    instances: int
    failedJobs: int
    incidents: list[IncidentCount] | None
    definition: Definition


class ActivityStatistics(TypedDict):
    id: str
    instances: int
    failedJobs: int
    incidents: list[IncidentCount] | None


class StartedInstance(ProcessInstanceAnswer):
    variables: VariablesAnswer


class StartForm(TypedDict):
    key: str | None
    camundaFormRef: dict[str, Any] | None
    contextPath: str | None


SuspensionBody = body(
    "DefinitionSuspension",
    suspended=Flag(required=True),
    includeProcessInstances=flag(),
    executionDate=date(),
)
StartBody = body(
    "StartProcessInstance",
    businessKey=text(),
    variables=variables(),
    caseInstanceId=text(help_text="There are no cases here: must be absent."),
    startInstructions=instructions_field(),
    skipCustomListeners=flag(),
    skipIoMappings=flag(),
    withVariablesInReturn=flag(),
)


def definition_answer(row: ProcessDefinition, facts: ModelFacts) -> Definition:
    return {
        "id": definition_id(row),
        "key": row.process_id,
        "category": facts.category,
        "description": facts.description,
        "name": row.name or None,
        "version": row.version,
        "resource": row.resource_name,
        "deploymentId": id_of(row.deployment_key),
        "diagram": None,
        "suspended": row.suspended,
        "tenantId": tenant_id(row.workspace),
        "versionTag": row.version_tag or None,
        "historyTimeToLive": row.history_time_to_live_days,
        "startableInTasklist": facts.startable_in_tasklist,
    }


def definition_answers(rows: Sequence[ProcessDefinition]) -> list[Definition]:
    facts = model_facts(row.key for row in rows)
    return [definition_answer(row, facts.get(row.key, NO_FACTS)) for row in rows]


def _with_incident(condition: Q) -> Q:
    rows = Incident.objects.filter(condition, definition=OuterRef("pk"), state=Incident.State.ACTIVE)
    return Q(Exists(rows))


QUERY = by.ListQuery(
    filters={
        "processDefinitionId": by.definition("pk"),
        "processDefinitionIdIn": by.definitions("pk"),
        "name": by.text("name"),
        "nameLike": by.pattern("name"),
        "deploymentId": by.key("deployment"),
        "deployedAfter": by.date("deployed_at__gt"),
        "deployedAt": by.date("deployed_at"),
        "key": by.text("process_id"),
        "keysIn": by.texts("process_id"),
        "keyLike": by.pattern("process_id"),
        "category": by.unsupported(),
        "categoryLike": by.unsupported(),
        "version": by.number("version"),
        "latestVersion": by.flag(Q(is_latest=True)),
        "resourceName": by.text("resource_name"),
        "resourceNameLike": by.pattern("resource_name"),
        "startableBy": by.unsupported(),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
        "incidentId": by.Filter(by.Kind.TEXT, lambda value: _with_incident(by.having("pk", [key_of(value)]))),
        "incidentType": by.Filter(by.Kind.TEXT, lambda value: _with_incident(of_type(value))),
        "incidentMessage": by.Filter(by.Kind.TEXT, lambda value: _with_incident(Q(message=value))),
        "incidentMessageLike": by.Filter(by.Kind.TEXT, lambda value: _with_incident(by.like(by.F("message"), value))),
        "tenantIdIn": by.tenants(include="includeProcessDefinitionsWithoutTenantId"),
        "withoutTenantId": by.without_tenant(),
        "includeProcessDefinitionsWithoutTenantId": by.always("Together with tenantIdIn."),
        "versionTag": by.text("version_tag"),
        "versionTagLike": by.pattern("version_tag"),
        "withoutVersionTag": by.flag(Q(version_tag="")),
        "startableInTasklist": by.unsupported(by.Kind.FLAG),
        "notStartableInTasklist": by.unsupported(by.Kind.FLAG),
        "startablePermissionCheck": by.unsupported(by.Kind.FLAG),
    },
    sorting={
        "key": "process_id",
        "id": "key",
        "name": "name",
        "version": "version",
        "deploymentId": "deployment_key",
        "deployTime": "deployed_at",
        "tenantId": "workspace__slug",
        "versionTag": "version_tag",
    },
    default_order=("process_id", "version", "key"),
)


class ProcessDefinitions(Listing):
    """Process definitions, each version for itself."""

    query = QUERY
    answers = {"GET": list[Definition]}

    def rows(self) -> QuerySet[ProcessDefinition]:
        return visible_definitions(self)

    def show(self, rows: Sequence[ProcessDefinition]) -> list[Definition]:
        return definition_answers(rows)


ProcessDefinitionCount = count_of(ProcessDefinitions)


def visible_definitions(view: EngineRestView) -> QuerySet[ProcessDefinition]:
    """The definitions that the caller may see, without their XML."""
    workspaces = view.access.workspaces(Right.VIEW)
    rows = ProcessDefinition.objects.select_related("workspace").defer("xml")
    return rows if workspaces is None else rows.filter(workspace__in=workspaces)


class OneDefinition(EngineRestView):
    """A definition is named by its id, or by its key and tenant; these mean the latest version."""

    def definition(self, *, id: str = "", key: str = "", tenant: str = "") -> ProcessDefinition:
        rows = visible_definitions(self)
        if id:
            return self._by_id(rows, id)
        found = rows.filter(process_id=key, is_latest=True, workspace__slug=tenant or DEFAULT_WORKSPACE).first()
        if found is None:
            which = f"tenant-id: {tenant}" if tenant else "no tenant-id"
            raise NotFound(f"No matching process definition with key: {key} and {which}")
        return found

    def versions(self, *, key: str, tenant: str = "") -> list[ProcessDefinition]:
        """All versions of a process, the latest one first; NotFound without any."""
        latest = self.definition(key=key, tenant=tenant)
        rows = visible_definitions(self).filter(process_id=latest.process_id, workspace=latest.workspace_id)
        return list(rows.order_by("-version"))

    @staticmethod
    def _by_id(rows: QuerySet[ProcessDefinition], id: str) -> ProcessDefinition:
        found = rows.filter(pk=definition_key_of(id) or 0).first()
        if found is None or id not in (str(found.key), id_of(found.key), definition_id(found)):
            raise NotFound(f"No matching definition with id {id}")
        return found


class ProcessDefinitionView(OneDefinition):
    """One process definition."""

    answers = {"GET": Definition}
    parameters = {
        "DELETE": {
            "cascade": (OpenApiTypes.BOOL, "Whether its process instances, running and ended ones, are deleted too."),
            "skipCustomListeners": (OpenApiTypes.BOOL, "Nothing is notified of what is deleted."),
            "skipIoMappings": (OpenApiTypes.BOOL, "No output mapping is applied to what is deleted."),
        }
    }

    def get(self, request: Request, **which: str) -> Response:
        """One process definition."""
        [answer] = definition_answers([self.definition(**which)])
        return Response(answer)

    def delete(self, request: Request, **which: str) -> Response:
        """Delete a process definition; of a key, all its versions."""
        cascade = self.flag("cascade")
        rows = self.versions(**which) if which.get("key") else [self.definition(**which)]
        self.act_on_all(DeleteProcessDefinition, [row.key for row in rows], cascade=cascade)
        return Response(status=204)


class ProcessDefinitionXml(OneDefinition):
    """The BPMN XML of a process definition."""

    answers = {"GET": DefinitionXml}

    def get(self, request: Request, **which: str) -> Response:
        row = self.definition(**which)
        return Response({"id": definition_id(row), "bpmn20Xml": row.xml})


class ProcessDefinitionSuspended(OneDefinition):
    """Suspend a process definition, or activate it."""

    bodies = {"PUT": SuspensionBody}

    def put(self, request: Request, **which: str) -> Response:
        """Let nothing start a process definition, or let it be started again; of a key, all its versions."""
        given = self.read()
        refuse_later(given["executionDate"])
        self.suspend(self.versions(**which) if which.get("key") else [self.definition(**which)], given)
        return Response(status=204)

    def suspend(self, rows: Iterable[ProcessDefinition], given: Mapping[str, Any]) -> None:
        action = SuspendProcessDefinition if given["suspended"] else ActivateProcessDefinition
        with_instances = bool(given["includeProcessInstances"])
        self.act_on_all(action, [row.key for row in rows], with_instances=with_instances)


class ProcessDefinitionsSuspended(ProcessDefinitionSuspended):
    """Suspend all versions of a process, or activate them."""

    bodies = {"PUT": type("SuspensionByKey", (SuspensionBody,), {"processDefinitionKey": text(required=True)})}

    def put(self, request: Request) -> Response:
        """Let nothing start any version of a process, or let them be started again, in whichever workspace they are."""
        given = self.read()
        refuse_later(given["executionDate"])
        rows = list(visible_definitions(self).filter(process_id=given["processDefinitionKey"]).order_by("-version"))
        if not rows:
            raise Rejected(
                f"Expected 'processDefinitionKey' to be the key of a deployed process, found '{given['processDefinitionKey']}'."
            )
        self.suspend(rows, given)
        return Response(status=204)


def refuse_later(moment: datetime | None) -> None:
    """Suspending takes effect at once; a date that has not come yet is refused."""
    if moment is not None and moment > timezone.now():
        raise Rejected("Expected 'executionDate' to be absent or past: suspending at a later time is not supported.")


class ProcessDefinitionHistoryTimeToLive(OneDefinition):
    """How long ended process instances are kept."""

    bodies = {"PUT": body("HistoryTimeToLive", historyTimeToLive=number(least=0))}

    def put(self, request: Request, **which: str) -> Response:
        """Say for how many days ended process instances are kept; null for ever."""
        self.act(SetHistoryTimeToLive).execute(self.definition(**which).key, self.read()["historyTimeToLive"])
        return Response(status=204)


class ProcessDefinitionStartForm(OneDefinition):
    """The form key of the start event."""

    answers = {"GET": StartForm}

    def get(self, request: Request, **which: str) -> Response:
        """The form key of the start event, if it has one, and where the tasks' forms are."""
        row = self.definition(**which)
        facts = model_facts([row.key]).get(row.key, NO_FACTS)
        return Response({"key": facts.start_form_key, "camundaFormRef": None, "contextPath": None})


class ProcessDefinitionStart(OneDefinition):
    """Start a process instance."""

    bodies = {"POST": StartBody}
    answers = {"POST": StartedInstance}

    def post(self, request: Request, **which: str) -> Response:
        """Start a process instance, at its start event or at the instructions' activities."""
        given = self.read()
        instructions = given["startInstructions"] or []
        refuse_cancellations(instructions)
        if given["caseInstanceId"]:
            raise Rejected("'caseInstanceId' must not be set: there are no cases here.")
        outcome = self.act(StartProcessInstance).execute(
            self.definition(**which).key,
            variables=given["variables"] or {},
            business_key=given["businessKey"],
            instructions=instructions,
            skip_io_mappings=bool(given["skipIoMappings"]),
            skip_listeners=bool(given["skipCustomListeners"]),
        )
        return Response(
            self._started(outcome.process_instance_key, with_variables=bool(given["withVariablesInReturn"]))
        )

    def _started(self, key: int, *, with_variables: bool) -> object:
        rows = ProcessInstance.objects.select_related("definition", "workspace").defer("definition__xml")
        link = {"method": "GET", "href": self.url_of("process-instance", id_of(key)), "rel": "self"}
        answer: dict[str, object] = {**process_instance(rows.get(pk=key), [link])}
        if with_variables:
            answer["variables"] = variables_by_name(self.shown(Variable.objects.filter(scope_key=key)))
        return answer


class ProcessDefinitionSubmitForm(ProcessDefinitionStart):
    """Start a process instance with what was filled in."""

    bodies = {"POST": body("SubmitStartForm", businessKey=text(), variables=variables())}
    answers = {"POST": ProcessInstanceAnswer}

    def post(self, request: Request, **which: str) -> Response:
        """Start a process instance with what was filled in."""
        given = self.read()
        outcome = self.act(StartProcessInstance).execute(
            self.definition(**which).key, variables=given["variables"] or {}, business_key=given["businessKey"]
        )
        return Response(self._started(outcome.process_instance_key, with_variables=False))


class ProcessDefinitionDiagram(OneDefinition):
    """The image of a process definition that was deployed beside it; there is never one, so nothing (204) is answered."""

    def get(self, request: Request, **which: str) -> Response:
        self.definition(**which)
        return Response(status=204)


# ---- statistics


class Statistics(EngineRestView):
    """What counting per definition and per activity has in common."""

    parameters = {
        "GET": {
            "failedJobs": (OpenApiTypes.BOOL, "Whether to count jobs without retries left."),
            "incidents": (OpenApiTypes.BOOL, "Whether to count incidents, by type."),
            "rootIncidents": (OpenApiTypes.BOOL, "The same, for incidents not caused by another one: all are."),
            "incidentsForType": (OpenApiTypes.STR, "Whether to count incidents of this type."),
        }
    }

    def counts_incidents(self) -> bool:
        wanted = self.flag("incidents"), self.flag("rootIncidents"), "incidentsForType" in self.request.query_params
        if sum(wanted) > 1:
            raise Rejected("Only one of the query parameter includeIncidents or includeIncidentsForType can be set")
        return any(wanted)

    def incidents(self, rows: QuerySet[Incident], group: str) -> dict[object, list[IncidentCount]]:
        """How many open incidents of which type there are in each group."""
        found: dict[object, list[IncidentCount]] = defaultdict(list)
        if not self.counts_incidents():
            return found
        if kind := self.request.query_params.get("incidentsForType"):
            rows = rows.filter(of_type(kind))
        counts: dict[tuple[object, str], int] = defaultdict(int)
        grouped = rows.order_by().values(group, "error_type", "job__kind").annotate(number=Count("pk"))
        for row in grouped:
            counts[row[group], incident_type(row["error_type"], row["job__kind"])] += row["number"]
        for (place, name), count in counts.items():
            found[place].append({"incidentType": name, "incidentCount": count})
        return found

    @staticmethod
    def failed_jobs(rows: QuerySet[Job], group: str) -> dict[object, int]:
        """How many jobs without retries there are in each group; external tasks are no jobs."""
        failed = rows.exclude(kind=Job.Kind.EXTERNAL).filter(retries=0, state__in=("CREATED", "FAILED"))
        return dict(failed.order_by().values_list(group).annotate(number=Count("pk")))


class DefinitionStatisticsView(Statistics):
    """Running process instances per definition."""

    answers = {"GET": list[DefinitionStatistics]}

    def get(self, request: Request) -> Response:
        definitions = list(visible_definitions(self).order_by("process_id", "version"))
        running = self.visible(ProcessInstance.objects.active()).order_by()
        instances = dict(running.values_list("definition").annotate(number=Count("pk")))
        open_incidents = self.visible(Incident.objects.filter(state=Incident.State.ACTIVE))
        incidents = self.incidents(open_incidents, "definition")
        failed = self.failed_jobs(self.visible(Job.objects.all()), "definition") if self.flag("failedJobs") else {}
        return Response(
            [
                {
                    "id": answer["id"],
                    "instances": instances.get(row.key, 0),
                    "failedJobs": failed.get(row.key, 0),
                    "incidents": incidents.get(row.key, []),
                    "definition": answer,
                }
                for row, answer in zip(definitions, definition_answers(definitions), strict=True)
            ]
        )


class ActivityStatisticsView(OneDefinition, Statistics):
    """Active instances per activity of one definition."""

    answers = {"GET": list[ActivityStatistics]}

    def get(self, request: Request, **which: str) -> Response:
        key = self.definition(**which).key
        active = ElementInstance.objects.filter(
            process_instance__definition=key, process_instance__state=ProcessInstance.State.ACTIVE, state__in=OPEN
        ).exclude(element_type__in=SCOPE_TYPES)
        instances = dict(active.order_by().values_list("element_id").annotate(number=Count("pk")))
        incidents = self.incidents(Incident.objects.filter(definition=key, state=Incident.State.ACTIVE), "element_id")
        failed = self.failed_jobs(Job.objects.filter(definition=key), "element_id") if self.flag("failedJobs") else {}
        return Response(
            [
                {
                    "id": element_id,
                    "instances": instances.get(element_id, 0),
                    "failedJobs": failed.get(element_id, 0),
                    "incidents": incidents.get(element_id, []),
                }
                for element_id in sorted(_texts({*instances, *incidents, *failed}))
            ]
        )


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]
