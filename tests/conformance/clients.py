"""The two dialects as the cases see them. They speak HTTP and know nothing else of the server."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import requests

Tree = list[Any]


class Refused(Exception):
    """The server answered 4xx."""


class Http:
    """JSON over HTTP below one prefix."""

    prefix: str

    def __init__(self, base: str, login: tuple[str, str]) -> None:
        self._base = base + self.prefix
        self._session = requests.Session()
        self._session.auth = login
        self.definitions: dict[str, str] = {}

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        answer = self._session.request(method, self._base + path, json=body, timeout=30, **more)
        if 400 <= answer.status_code < 500:
            raise Refused(answer.text)
        assert answer.ok, f"{method} {path} answered {answer.status_code}: {answer.text[:300]}"
        return answer.json() if answer.content else None


def nth(rows: list[Any], position: int, what: str) -> Any:
    assert position < len(rows), f"there are {len(rows)} of {what}, none has the number {position}"
    return rows[position]


def typed(values: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return {name: {"value": value, **more} for name, value in (values or {}).items()}


class Camunda7(Http):
    """/engine-rest"""

    prefix = "/engine-rest"

    def deploy(self, model: Path) -> None:
        files = {"model": (model.name, model.read_bytes())}
        made = self.call("POST", "/deployment/create", files=files, data={"deployment-name": model.name})
        for definition in made["deployedProcessDefinitions"].values():
            self.definitions[definition["key"]] = definition["id"]

    def start(self, process: str, variables: Any = None, business_key: str | None = None, at: Any = ()) -> str:
        body = {"variables": typed(variables), "businessKey": business_key}
        if at:
            body["startInstructions"] = [self._instruction(each, {}) for each in at]
        return str(self.call("POST", f"/process-definition/{self.definitions[process]}/start", body)["id"])

    def modify(self, instance: str, instructions: list[Any], skip_io_mappings: bool = False) -> None:
        tree = self.call("GET", f"/process-instance/{instance}/activity-instances")
        body = {
            "instructions": [self._instruction(each, tree) for each in instructions],
            "skipIoMappings": skip_io_mappings,
        }
        self.call("POST", f"/process-instance/{instance}/modification", body)

    def migrate(self, instance: str, to: str, mappings: dict[str, str]) -> None:
        plan = {
            "sourceProcessDefinitionId": self.call("GET", f"/process-instance/{instance}")["definitionId"],
            "targetProcessDefinitionId": self.definitions[to],
            "instructions": [{"sourceActivityIds": [a], "targetActivityIds": [b]} for a, b in mappings.items()],
        }
        self.call("POST", "/migration/execute", {"migrationPlan": plan, "processInstanceIds": [instance]})

    def restart(self, instance: str, instructions: list[Any], initial_variables: bool = False) -> str:
        definition = self.call("GET", f"/history/process-instance/{instance}")["processDefinitionId"]
        body = {
            "processInstanceIds": [instance],
            "instructions": [self._instruction(each, {}) for each in instructions],
            "initialVariables": initial_variables,
        }
        self.call("POST", f"/process-definition/{definition}/restart", body)
        [found] = self.call("GET", "/process-instance", params={"processDefinitionId": definition, "active": "true"})
        return str(found["id"])

    def _instruction(self, given: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
        variables = typed(given.get("variables"), local=False) | typed(given.get("local_variables"), local=True)
        starts = {
            "start_before": "startBeforeActivity",
            "start_after": "startAfterActivity",
            "start_transition": "startTransition",
        }
        for name, kind in starts.items():
            if name in given:
                body = {"type": kind, "transitionId" if name == "start_transition" else "activityId": given[name]}
                if "ancestor" in given:
                    body["ancestorActivityInstanceId"] = self._find(tree, given["ancestor"])["id"]
                return body | {"variables": variables}
        if "cancel_all" in given:
            return {"type": "cancel", "activityId": given["cancel_all"]}
        return {"type": "cancel", "activityInstanceId": self._find(tree, given["cancel"])["id"]}

    def _find(self, tree: dict[str, Any], place: dict[str, Any]) -> Any:
        if "id" in place:
            return place
        return nth(list(self._all(tree, place["element"])), place.get("nth", 0), place["element"])

    def _all(self, node: dict[str, Any], element: str) -> Any:
        if node["activityId"] == element:
            yield node
        for child in node["childActivityInstances"]:
            yield from self._all(child, element)

    def tree(self, instance: str) -> Tree:
        root = self.call("GET", f"/process-instance/{instance}/activity-instances")
        return [self._outline(child) for child in root["childActivityInstances"]]

    def _outline(self, node: dict[str, Any]) -> Any:
        below = [self._outline(child) for child in node["childActivityInstances"]]
        return {node["activityId"]: below} if below else node["activityId"]

    def complete(self, instance: str, element: str, position: int = 0, variables: Any = None) -> None:
        tasks = self._tasks(instance, element)
        if tasks:
            task = nth(tasks, position, element)["id"]
            self.call("POST", f"/task/{task}/complete", {"variables": typed(variables)})
            return
        job = self._job(instance, element, position)
        self.call("POST", f"/external-task/{job}/lock", {"workerId": "w", "lockDuration": 60_000})
        self.call("POST", f"/external-task/{job}/complete", {"workerId": "w", "variables": typed(variables)})

    def _tasks(self, instance: str, element: str | None = None) -> Any:
        params = {"processInstanceId": instance, "sortBy": "created", "sortOrder": "asc"}
        return self.call("GET", "/task", params=params | ({"taskDefinitionKey": element} if element else {}))

    def _jobs(self, instance: str) -> Any:
        return self.call("GET", "/external-task", params={"processInstanceId": instance})

    def _job(self, instance: str, element: str, position: int) -> str:
        rows = [row for row in self._jobs(instance) if row["activityId"] == element]
        return str(nth(rows, position, f"jobs at {element}")["id"])

    def fail(self, instance: str, element: str, retries: int, message: str) -> None:
        job = self._job(instance, element, 0)
        self.call("POST", f"/external-task/{job}/lock", {"workerId": "w", "lockDuration": 60_000})
        self.call(
            "POST", f"/external-task/{job}/failure", {"workerId": "w", "errorMessage": message, "retries": retries}
        )

    def resolve_incidents(self, instance: str) -> None:
        for incident in self.call("GET", "/incident", params={"processInstanceId": instance}):
            self.call("PUT", f"/external-task/{incident['configuration']}/retries", {"retries": 1})

    def message(self, name: str, variables: Any = None, business_key: str | None = None, **_: Any) -> None:
        self.call(
            "POST", "/message", {"messageName": name, "businessKey": business_key, "processVariables": typed(variables)}
        )

    def signal(self, name: str, variables: Any = None) -> None:
        self.call("POST", "/signal", {"name": name, "variables": typed(variables)})

    def error(self, instance: str, element: str, code: str) -> None:
        tasks = self._tasks(instance, element)
        if tasks:
            self.call("POST", f"/task/{tasks[0]['id']}/bpmnError", {"errorCode": code})
            return
        job = self._job(instance, element, 0)
        self.call("POST", f"/external-task/{job}/lock", {"workerId": "w", "lockDuration": 60_000})
        self.call("POST", f"/external-task/{job}/bpmnError", {"workerId": "w", "errorCode": code})

    def escalate(self, instance: str, element: str, code: str) -> None:
        task = self._tasks(instance, element)[0]["id"]
        self.call("POST", f"/task/{task}/bpmnEscalation", {"escalationCode": code})

    def execute(self, instance: str, element: str) -> None:
        """Run a job of the engine: a timer by its event, a continuation by its activity."""
        params = {"processInstanceId": instance, "activityId": element}
        [job] = self.call("GET", "/job", params=params)
        self.call("POST", f"/job/{job['id']}/execute")

    def called(self, instance: str) -> str:
        [found] = self.call("GET", "/process-instance", params={"superProcessInstance": instance})
        return str(found["id"])

    def set_variables(self, instance: str, values: Any) -> None:
        self.call("POST", f"/process-instance/{instance}/variables", {"modifications": typed(values)})

    def suspend(self, instance: str, suspended: bool) -> None:
        self.call("PUT", f"/process-instance/{instance}/suspended", {"suspended": suspended})

    def cancel(self, instance: str) -> None:
        self.call("DELETE", f"/process-instance/{instance}")

    def state(self, instance: str) -> str:
        state = self.call("GET", f"/history/process-instance/{instance}")["state"]
        return {"EXTERNALLY_TERMINATED": "canceled", "INTERNALLY_TERMINATED": "canceled"}.get(state, state.lower())

    def variables(self, instance: str) -> dict[str, Any]:
        rows = self.call("GET", "/history/variable-instance", params={"processInstanceId": instance})
        return {row["name"]: row["value"] for row in rows if row["executionId"] == instance}

    def local_variables(self, instance: str, element: str, position: int = 0) -> dict[str, Any]:
        tree = self.call("GET", f"/process-instance/{instance}/activity-instances")
        found = self._find(tree, {"element": element, "nth": position})
        rows = self.call("GET", "/variable-instance", params={"activityInstanceIdIn": found["id"]})
        return {row["name"]: row["value"] for row in rows}

    def history(self, instance: str) -> dict[str, Counter[str]]:
        counts: dict[str, Counter[str]] = {}
        for row in self.call("GET", "/history/activity-instance", params={"processInstanceId": instance}):
            state = "canceled" if row["canceled"] else "completed" if row["endTime"] else "active"
            counts.setdefault(row["activityId"], Counter())[state] += 1
        return counts

    def counts(self, what: str, instance: str) -> Counter[str]:
        if what == "tasks":
            return Counter(row["taskDefinitionKey"] for row in self._tasks(instance))
        rows = (
            self._jobs(instance)
            if what == "jobs"
            else self.call("GET", "/incident", params={"processInstanceId": instance})
        )
        return Counter(row["activityId"] for row in rows)


SCOPES = {
    "SUB_PROCESS",
    "EVENT_SUB_PROCESS",
    "MULTI_INSTANCE_BODY",
    "AD_HOC_SUB_PROCESS",
    "AD_HOC_SUB_PROCESS_INNER_INSTANCE",
}


class Zeebe(Http):
    """/v2"""

    prefix = "/v2"

    def deploy(self, model: Path) -> None:
        made = self.call("POST", "/deployments", files=[("resources", (model.name, model.read_bytes()))])
        for each in made["deployments"]:
            found = each["processDefinition"]
            self.definitions[found["processDefinitionId"]] = found["processDefinitionKey"]

    def search(self, path: str, **filters: Any) -> list[dict[str, Any]]:
        answer = self.call("POST", f"{path}/search", {"filter": filters, "page": {"limit": 1000}})
        return list(answer["items"])

    def start(self, process: str, variables: Any = None, business_key: str | None = None, at: Any = ()) -> str:
        body = {
            "processDefinitionKey": self.definitions[process],
            "variables": variables or {},
            "businessId": business_key,
            "startInstructions": [{"elementId": each["activate"]} for each in at],
        }
        return str(self.call("POST", "/process-instances", body)["processInstanceKey"])

    def modify(self, instance: str, instructions: list[Any], skip_io_mappings: bool = False) -> None:
        body: dict[str, list[Any]] = {"activateInstructions": [], "moveInstructions": [], "terminateInstructions": []}
        for given in instructions:
            if "activate" in given:
                made = {"elementId": given["activate"], "variableInstructions": self._variables(given)}
                if "ancestor" in given:
                    made["ancestorElementInstanceKey"] = self._named(instance, given["ancestor"])
                body["activateInstructions"].append(made)
            elif "move" in given:
                source = {"sourceType": "byId", "sourceElementId": given["move"]}
                kind = {"ancestorScopeType": given.get("ancestor_scope", "direct")}
                body["moveInstructions"].append(
                    {
                        "sourceElementInstruction": source,
                        "targetElementId": given["to"],
                        "ancestorScopeInstruction": kind,
                    }
                )
            elif "terminate" in given:
                body["terminateInstructions"].append({"elementInstanceKey": self._named(instance, given["terminate"])})
            else:
                body["terminateInstructions"].append({"elementId": given["terminate_all"]})
        self.call("POST", f"/process-instances/{instance}/modification", body)

    def migrate(self, instance: str, to: str, mappings: dict[str, str]) -> None:
        body = {
            "targetProcessDefinitionKey": self.definitions[to],
            "mappingInstructions": [{"sourceElementId": a, "targetElementId": b} for a, b in mappings.items()],
        }
        self.call("POST", f"/process-instances/{instance}/migration", body)

    @staticmethod
    def _variables(given: dict[str, Any]) -> list[Any]:
        scopes = given.get("scoped_variables", {})
        found = [{"variables": given["variables"]}] if "variables" in given else []
        return found + [{"variables": values, "scopeId": scope} for scope, values in scopes.items()]

    def _named(self, instance: str, place: dict[str, Any]) -> str:
        if "id" in place:
            return str(place["id"])
        if place["element"] in self.definitions:
            return instance
        rows = self.search(
            "/element-instances", processInstanceKey=instance, elementId=place["element"], state="ACTIVE"
        )
        return str(nth(rows, place.get("nth", 0), place["element"])["elementInstanceKey"])

    def tree(self, instance: str) -> Tree:
        found = []
        for row in self.search("/element-instances", elementInstanceScopeKey=instance, state="ACTIVE"):
            below = self.tree(row["elementInstanceKey"]) if row["type"] in SCOPES else []
            found.append({row["elementId"]: below} if below else row["elementId"])
        return found

    def complete(self, instance: str, element: str, position: int = 0, variables: Any = None) -> None:
        tasks = self.search("/user-tasks", processInstanceKey=instance, elementId=element, state="CREATED")
        if tasks:
            path = f"/user-tasks/{nth(tasks, position, element)['userTaskKey']}"
        else:
            path = f"/jobs/{self._job(instance, element, position)}"
        self.call("POST", f"{path}/completion", {"variables": variables or {}})

    def _job(self, instance: str, element: str, position: int = 0) -> str:
        rows = [row for row in self._jobs(instance) if row["elementId"] == element]
        return str(nth(rows, position, f"jobs at {element}")["jobKey"])

    def _jobs(self, instance: str) -> list[dict[str, Any]]:
        rows = self.search("/jobs", processInstanceKey=instance)
        return [row for row in rows if row["state"] not in ("COMPLETED", "CANCELED", "ERROR_THROWN")]

    def fail(self, instance: str, element: str, retries: int, message: str) -> None:
        job = self._job(instance, element)
        self.call("POST", f"/jobs/{job}/failure", {"retries": retries, "errorMessage": message})

    def resolve_incidents(self, instance: str) -> None:
        for incident in self.search("/incidents", processInstanceKey=instance, state="ACTIVE"):
            if incident["jobKey"]:
                self.call("PATCH", f"/jobs/{incident['jobKey']}", {"changeset": {"retries": 1}})
            self.call("POST", f"/incidents/{incident['incidentKey']}/resolution", {})

    def message(self, name: str, variables: Any = None, correlation_key: str = "", **_: Any) -> None:
        body = {"name": name, "correlationKey": correlation_key, "timeToLive": 60_000, "variables": variables or {}}
        self.call("POST", "/messages/publication", body)

    def signal(self, name: str, variables: Any = None) -> None:
        self.call("POST", "/signals/broadcast", {"signalName": name, "variables": variables or {}})

    def error(self, instance: str, element: str, code: str) -> None:
        self.call("POST", f"/jobs/{self._job(instance, element)}/error", {"errorCode": code})

    def called(self, instance: str) -> str:
        [found] = self.search("/process-instances", parentProcessInstanceKey=instance, state="ACTIVE")
        return str(found["processInstanceKey"])

    def set_variables(self, instance: str, values: Any) -> None:
        self.call("PUT", f"/element-instances/{instance}/variables", {"variables": values})

    def suspend(self, instance: str, suspended: bool) -> None:
        self.call("POST", f"/process-instances/{instance}/{'suspension' if suspended else 'resumption'}", {})

    def cancel(self, instance: str) -> None:
        self.call("POST", f"/process-instances/{instance}/cancellation", {})

    def state(self, instance: str) -> str:
        state = self.call("GET", f"/process-instances/{instance}")["state"]
        return "canceled" if state == "TERMINATED" else str(state).lower()

    def variables(self, instance: str) -> dict[str, Any]:
        return self._values(instance)

    def local_variables(self, instance: str, element: str, position: int = 0) -> dict[str, Any]:
        return self._values(self._named(instance, {"element": element, "nth": position}))

    def _values(self, scope: str) -> dict[str, Any]:
        return {row["name"]: json.loads(row["value"]) for row in self.search("/variables", scopeKey=scope)}

    def history(self, instance: str) -> dict[str, Counter[str]]:
        words = {"ACTIVE": "active", "COMPLETED": "completed", "TERMINATED": "canceled"}
        counts: dict[str, Counter[str]] = {}
        for row in self.search("/element-instances", processInstanceKey=instance):
            counts.setdefault(row["elementId"], Counter())[words[row["state"]]] += 1
        return counts

    def counts(self, what: str, instance: str) -> Counter[str]:
        if what == "jobs":
            return Counter(row["elementId"] for row in self._jobs(instance))
        path, state = ("/user-tasks", "CREATED") if what == "tasks" else ("/incidents", "ACTIVE")
        return Counter(row["elementId"] for row in self.search(path, processInstanceKey=instance, state=state))
