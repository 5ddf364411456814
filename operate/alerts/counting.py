"""How many process instances match a saved filter: counted as its owner would, and never further than it matters."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from operate.alerts.models import Alert, Direction
from operate.forms.instance_filter import ProcessInstanceFilter
from operate.lists import SavedFilter
from operate.workspaces import Access, Right, visible_to
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance

PATIENCE_SECONDS = 10


def count(alert: Alert) -> int:
    """The number of matches in the alert's workspace, at most one more than the threshold.

    Raises Rejected where the filter means nothing any more, or takes too long.
    """
    most = alert.threshold + 1
    try:
        with transaction.atomic():
            _limit_statements(f"'{PATIENCE_SECONDS}s'")
            rows = matching(alert.saved_filter, alert.owner, alert.workspace_id)
            found = int(rows.order_by()[:most].count())
            _limit_statements("DEFAULT")
    except OperationalError:
        told = _(
            "Counting took more than %(seconds)d seconds and was given up. Narrow the filter, to one process for instance."
        )
        raise Rejected(told % {"seconds": PATIENCE_SECONDS}) from None
    return found


def _limit_statements(limit: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {limit}")


def matching(saved: SavedFilter, user: Any, workspace_id: int) -> Any:
    """The process instances of one workspace that the filter finds for the user; Rejected says what is wrong with it."""
    filters = ProcessInstanceFilter(QueryDict(saved.query), user=user)
    if not filters.is_valid():
        name, problems = next(iter(filters.errors.items()))
        facts = {"field": filters.fields[name].label, "problem": problems[0]}
        raise Rejected(_("The filter is not valid any more: %(field)s: %(problem)s") % facts)
    rows = visible_to(ProcessInstance.objects.filter(workspace=workspace_id), user)
    return filters.narrow(rows)


def is_met(alert: Alert, found: int) -> bool:
    """Whether that many are worth telling."""
    return found > alert.threshold if alert.direction == Direction.ABOVE else found < alert.threshold


def why_lost(alert: Alert) -> str:
    """Why the owner may not have this alert any more; empty as long as all is well."""
    facts = {
        "name": alert.owner.get_username(),
        "workspace": alert.workspace.name,
        "filter": alert.saved_filter.name,
    }
    if not alert.owner.is_active:
        return _("'%(name)s' is not active any more.") % facts
    access = Access.of(alert.owner)
    if not access.may(Right.VIEW, alert.workspace_id):
        return _("'%(name)s' does not see workspace '%(workspace)s' any more.") % facts
    saved = alert.saved_filter
    shared = saved.workspace_id
    if saved.owner_id != alert.owner_id and (shared is None or not access.may(Right.VIEW, shared)):
        return _("'%(name)s' may not use the filter '%(filter)s' any more.") % facts
    return ""


__all__ = ["PATIENCE_SECONDS", "count", "is_met", "matching", "why_lost"]
