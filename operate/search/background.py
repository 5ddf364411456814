"""Re-indexing in the background: after every change of what is configured, once all server processes know of it."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from workflow import services
from workflow.persistence.unit_of_work import clock
from workflow.services.data_search import SETTLED

NAME = "operate.reindex_search"


@app.task(name=NAME, lock=NAME)
def reindex_search() -> None:
    """Do the re-indexings that wait long enough; the others are found a minute later at most."""
    settled = clock() - timedelta(seconds=SETTLED)
    for run in services.waiting_reindexings():
        if run.requested_at <= settled:
            while services.reindex_some(run):
                pass


@app.periodic(cron="* * * * *")
@app.task(name=f"{NAME}_that_waits", lock=NAME, queueing_lock=f"{NAME}_that_waits")
def reindex_what_waits(timestamp: int) -> None:
    """Find what nobody has told of: declared by a deployment, or left by a worker that was killed."""
    reindex_search()


def reindex_soon() -> None:
    """Let a worker do it as soon as it may be done; part of the transaction that has changed the configuration."""
    reindex_search.configure(schedule_in={"seconds": int(SETTLED) + 1}).defer()


__all__ = ["reindex_search", "reindex_soon", "reindex_what_waits"]
