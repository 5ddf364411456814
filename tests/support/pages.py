"""What a page costs in statements, held by baselines that reviews can see change."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.test import Client

from tests.support.wire import wire_traffic

BASELINES = Path(__file__).parents[1] / "statement_counts.json"


def statements_of(client: Client, address: str) -> list[str]:
    """What is sent to PostgreSQL to answer this address, once everything that is kept between requests is known."""
    assert client.get(address).status_code == 200, address
    with wire_traffic() as traffic:
        assert client.get(address).status_code == 200, address
    return traffic.statements


def assert_page_costs(name: str, client: Client, address: str, *, most: int) -> None:
    """The statements of a page are those of its baseline, and no more than `most`; UPDATE_BASELINES=1 sets the baseline."""
    sent = statements_of(client, address)
    told = f"'{name}' ({address}) sent {len(sent)}:\n" + "\n\n".join(sent)
    assert len(sent) <= most, told
    known = json.loads(BASELINES.read_text())
    if os.environ.get("UPDATE_BASELINES") == "1":
        known[name] = {"statements": len(sent)}
        BASELINES.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    assert known.get(name) == {"statements": len(sent)}, told
