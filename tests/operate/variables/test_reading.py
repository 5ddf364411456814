"""Reading scopes and values: one query whatever their number, large documents exactly as they are."""

from __future__ import annotations

import json

import pytest

from operate.variables import exact
from operate.variables.history import history
from operate.variables.reading import document, scope_of, scopes, variables
from operate.variables.snapshots import snapshots, state_now
from operate.variables.warnings import warnings
from operate.workspaces import Access, Role
from tests.support.wire import wire_traffic
from workflow.models import Variable

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", [1, 1_000])
def test_what_the_page_reads_costs_the_same_for_any_number_of_variables(loans, number):
    # given
    loans.save(document=json.dumps({f"v{i}": {"amount": i, "tags": ["a", "b"]} for i in range(number)}))
    access = Access.of(loans.people[Role.WORKSPACE_ADMIN])
    scopes(loans.instance)
    # when
    with wire_traffic() as traffic:
        instance, scope = scope_of(loans.key, access)
        found = variables(instance, scope.key, cut=200)
        listed = scopes(instance)
        told = warnings(instance, scope)
        kept = snapshots(instance, access)
    # then: the instance, masks, variables, scopes (2), warnings (4), snapshots
    assert (len(found), listed[0].variables, told, len(kept)) == (number, number, [], 1)
    assert len(traffic.statements) == 10
    # when
    with wire_traffic() as traffic:
        [changed, *_] = history(instance, scope.key, ["v0"], access)
        state = state_now(instance)
    # then: history, masks, state, masks
    assert (changed.kind, len(state.scopes[0].variables)) == ("added", number)
    assert len(traffic.statements) == 4


def test_a_document_of_five_megabytes_is_as_it_was_typed(loans):
    # given
    rows = [{"id": 9007199254740993 + i, "rate": 1.5, "text": 'a line\nand "quotes" {[ ' * 5} for i in range(30_000)]
    text = json.dumps({"rows": rows, "price": 0}).replace('"price": 0', '"price": 1.10')
    assert len(text) > 5_000_000
    loans.save(document=text)
    # when
    shown = document(variables(loans.instance, loans.key, pretty=True), is_pretty=True)
    # then
    assert exact.is_same(exact.parse(shown), exact.parse(text))
    assert shown.startswith('{\n  "price": 1.10,\n  "rows": [\n    {\n      "id": 9007199254740993,\n')
    # when one number of it is edited
    edited = loans.save(document=shown.replace("1.10", "1.20"))
    # then
    assert [(each.name, each.before, each.after) for each in edited.changes] == [("price", "1.10", "1.20")]
    assert Variable.objects.get(scope_key=loans.key, name="rows").revision == 1


def test_strange_names_and_values_come_back_as_they_are(loans):
    # given
    strange = {
        'a "b" \\ c': None,
        "ü/ö 🙂": "🙂",
        "empty": {},
        "none": [],
        "zero": 0,
        "minus": -0.0,
        "text": "\t\u2028",
    }
    loans.save(document=json.dumps(strange))
    # when
    shown = document(variables(loans.instance, loans.key, pretty=True), is_pretty=True)
    # then
    assert json.loads(shown) == strange
    assert document(variables(loans.instance, loans.key)) == shown
