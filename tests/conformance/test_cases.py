"""Plays the cases of `camunda7/` and `zeebe/` over HTTP against a live server, each dialect by its own client.

A case names its models and steps; a step is a mapping with one key, an unknown one is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.clients import Camunda7, Zeebe
from tests.conformance.play import STEPS, play

HERE = Path(__file__).parent
CLIENTS = {"camunda7": Camunda7, "zeebe": Zeebe}
CASES = [
    pytest.param(folder, case, id=f"{folder}-{case['id']}")
    for folder in CLIENTS
    for file in sorted((HERE / folder).glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("folder", "case"), CASES)
def test_case(folder, case, live_server, django_user_model):
    django_user_model.objects.create_superuser("conformance", password="secret")
    play(CLIENTS[folder](live_server.url, ("conformance", "secret")), case, HERE / "models")


@pytest.mark.parametrize(("folder", "case"), CASES)
def test_the_case_itself_is_well_formed(folder: str, case: dict[str, Any]):
    assert set(case) <= {"id", "models", "steps", "note"}
    assert all((HERE / "models" / name).is_file() for name in case["models"])
    assert all(len(step) == 1 and set(step) <= set(STEPS) for step in case["steps"])


def test_no_two_cases_have_the_same_id():
    ids = [param.id for param in CASES]
    assert len(ids) == len(set(ids)) >= 40
