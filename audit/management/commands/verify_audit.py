"""Verify that no sealed audit event was changed, removed or inserted."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import sealing
from audit.models import AuditEvent
from workflow.models import Workspace

NO_WORKSPACE = "-"


class Command(BaseCommand):
    """Recompute the hash chain of every workspace; exit with an error and name the first broken link of each."""

    help = (
        "Recompute the hash chain of every workspace and print where each one ends. Note the ends elsewhere and give "
        "them back with --expect later: only so is it noticed if the newest events were cut off."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="WORKSPACE:SEQUENCE:HASH",
            help="An end of a chain as this command printed it before; it has to be in the chain still.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names: dict[int | None, str] = dict(Workspace.objects.values_list("pk", "slug"))
        names[None] = NO_WORKSPACE
        verification = sealing.verify()
        for workspace_id, end in verification.ends.items():
            self.stdout.write(f"{names.get(workspace_id, workspace_id)}:{end.sequence}:{end.hash}")
        problems = [
            f"workspace '{names.get(link.workspace_id, link.workspace_id)}', sequence {link.sequence}, "
            f"audit event '{link.key}': {link.reason}"
            for link in verification.broken
        ]
        keys = {name: workspace_id for workspace_id, name in names.items()}
        problems += [problem for text in options["expect"] if (problem := _missing(text, keys))]
        if problems:
            raise CommandError("The audit chain is broken.\n" + "\n".join(problems))
        unsealed = AuditEvent.objects.unsealed().count()
        self.stdout.write(self.style.SUCCESS(f"The audit chain holds; {unsealed} events are not sealed yet."))


def _missing(text: str, keys: dict[str, int | None]) -> str:
    """Why the noted end of a chain is not found, or nothing."""
    name, _, rest = text.partition(":")
    sequence, _, event_hash = rest.partition(":")
    if name not in keys or not sequence.isdigit() or not event_hash:
        raise CommandError(f"Expected WORKSPACE:SEQUENCE:HASH with an existing workspace for --expect, found '{text}'.")
    noted = AuditEvent.objects.filter(workspace_id=keys[name], sequence=int(sequence), hash=event_hash)
    if noted.exists():
        return ""
    return f"workspace '{name}': expected the noted event with sequence {sequence}, found none: cut off or rewritten"
