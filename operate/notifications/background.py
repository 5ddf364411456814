"""Upkeep of the outbox."""

from procrastinate.contrib.django import app

from operate.notifications.delivering import forget_old


@app.periodic(cron="43 3 * * *")
@app.task(name="operate.forget_old_notifications", queueing_lock="operate.forget_old_notifications")
def forget_old_notifications(timestamp: int) -> None:
    """Remove what was told long ago."""
    forget_old()
