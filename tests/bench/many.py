"""Changes of many: a batch's instances by one worker, and the tokens of one instance in one command.

Imported only once Django is set up.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from django.contrib.auth.models import User

from audit.models import AuditEvent, Channel
from operate.actions import ModifyProcessInstance, SubmitBatch
from operate.batch import running
from operate.batch.models import Batch
from operate.batch.plans import Cancel, EditVariables, Modify, Plan
from operate.batch.submitting import Selection
from operate.workspaces import Role, add_member, workspace_named
from tests.bench.engine import WrongResult
from tests.bench.models import TASK, Drawing, waiting
from tests.support.models import deploy
from workflow import services
from workflow.models import ElementInstance
from workflow.modification import CancelAll, Instruction, StartBefore
from workflow.persistence.transaction import transaction

STARTED_AT_ONCE = 200
BEFORE, AFTER = "before", "after"


def batch_per_second(instances: int) -> Mapping[str, float]:
    """Process instances that one worker changes in a second, each with its savepoint and audit event, by operation."""
    definition_key = deploy(waiting().decode()).key
    keys: list[int] = []
    while len(keys) < instances:
        with transaction():
            started = [services.start_process_instance(definition_key) for _ in range(STARTED_AT_ONCE)]
        keys += [outcome.process_instance_key for outcome in started]
    plans = {
        "modification": Modify([CancelAll(TASK), StartBefore(TASK)]),
        "variables": EditVariables({"amount": 7}),
        "cancellation": Cancel(),
    }
    return {name: len(keys) / _seconds(plan, keys) for name, plan in plans.items()}


def _seconds(plan: Plan, keys: Sequence[int]) -> float:
    administrator = _administrator()
    before = AuditEvent.objects.count()
    batch_key = SubmitBatch(administrator, channel=Channel.ADMIN).execute(plan, Selection(keys))
    began = time.perf_counter()
    running.run_due_jobs()
    seconds = time.perf_counter() - began
    done = Batch.objects.with_progress().get(pk=batch_key).completed
    recorded = AuditEvent.objects.count() - before
    if done != len(keys) or recorded < len(keys):
        raise WrongResult(f"Expected {len(keys)} instances changed and recorded, found {done} and {recorded}.")
    return seconds


def tokens_in_seconds(tokens: int, repeats: int) -> Sequence[float]:
    """How long one command takes that cancels so many tokens of a process instance and starts as many elsewhere."""
    drawing = Drawing().add("startEvent", "start").add("userTask", BEFORE).add("userTask", AFTER).add("endEvent", "end")
    definition_key = deploy(drawing.line("start", BEFORE, AFTER, "end").document("tokens").decode()).key
    key = services.start_process_instance(definition_key).process_instance_key
    _modify(key, [StartBefore(BEFORE)] * (tokens - 1))
    return [_move(key, tokens, *ends) for _ in range(repeats) for ends in ((BEFORE, AFTER), (AFTER, BEFORE))]


def _move(key: int, tokens: int, source: str, target: str) -> float:
    seconds = _modify(key, [*[StartBefore(target)] * tokens, CancelAll(source)])
    arrived = ElementInstance.objects.filter(process_instance_key=key, element_id=target, state="ACTIVE").count()
    if arrived != tokens:
        raise WrongResult(f"Expected {tokens} tokens at '{target}', found {arrived}.")
    return seconds


def _modify(key: int, instructions: Sequence[Instruction]) -> float:
    action = ModifyProcessInstance(_administrator(), channel=Channel.ADMIN)
    began = time.perf_counter()
    action.execute(key, instructions)
    return time.perf_counter() - began


def _administrator() -> User:
    user, is_new = User.objects.get_or_create(username="administrator")
    if is_new:
        add_member(user, workspace_named(None), Role.WORKSPACE_ADMIN)
    return user
