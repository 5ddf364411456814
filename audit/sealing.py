"""The hash chain over each workspace's audit events.

Sealing follows behind, so that commands never wait for each other because of the chain. Each sealed event has the
next sequence number of its workspace (in the order in which sealing came to see them) and a hash over the hash before
it and everything the event says, its variable snapshots included: to change, remove or insert one unnoticed, all later
ones would have to be rewritten. Cutting off the newest ones is noticed by whoever noted the chain's end elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

BATCH_SIZE = 1_000
LOCK = 0x5EA1_A0D1  # any constant that no other advisory lock uses

_CONTENT = """
    event.key, event.workspace_id, event.sequence, event.hash, event.at, event.actor_id, event.actor_name,
    event.on_behalf_of, event.channel, event.request_id::text, event.url, event.event, event.subject,
    event.entity_type, event.entity_key, event.process_instance_key, event.definition_key, event.process_id,
    event.reason, event.body::text, event.result, event.message,
    (SELECT json_agg(json_build_array(process_instance_key, scope_key, name, existed, value::text, type, revision)
                     ORDER BY snapshot.key)::text
     FROM audit_variablesnapshot snapshot WHERE snapshot.audit_event_key = event.key)
"""

# A running transaction may hold events with lower keys; they take their place once they are committed. Waiting for it
# would let any long transaction on the server, in whichever database, keep everything unsealed.
_UNSEALED = f"""
    SELECT {_CONTENT} FROM audit_auditevent event
    WHERE event.sequence IS NULL
    ORDER BY event.key LIMIT %s
"""

_SEAL = """
    UPDATE audit_auditevent event SET sequence = seal.sequence, hash = seal.hash
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS seal (key, sequence, hash)
    WHERE event.key = seal.key
"""

_END_OF_CHAIN = """
    SELECT sequence, hash FROM audit_auditevent
    WHERE workspace_id IS NOT DISTINCT FROM %s AND sequence IS NOT NULL
    ORDER BY sequence DESC LIMIT 1
"""

_SEALED = f"""
    SELECT {_CONTENT} FROM audit_auditevent event WHERE event.sequence IS NOT NULL
    ORDER BY event.workspace_id, event.sequence
"""


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last sealed event of a workspace; sequence 0 before the first one."""

    sequence: int = 0
    hash: str = ""


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first place where a workspace's chain does not hold."""

    workspace_id: int | None
    sequence: int
    key: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading all chains found: their ends as far as they hold, and the first broken link of each other one."""

    ends: dict[int | None, ChainEnd]
    broken: tuple[BrokenLink, ...]


def seal(*, batch_size: int = BATCH_SIZE) -> int:
    """Seal all committed events and return their number; 0 as well while somebody else is at it."""
    total = 0
    while sealed := _seal_batch(batch_size):
        total += sealed
        if sealed < batch_size:
            break
    return total


def verify() -> Verification:
    """Read every chain from its first event and recompute each hash."""
    ends: dict[int | None, ChainEnd] = {}
    broken: dict[int | None, BrokenLink] = {}
    for event in _sealed_events():
        if event.workspace_id in broken:
            continue
        before = ends.get(event.workspace_id, ChainEnd())
        problem = _problem_of(event, before)
        if problem:
            broken[event.workspace_id] = BrokenLink(event.workspace_id, event.sequence, event.key, problem)
        else:
            ends[event.workspace_id] = ChainEnd(event.sequence, event.hash)
    return Verification(ends, tuple(broken.values()))


@dataclass(frozen=True, slots=True)
class _StoredEvent:
    key: int
    workspace_id: int | None
    sequence: int
    hash: str
    content: tuple[Any, ...]

    @classmethod
    def read(cls, row: tuple[Any, ...]) -> _StoredEvent:
        key, workspace_id, sequence, event_hash, at, *rest = row
        moment: datetime = at
        content = (key, workspace_id, moment.astimezone(UTC).isoformat(), *rest)
        return cls(key, workspace_id, sequence or 0, event_hash or "", content)

    def hash_after(self, before: ChainEnd) -> str:
        """The hash of this event as the next one of the chain."""
        line = json.dumps([before.hash, before.sequence + 1, *self.content], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(line.encode()).hexdigest()


def _seal_batch(size: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_UNSEALED, [size])
        events = [_StoredEvent.read(row) for row in cursor.fetchall()]
        ends = {workspace_id: _end_of_chain(cursor, workspace_id) for workspace_id in {e.workspace_id for e in events}}
        seals: list[tuple[int, int, str]] = []
        for event in events:
            before = ends[event.workspace_id]
            after = ends[event.workspace_id] = ChainEnd(before.sequence + 1, event.hash_after(before))
            seals.append((event.key, after.sequence, after.hash))
        if seals:
            cursor.execute(_SEAL, [list(column) for column in zip(*seals, strict=True)])
        return len(seals)


def _end_of_chain(cursor: Any, workspace_id: int | None) -> ChainEnd:
    cursor.execute(_END_OF_CHAIN, [workspace_id])
    row = cursor.fetchone()
    return ChainEnd(*row) if row else ChainEnd()


def _sealed_events() -> Iterator[_StoredEvent]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_SEALED)
        while rows := cursor.fetchmany(BATCH_SIZE):
            for row in rows:
                yield _StoredEvent.read(row)


def _problem_of(event: _StoredEvent, before: ChainEnd) -> str:
    if event.sequence != before.sequence + 1:
        return f"expected the event with sequence {before.sequence + 1}, found {event.sequence}: events are missing"
    if event.hash != event.hash_after(before):
        return "its hash does not fit: it, a snapshot of it, or the event before it was changed"
    return ""
