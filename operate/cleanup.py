"""History is kept for the time that each process definition says; what is older is deleted in the background."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from procrastinate.contrib.django import app

from audit.models import Channel, Event, Subject
from audit.record import NewAuditEvent, record
from workflow import services
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import clock
from workflow.services import ExpiredInstance

CHUNK = 200
"""Process instances that are deleted in one transaction, with what they have called."""
RUN = 50_000
"""What one run takes on; an audit event a workspace tells of it."""

logger = logging.getLogger(__name__)


@app.periodic(cron="23 * * * *")
@app.task(name="operate.clean_up_history", queueing_lock="operate.clean_up_history")
def clean_up_history(timestamp: int) -> None:
    """Delete ended process instances whose time to live is over."""
    after = 0
    while expired := services.expired_instances(after=after, limit=RUN):
        delete_expired(expired)
        after = expired[-1].key


def delete_expired(expired: Sequence[ExpiredInstance]) -> int:
    """Delete these instances chunk by chunk; how many went, called ones included.

    The audit event is written with the first chunk: a run that is killed has told what it was about, and the next one
    deletes the rest.
    """
    total = len(expired)
    deleted = 0
    logger.info("History clean-up: %d process instances have had their time to live.", total)
    for start in range(0, total, CHUNK):
        chunk = expired[start : start + CHUNK]
        with transaction():
            if start == 0:
                _record(expired)
            deleted += services.delete_expired_instances([each.key for each in chunk])
        logger.info(
            "History clean-up: %d of %d done, %d process instances deleted so far.", start + len(chunk), total, deleted
        )
    return deleted


def _record(expired: Sequence[ExpiredInstance]) -> None:
    found: dict[int, Counter[str]] = {}
    for each in expired:
        found.setdefault(each.workspace_id, Counter())[each.process_id] += 1
    for workspace_id, processes in sorted(found.items()):
        record(
            NewAuditEvent(
                event=Event.DELETE,
                subject=Subject.PROCESS_INSTANCE,
                channel=Channel.SYSTEM,
                at=clock(),
                workspace_id=workspace_id,
                reason="The history time to live is over.",
                body={"process_instances": processes.total(), "by_process": dict(sorted(processes.items()))},
            )
        )
