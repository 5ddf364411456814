"""Background work of the audit log."""

from procrastinate.contrib.django import app

from audit import sealing


@app.periodic(cron="* * * * *")
@app.task(name="audit.seal_audit_events", queueing_lock="audit.seal_audit_events")
def seal_audit_events(timestamp: int) -> None:
    """Seal the audit events of the last minute."""
    sealing.seal()
