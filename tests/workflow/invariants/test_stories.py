"""Whatever happens to whatever process, some things hold: random processes under random commands.

`INVARIANT_STORIES` tells how many stories are told instead of a few, each time others.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflow.invariants.story import tell
from workflow.graph import Semantics

STORIES = int(os.environ.get("INVARIANT_STORIES", "0"))
PROFILE = settings(
    deadline=None,
    database=None,
    derandomize=not STORIES,
    max_examples=STORIES or 6,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db
@pytest.mark.parametrize("semantics", Semantics)
@PROFILE
@given(random=st.randoms(use_true_random=False))
def test_what_must_hold_holds_after_every_command(semantics: Semantics, random: Random) -> None:
    with transaction.atomic():
        tell(random, semantics, size=8, commands=10)
        transaction.set_rollback(True)
