"""The heart-beat of a page: one statement says that somebody is there, and who else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from operate.presence.models import Doing, Presence
from workflow.persistence.connection import fetch

EXPIRES = 45
"""Seconds after which somebody who was not heard of is not there any more: three beats."""
MAX_WINDOW = 32
KEPT = 600

BEAT = """
WITH beat AS (
  INSERT INTO operate_presence AS known (process_instance_key, user_id, "window", doing, since, seen_at)
  VALUES (%(key)s::bigint, %(user)s::int, %(window)s::text, %(doing)s::smallint, now(), now())
  ON CONFLICT (process_instance_key, user_id, "window") DO UPDATE SET doing = excluded.doing, seen_at = excluded.seen_at,
    since = CASE WHEN known.doing = excluded.doing AND known.seen_at > now() - %(expires)s::int * interval '1 second'
                 THEN known.since ELSE excluded.since END)
SELECT DISTINCT ON (p.user_id) u.username, u.first_name, u.last_name, p.doing, p.since
FROM operate_presence p JOIN auth_user u ON u.id = p.user_id
WHERE p.process_instance_key = %(key)s::bigint AND p.user_id <> %(user)s::int
  AND p.seen_at > now() - %(expires)s::int * interval '1 second'
ORDER BY p.user_id, p.doing DESC, p.since
"""


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else who is there: one entry a person, whatever the number of windows."""

    name: str
    initials: str
    doing: Doing
    since: datetime


def beat(process_instance_key: int, user_id: int, window: str, doing: Doing) -> list[Other]:
    """Say that a window of the user shows the process instance; everybody else who is there, those who change it first."""
    parameters = {
        "key": process_instance_key,
        "user": user_id,
        "window": window[:MAX_WINDOW],
        "doing": int(doing),
        "expires": EXPIRES,
    }
    found = [
        Other(name := f"{first} {last}".strip() or username, initials_of(name), Doing(doing), since)
        for username, first, last, doing, since in fetch(BEAT, parameters)
    ]
    return sorted(found, key=lambda other: (-other.doing, other.since))


def leave(process_instance_key: int, user_id: int, window: str) -> None:
    """Say that the window was closed."""
    Presence.objects.filter(
        process_instance_key=process_instance_key, user_id=user_id, window=window[:MAX_WINDOW]
    ).delete()


def initials_of(name: str) -> str:
    """At most two letters that stand for somebody."""
    words = name.replace(".", " ").replace("_", " ").replace("@", " ").split()
    letters: Sequence[str] = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in letters).upper() or "?"


@app.periodic(cron="*/10 * * * *")
@app.task(name="operate.forget_presence", queueing_lock="operate.forget_presence")
def forget_presence(timestamp: int) -> None:
    """Remove windows that nothing was heard of for some minutes: they were closed without a word."""
    Presence.objects.filter(seen_at__lt=timezone.now() - timedelta(seconds=KEPT)).delete()


__all__ = ["EXPIRES", "Other", "beat", "forget_presence", "initials_of", "leave"]
