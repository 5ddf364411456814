"""A running server, somebody who may use it, and what it shows when a client has gone.

The clients are the published packages, unchanged. They work one model, in the vocabulary of each semantics: goods are reserved
(a job, or an error that ends it), paid (a message), approved (a user task with a reminder), packed (a job for each parcel) and
fetched (a signal).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth import get_user_model
from pytest_django.live_server_helper import LiveServer

from audit.models import AuditEvent, Result
from operate.workspaces import Role, add_member
from workflow.models import ElementInstance, ProcessInstance, Variable, Workspace

HERE = Path(__file__).parent
MODELS = HERE / "models"
NODE_MODULES = HERE.parents[1] / "node_modules"
OLDEST_NODE = 20
PATIENCE_S = 60
"""How long a script may take before it is taken for stuck."""

ELEMENTS = ["start", "reserve", "paid", "approve", "pack#multiInstanceBody", "pack", "pack", "truck", "delivered"]
"""What is completed on the way to delivery, with two parcels."""


@dataclass(frozen=True)
class Server:
    """Where the server is, and a login of the default workspace."""

    url: str
    username: str
    password: str

    @property
    def engine_rest(self) -> str:
        return f"{self.url}/engine-rest"

    @property
    def login(self) -> tuple[str, str]:
        return self.username, self.password


@pytest.fixture
def server(transactional_db: None, live_server: LiveServer) -> Server:
    user = get_user_model().objects.create_user("ann", password="secret")
    add_member(user, Workspace.objects.get(slug="<default>"), Role.WORKSPACE_ADMIN)
    return Server(live_server.url, "ann", "secret")


@dataclass(frozen=True)
class Shown:
    """A process instance as the server knows it."""

    state: str
    variables: dict[str, Any]
    """Those of the process instance itself."""
    ended: list[str]
    """The elements that were completed, in the order in which they began."""
    audit: list[str]
    """What people and clients did to it, in order."""


def shown(key: int | str) -> Shown:
    """What the server has of a process instance; `key` is its id in either dialect."""
    number = int(str(key).replace("-", ""))
    instance = ProcessInstance.objects.get(key=number)
    completed = ElementInstance.objects.filter(process_instance=instance, state="COMPLETED").order_by("key")
    events = AuditEvent.objects.filter(process_instance_key=number).order_by("key")
    assert {event.actor_name for event in events} == {"ann"}
    return Shown(
        state=instance.state,
        variables=dict(Variable.objects.filter(scope_key=number).values_list("name", "value")),
        ended=list(completed.values_list("element_id", flat=True)),
        audit=[f"{event.event} {event.subject}" + _ending(event) for event in events],
    )


def _ending(event: AuditEvent) -> str:
    return "" if event.result == Result.SUCCESS else f" ({event.result.lower()})"


def camunda_7(server: Server, method: str, path: str, body: object = None, **more: Any) -> Any:
    """Do in the Camunda 7 API what the client under test cannot do."""
    answer = requests.request(method, server.engine_rest + path, json=body, auth=server.login, timeout=30, **more)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def deploy_to_camunda_7(server: Server) -> None:
    """Deploy the model for the clients that only work and do not deploy."""
    model = MODELS / "fulfilment_camunda7.bpmn"
    camunda_7(server, "POST", "/deployment/create", files={model.name: (model.name, model.read_bytes())})


Script = Callable[..., Any]


@pytest.fixture
def run_script(server: Server) -> Script:
    """Run a script of this folder with Node.js; what it writes to standard output is JSON, and the answer.

    Named arguments arrive in its environment, in capitals.
    """
    node = shutil.which("node")
    assert node, "Expected 'node' on the PATH; install it with: apt-get install nodejs npm"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    assert int(version.lstrip("v").partition(".")[0]) >= OLDEST_NODE, (
        f"Expected Node.js {OLDEST_NODE} or newer, which the clients need, found '{version}'; "
        "install a newer one with: apt-get install nodejs npm"
    )
    for package in ("camunda-external-task-client-js", "@camunda8/orchestration-cluster-api"):
        assert (NODE_MODULES / package).is_dir(), f"Expected '{package}' in node_modules; install it with: npm ci"

    def run(script: str, **arguments: object) -> Any:
        environment = {"SERVER": server.url, "USERNAME": server.username, "PASSWORD": server.password}
        environment |= {name.upper(): str(value) for name, value in arguments.items()}
        done = subprocess.run(
            [node, str(HERE / script)],
            env={"PATH": os.environ["PATH"]} | environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if done.returncode:
            pytest.fail(f"'{script}' ended with {done.returncode}:\n{done.stderr[-4000:]}", pytrace=False)
        return json.loads(done.stdout)

    return run
