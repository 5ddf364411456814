"""What the page of an audit event says of four eyes: the draft, who has asked and approved, or why the glass was broken."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from audit.models import AuditEvent, Subject
from operate.approvals.finding import visible_drafts
from operate.forms.keys import key_of


def four_eyes_of(event: AuditEvent, request: HttpRequest) -> dict[str, Any]:
    """Empty where nobody had to approve anything."""
    body = event.body or {}
    found: dict[str, Any] = {}
    if (key := _draft_of(event)) is not None:
        found["draft_key"] = key
        found["draft"] = visible_drafts(request.user).filter(pk=key).first()
    if approved_by := body.get("approved_by"):
        found |= {"requested_by": event.actor_name, "approved_by": approved_by}
    if isinstance(glass := body.get("break_glass"), dict):
        found["glass"] = glass
    return found


def _draft_of(event: AuditEvent) -> int | None:
    if event.entity_type == Subject.DRAFT:
        return event.entity_key
    return key_of(str((event.body or {}).get("draft") or ""))


__all__ = ["four_eyes_of"]
