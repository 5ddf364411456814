"""Beginning a batch: its instances are fixed, its rows written, and nothing is done yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from audit.record import to_json
from operate.batch.models import Batch, BatchType
from operate.batch.plans import Plan
from operate.workspaces.access import Access
from operate.workspaces.roles import Right
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessInstance
from workflow.persistence import keys as key_blocks
from workflow.persistence.connection import fetch
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import clock

MOST = 1_000_000
"""More process instances than these are no selection but a mistake."""
RETRIES = 3
"""How often a job is tried before people have to look at it."""
State = Batch.State
PLACES = "SELECT key, workspace_id FROM workflow_processinstance WHERE key = ANY(%s::bigint[])"
BY_PROCESS = """
SELECT workspace_id, process_id, count(*) FROM workflow_processinstance WHERE key = ANY(%s::bigint[])
GROUP BY workspace_id, process_id ORDER BY workspace_id, process_id
"""
INSERT_BATCH = """
INSERT INTO operate_batch (key, type, state, plan, definition_key, workspaces, requester_id, requester_name, reason, channel,
  request_id, url, total, items_per_job, created_at, started_at, ended_at)
VALUES (%s, %s, %s, %s::jsonb, %s, %s::bigint[], %s, %s, %s, %s, %s::uuid, %s, %s, %s, %s, %s, %s)
"""
INSERT_JOBS = """
INSERT INTO operate_batchjob (key, batch_key, state, suspended, retries, error_message, total, completed, failed, canceled,
  created_at)
SELECT key, %s, 'OPEN', false, %s, '', size, 0, 0, 0, %s FROM unnest(%s::bigint[], %s::int[]) AS new (key, size)
"""
INSERT_ITEMS = """
INSERT INTO operate_batchitem (batch_key, job_key, process_instance_key, state, error)
SELECT %s, (%s::bigint[])[(place - 1) / %s + 1], key, 'ACTIVE', ''
FROM unnest(%s::bigint[]) WITH ORDINALITY AS chosen (key, place)
"""


@dataclass(frozen=True)
class Selection:
    """Process instances by key, by query, or both: their union, each once."""

    keys: Sequence[int] = ()
    rows: QuerySet[ProcessInstance] | None = None
    """Already narrowed to what the requester may see."""
    may_be_empty: bool = False
    """Whether a selection that means nothing is a batch that is done at once, or refused."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The process instances of a batch, and the workspaces that they are in."""

    keys: Sequence[int]
    workspaces: Collection[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for a batch, by which way and why."""

    requester_id: int | None
    requester_name: str
    reason: str
    channel: str
    request_id: UUID | None
    url: str


def choose(selection: Selection, access: Access) -> Chosen:
    """Fix what a selection means now, in one statement each for list and query.

    Listed keys that do not exist, or that the requester may not see, stay in: each of them fails at its turn. Refused if
    there is none at all.
    """
    found: dict[int, int] = {}
    if selection.keys:
        visible = access.workspaces(Right.VIEW)
        places = dict(fetch(PLACES, (list(selection.keys),)))
        found = {key: place for key, place in places.items() if visible is None or place in visible}
    if selection.rows is not None:
        found.update(selection.rows.order_by().values_list("pk", "workspace_id")[: MOST + 1])
    keys = sorted({*selection.keys, *found})
    if not found and selection.rows is None and keys:
        raise NotFound(f"Expected to find a process instance with key '{keys[0]}', but there is none.")
    if not found and not selection.may_be_empty:
        raise Rejected("Process instance ids cannot be empty: there is none that the list or the query means.")
    if len(keys) > MOST:
        raise Rejected(f"Expected at most {MOST} process instances in one batch, found more.")
    return Chosen(keys, frozenset(found.values()))


def count_by_process(keys: Sequence[int]) -> list[tuple[int, str, int]]:
    """How many process instances there are of each process, by workspace."""
    return [(workspace_id, process_id, count) for workspace_id, process_id, count in fetch(BY_PROCESS, (list(keys),))]


def submit(plan: Plan, chosen: Chosen, request: Request, *, items_per_job: int | None = None) -> int:
    """Write the batch with its jobs and items, and return its key; the number of statements does not grow with them."""
    size = items_per_job or settings.FETTLE_BATCH_INSTANCES_PER_JOB
    total = len(chosen.keys)
    sizes = [min(size, total - start) for start in range(0, total, size)]
    batch_key, *job_keys = _new_keys(1 + len(sizes))
    now = clock()
    state, ended_at = (State.ACTIVE, None) if total else (State.COMPLETED, now)
    with transaction() as tx:
        tx.add(
            INSERT_BATCH,
            (
                batch_key,
                BatchType(plan.type).value,
                state.value,
                to_json(plan.to_json()),
                plan.definition_key,
                sorted(chosen.workspaces),
                request.requester_id,
                request.requester_name,
                request.reason,
                request.channel,
                request.request_id,
                request.url,
                total,
                size,
                now,
                ended_at,
                ended_at,
            ),
        )
        tx.add(INSERT_JOBS, (batch_key, RETRIES, now, job_keys, sizes))
        tx.add(INSERT_ITEMS, (batch_key, job_keys, size, list(chosen.keys)))
    return batch_key


def _new_keys(number: int) -> list[int]:
    """Keys of the one sequence of all rows, so that an id means one thing; whole blocks in one statement."""
    blocks = -(-number // key_blocks.BLOCK)
    firsts = fetch("SELECT nextval('workflow_key_seq') FROM generate_series(1, %s::int)", (blocks,))
    return sorted(key for (first,) in firsts for key in range(first, first + key_blocks.BLOCK))[:number]


__all__ = ["Chosen", "Request", "Selection", "choose", "count_by_process", "submit"]
