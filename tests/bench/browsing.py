"""What people and programs ask for most, each as one request: the pages of the back office and the searches of the three APIs.

Imported only once Django is set up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from tests.bench.engine import WrongResult
from tests.bench.population import Population, Unusual, running_instance
from tests.support.wire import wire_traffic
from workflow.models import ProcessInstance

INSTANCES = "/workflow/processinstance/"


@dataclass(frozen=True, slots=True)
class Page:
    """One request; with a body it is sent as JSON."""

    address: str
    body: Mapping[str, Any] | None = None
    is_organisation: bool = False
    """Asked by somebody who sees everything."""


class Browsing:
    """Somebody who looks for things in the population."""

    def __init__(self, population: Population, unusual: Unusual) -> None:
        self._unusual = unusual
        self._operator, self._organisation = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
        self._operator.force_login(population.operator)
        self._organisation.force_login(population.organisation)

    def pages(self, only: Sequence[str] = ()) -> dict[str, Page]:
        """All pages by name, or those whose name contains one of the texts."""
        found = {
            **self._overview(),
            **self._instance_list(),
            **self._one_instance(),
            **self._other_lists(),
            **self._search(),
            **dict(self._engine_rest()),
            **dict(self._v2()),
        }
        return {name: page for name, page in found.items() if not only or any(text in name for text in only)}

    def check(self, page: Page) -> int:
        """Ask once, which also warms up; what is no answer is not to be measured. How many rows a list shows."""
        answer = self._ask(page)
        if answer.status_code != 200:
            raise WrongResult(f"Expected an answer from '{page.address}', found status {answer.status_code}.")
        return len((getattr(answer, "context_data", None) or {}).get("rows", ()))

    def milliseconds(self, page: Page) -> float:
        began = time.perf_counter()
        self._ask(page)
        return (time.perf_counter() - began) * 1000

    def statements(self, page: Page) -> int:
        """What goes over the wire, but for BEGIN and COMMIT."""
        with wire_traffic() as traffic:
            self._ask(page)
        return len(traffic.statements)

    def _ask(self, page: Page) -> Any:
        client = self._organisation if page.is_organisation else self._operator
        if page.body is not None:
            return client.post(page.address, page.body, content_type="application/json")
        return client.get(page.address)

    # -- pages

    @staticmethod
    def _overview() -> dict[str, Page]:
        return {
            "overview": Page("/"),
            "overview of all workspaces": Page("/", is_organisation=True),
            "overview of one workspace": Page("/?workspace=sales"),
        }

    def _instance_list(self) -> dict[str, Page]:
        today = timezone.localdate()
        some = running_instance("order", business_key__isnull=False)
        middle = ProcessInstance.objects.order_by("-key")[ProcessInstance.objects.count() // 2].key
        filters: dict[str, dict[str, object]] = {
            "": {},
            "of a process": {"process": "order"},
            "of a version": {"process": "order", "version": 2},
            "of a rare process": {"process": "recall", "state": "all"},
            "completed": {"state": "completed"},
            "canceled, of a process": {"state": "canceled", "process": "invoice"},
            "with incidents": {"state": "incidents"},
            "suspended": {"state": "suspended"},
            "at an element": {"process": "order", "element": "approve"},
            "at a rare element": {"element": "check"},
            "at no element": {"element": "nowhere"},
            "were at an element": {"process": "order", "element": "check", "state": "completed"},
            "error": {"error": "refused"},
            "rare error": {"error": "No space left"},
            "no such error": {"error": "never heard of"},
            "retries left": {"retrying": "on"},
            "waiting longer": {"process": "order", "waiting": "on"},
            "business key": {"business_key": some.business_key},
            "beginning of a business key": {"business_key": f"{some.business_key[:-1]}*"},
            "keys": {"key": f"{some.key},{middle}"},
            "called by": {"called_by": middle},
            "variable": {"variable": "status", "value": '"vip"'},
            "rare variable": {"variable": "amount", "value": "77.7", "state": "all"},
            "no such value": {"variable": "amount", "value": "-1", "state": "all"},
            "data": {"search": "amount:gt:5000"},
            "rare data": {"search": "customer.name:eq:Customer 4711", "state": "all"},
            "data that contains": {"search": "customer.name:like:omer 471", "state": "all"},
            "started on a day": {"started_from": today - timedelta(days=30), "started_to": today - timedelta(days=30)},
            "started last week, all": {"started_from": today - timedelta(days=7), "state": "all"},
            "ended on a day": {
                "ended_from": today - timedelta(days=30), "ended_to": today - timedelta(days=30), "state": "finished",
            },
            "ended long ago": {"ended_to": today - timedelta(days=52), "state": "finished"},
            "in a batch": {"batch": self._batch()},
            "not in a batch": {"not_batch": self._batch()},
            "deep page": {"state": "all", "before": middle},
            "deep page of running": {"before": middle},
        }  # fmt: skip
        of_order = urlencode({"process": "order"})
        return {f"processes {name}".strip(): Page(_address(INSTANCES, each)) for name, each in filters.items()} | {
            "processes, sees everything": Page(INSTANCES, is_organisation=True),
            "count of running": Page(f"{INSTANCES}count/"),
            "count of a process": Page(f"{INSTANCES}count/?{of_order}&state=all"),
            "count of errors": Page(f"{INSTANCES}count/?error=refused"),
            "figures on the diagram": Page(f"{INSTANCES}figures/?{of_order}"),
            "figures of ended ones": Page(f"{INSTANCES}figures/?{of_order}&state=finished"),
        }

    @staticmethod
    def _batch() -> int:
        from operate.batch.models import Batch

        return Batch.objects.order_by("key").first().key

    def _one_instance(self) -> dict[str, Page]:
        failing = running_instance("order", open_incidents__gt=0).key
        many, variables = self._unusual.many_elements, self._unusual.many_variables
        return {
            "instance": Page(f"{INSTANCES}{running_instance('order').key}/"),
            "instance with an incident": Page(f"{INSTANCES}{failing}/"),
            "instance of 10,000 elements": Page(f"{INSTANCES}{many}/"),
            "instance of 1,000 variables": Page(f"{INSTANCES}{variables}/"),
            "live refresh": Page(f"{INSTANCES}{failing}/panels/?tab=waits"),
            "live refresh of 10,000 elements": Page(f"{INSTANCES}{many}/panels/?tab=waits"),
        }

    def opened_in_a_browser(self) -> dict[str, Page]:
        """The pages of process instances: a usual one, and the largest."""
        return {name: page for name, page in self._one_instance().items() if name.startswith("instance")}

    def _other_lists(self) -> dict[str, Page]:
        event = AuditEvent.objects.order_by("-key")[AuditEvent.objects.count() // 2]
        deep = urlencode({"before": f"{event.at.isoformat()}_{event.key}"})
        pages = {
            "tasks": "/workflow/usertask/",
            "tasks, mine": "/workflow/usertask/?whose=mine",
            "tasks, unassigned": "/workflow/usertask/?whose=free",
            "tasks of my groups": "/workflow/usertask/?whose=groups",
            "tasks by due date": "/workflow/usertask/?sort=due",
            "tasks by priority": "/workflow/usertask/?sort=priority",
            "tasks by name": "/workflow/usertask/?name=Ship",
            "tasks of no name": "/workflow/usertask/?name=nothing",
            "tasks of a process": "/workflow/usertask/?process=recall",
            "tasks by words": "/workflow/usertask/?words=customer+4711",
            "tasks by common words": "/workflow/usertask/?words=customer",
            "tasks, completed": "/workflow/usertask/?state=COMPLETED",
            "tasks, overdue": "/workflow/usertask/?due=overdue",
            "incidents": "/workflow/incident/",
            "incidents by message": "/workflow/incident/?message=refused",
            "incidents of no message": "/workflow/incident/?message=unheard&state=ALL",
            "incidents, resolved": "/workflow/incident/?state=RESOLVED",
            "incidents at an element": "/workflow/incident/?element=book",
            "jobs": "/workflow/job/",
            "jobs, failed": "/workflow/job/?state=FAILING",
            "jobs, overdue": "/workflow/job/?state=OVERDUE",
            "jobs, on hold": "/workflow/job/?state=HELD",
            "jobs of a type": "/workflow/job/?type=work-book",
            "jobs of no type": "/workflow/job/?type=nothing&state=ALL",
            "jobs, timers": "/workflow/job/?kind=timer",
            "jobs, completed": "/workflow/job/?state=COMPLETED",
            "batches": "/operate/batch/",
            "definitions": "/workflow/processdefinition/",
            "audit log": "/audit/auditevent/",
            "audit log, deep": f"/audit/auditevent/?{deep}",
            "audit log by event": "/audit/auditevent/?event=Start",
            "audit log by rare event": "/audit/auditevent/?event=Cancel",
            "audit log by actor": "/audit/auditevent/?actor=clerk7",
            "audit log by process": "/audit/auditevent/?process=recall",
            "audit log by instance": f"/audit/auditevent/?instance={event.process_instance_key}",
            "audit log by request": f"/audit/auditevent/?request={event.request_id}",
            "audit log, seldom refused": "/audit/auditevent/?result=REFUSED",
        }
        return {name: Page(address) for name, address in pages.items()}

    def _search(self) -> dict[str, Page]:
        some = running_instance("order", business_key__isnull=False)
        find = f"{INSTANCES}suggest/"
        texts = {
            "a key": some.key,
            "a business key": some.business_key,
            "some data": "Customer 4711",
            "a number": "77.7",
            "nothing": "unheard",
        }
        found = {f"search for {name}": Page(_address(find, {"q": text})) for name, text in texts.items()}
        by_data = "/api/search/process-instances"
        return found | {
            "api search": Page(by_data, {"search": ["customer.name:eq:Customer 4711"]}),
            "api search of many": Page(by_data, {"search": ["customer.country:eq:DE", "amount:lt:9000"]}),
            "api search, contains": Page(by_data, {"search": ["customer.name:like:omer 471"], "process_id": "order"}),
            "api why stuck": Page(
                f"/api/process-instances/{running_instance('order', open_incidents__gt=0).key}/why-stuck"
            ),
        }

    # -- dialects

    @staticmethod
    def _engine_rest() -> Iterator[tuple[str, Page]]:
        some = running_instance("order", business_key__isnull=False)
        event = AuditEvent.objects.order_by("-key").first()
        after = (timezone.now() - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        definition = f"order:2:{ProcessInstance.objects.filter(process_id='order', version=2).first().definition_key}"
        queries: dict[str, dict[str, object]] = {
            "process-instance": {},
            "process-instance of a process": {"processDefinitionKey": "order"},
            "process-instance of a definition": {"processDefinitionId": definition},
            "process-instance with business key": {"businessKey": some.business_key},
            "process-instance with business key like": {"businessKeyLike": f"{some.business_key[:-1]}%"},
            "process-instance with incident": {"withIncident": "true"},
            "process-instance at activity": {"activityIdIn": "book"},
            "process-instance with variable": {"variables": "amount_eq_77.7"},
            "process-instance with variables": {"variables": "amount_gt_9990,approved_eq_true"},
            "process-instance in tenant": {"tenantIdIn": "sales"},
            "history/process-instance": {},
            "history/process-instance finished": {"finished": "true", "sortBy": "endTime", "sortOrder": "desc"},
            "history/process-instance newest": {"sortBy": "startTime", "sortOrder": "desc"},
            "history/process-instance by definition, newest": {
                "processDefinitionKey": "order", "sortBy": "startTime", "sortOrder": "desc",
            },
            "history/process-instance started after": {"startedAfter": after, "unfinished": "true"},
            "history/process-instance with business key": {"processInstanceBusinessKey": some.business_key},
            "history/process-instance with variable": {"variables": "amount_eq_77.7"},
            "history/process-instance of id": {"processInstanceId": some.key},
            "history/activity-instance of an instance": {"processInstanceId": some.key},
            "history/variable-instance of an instance": {"processInstanceId": some.key},
            "history/user-operation of an operation": {"operationId": event.request_id},
            "history/user-operation of an instance": {"processInstanceId": some.key},
            "history/user-operation": {"sortBy": "timestamp", "sortOrder": "desc"},
            "task": {},
            "task of assignee": {"assignee": "clerk7"},
            "task of candidate group": {"candidateGroup": "seniors"},
            "task by creation": {"sortBy": "created", "sortOrder": "desc"},
            "incident": {},
            "job": {},
            "external-task": {"topicName": "work-book"},
        }  # fmt: skip
        for name, query in queries.items():
            path = name.split(" ")[0]
            yield f"engine-rest {name}", Page(_address(f"/engine-rest/{path}", {**query, "maxResults": 50}))
        for path in ("process-instance", "history/process-instance", "task"):
            yield f"engine-rest {path} count", Page(f"/engine-rest/{path}/count")

    @staticmethod
    def _v2() -> Iterator[tuple[str, Page]]:
        some = running_instance("order", business_key__isnull=False)
        after = (timezone.now() - timedelta(days=3)).isoformat()
        newest = [{"field": "startDate", "order": "DESC"}]
        searches: dict[str, dict[str, Any]] = {
            "": {},
            "active": {"filter": {"state": "ACTIVE"}},
            "of a process, newest": {"filter": {"processDefinitionId": "order"}, "sort": newest},
            "newest": {"sort": newest},
            "with incident": {"filter": {"hasIncident": True}},
            "started after": {"filter": {"startDate": {"$gt": after}}},
            "by business id": {"filter": {"businessId": some.business_key}},
            "by variable": {"filter": {"variables": [{"name": "amount", "value": "77.7"}]}},
            "by error": {"filter": {"errorMessage": {"$like": "*No space*"}}},
            "at an element": {"filter": {"elementId": "book", "elementInstanceState": "ACTIVE"}},
        }
        page = {"page": {"limit": 50}}
        for name, body in searches.items():
            yield f"v2 process-instances {name}".strip(), Page("/v2/process-instances/search", {**body, **page})
        for path in ("element-instances", "incidents", "user-tasks", "jobs", "variables", "audit-logs"):
            body = {"filter": {"processInstanceKey": str(some.key)}}
            yield f"v2 {path}", Page(f"/v2/{path}/search", page)
            yield f"v2 {path} of an instance", Page(f"/v2/{path}/search", {**body, **page})


def _address(path: str, query: Mapping[str, object]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


__all__ = ["Browsing", "Page"]
