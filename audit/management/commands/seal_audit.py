"""Seal audit events by hand, where no worker runs."""

from typing import Any

from django.core.management.base import BaseCommand

from audit import sealing


class Command(BaseCommand):
    """Seal all audit events that are not sealed yet."""

    help = "Seal all audit events that are not sealed yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sealing.seal()} audit events sealed.")
