"""The demo data: `make run` loads it unless DEMO=0."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operate.demo.loading import is_loaded, load
from workflow.persistence.unit_of_work import clock

STEP = 25


class Command(BaseCommand):
    """Fill three workspaces with a bank's and a shop's past weeks, once; production settings refuse it."""

    help = "Load the demo: three workspaces, users for every role, about 300 process instances. Does nothing the second time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--share", type=float, default=1.0, help="part of the instances to make, from 0 to 1")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.FETTLE_ENVIRONMENT == "Production":
            raise CommandError("The demo is not for production: its passwords equal the user names.")
        if is_loaded():
            self.stdout.write("The demo is there already.")
            return
        told = load(clock(), progress=self._progress, share=options["share"])
        self.stdout.write(f"Demo loaded: {sum(told.values())} process instances.")

    def _progress(self, done: int, total: int) -> None:
        if done % STEP == 0 or done == total:
            self.stdout.write(f"  {done} of {total} process instances …")
            self.stdout.flush()
