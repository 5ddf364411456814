"""Upkeep: what has had its time is removed."""

from procrastinate import JobContext, builtin_tasks
from procrastinate.contrib.django import app

from operate import (
    cleanup,  # noqa: F401  (its tasks are found with these)
    figures,
)
from operate.alerts import checking  # noqa: F401  (as are these)
from operate.approvals import executing as _approvals  # noqa: F401  (as are these)
from operate.notifications import background as _notifications  # noqa: F401  (as are these)
from operate.presence import beats  # noqa: F401  (as are these)
from operate.search import background  # noqa: F401  (as are these)
from workflow import services

KEEP_HOURS = 72


@app.periodic(cron="*/10 * * * *")
@app.task(name="operate.add_up_figures", queueing_lock="operate.add_up_figures")
def add_up_figures(timestamp: int) -> None:
    """Add up for the charts what has happened since the last time."""
    figures.add_up()


@app.periodic(cron="0 4 * * *")
@app.task(name="operate.remove_finished_jobs", queueing_lock="operate.remove_finished_jobs", pass_context=True)
async def remove_finished_jobs(context: JobContext, timestamp: int) -> None:
    """Forget background jobs that succeeded some days ago; failed ones stay for people to look at."""
    await builtin_tasks.remove_old_jobs(context, max_hours=KEEP_HOURS)


@app.periodic(cron="*/10 * * * *")
@app.task(name="operate.discard_expired_messages", queueing_lock="operate.discard_expired_messages")
def discard_expired_messages(timestamp: int) -> None:
    """Remove messages that were published for a time that is over."""
    services.discard_expired_messages()
