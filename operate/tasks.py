"""Upkeep of the task queue."""

from procrastinate import JobContext, builtin_tasks
from procrastinate.contrib.django import app

KEEP_HOURS = 72


@app.periodic(cron="0 4 * * *")
@app.task(name="operate.remove_finished_jobs", queueing_lock="operate.remove_finished_jobs", pass_context=True)
async def remove_finished_jobs(context: JobContext, timestamp: int) -> None:
    """Forget background jobs that succeeded some days ago; failed ones stay for people to look at."""
    await builtin_tasks.remove_old_jobs(context, max_hours=KEEP_HOURS)
