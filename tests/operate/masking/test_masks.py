"""Who is shown what of masked variables."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from operate.masking.masks import Masks
from operate.masking.models import MaskedVariable
from operate.masking.patterns import MASK
from operate.workspaces import Role, add_member
from workflow.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def loans() -> Workspace:
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    MaskedVariable.objects.create(workspace=workspace, process_id="order", pattern="customer.iban")
    MaskedVariable.objects.create(workspace=workspace, process_id="refund", pattern="card")
    return workspace


def somebody(role, workspace):
    user = get_user_model().objects.create(username=role)
    add_member(user, workspace, role)
    return get_user_model().objects.get(pk=user.pk)


def test_the_right_decides_what_a_user_is_shown(loans, django_assert_num_queries):
    operator, administrator = somebody(Role.OPERATOR, loans), somebody(Role.WORKSPACE_ADMIN, loans)
    assert Masks.of(operator).value(loans.pk, "order", "customer", {"iban": 1}) == {"iban": MASK}
    assert Masks.of(administrator).value(loans.pk, "order", "customer", {"iban": 1}) == {"iban": 1}
    assert Masks.of(AnonymousUser()).value(loans.pk, "order", "customer", {"iban": 1}) == {"iban": MASK}
    with django_assert_num_queries(0):
        assert Masks.of(operator)


def test_pages_hide_from_everybody(loans):
    assert Masks.for_pages().value(loans.pk, "refund", "card", 4111) == MASK


def test_a_pattern_is_for_one_process_in_one_workspace(loans):
    masks, elsewhere = Masks.for_pages(), Workspace.objects.create(slug="cards", name="Cards")
    assert masks.value(loans.pk, "order", "card", 4111) == 4111
    assert masks.value(elsewhere.pk, "refund", "card", 4111) == 4111


def test_an_audit_event_hides_wherever_it_tells_a_variable(loans):
    body = {
        "variables": [{"name": "customer", "before": {"iban": 1}, "after": {"iban": 2, "x": 3}, "scope_key": 7}],
        "plan": [{"text": "Start before", "variables": {"customer": {"iban": 4}, "n": 5}}],
        "name": "customer",
    }
    assert Masks.for_pages().body(loans.pk, "order", body) == {
        "variables": [{"name": "customer", "before": {"iban": MASK}, "after": {"iban": MASK, "x": 3}, "scope_key": 7}],
        "plan": [{"text": "Start before", "variables": {"customer": {"iban": MASK}, "n": 5}}],
        "name": "customer",
    }


def test_what_belongs_to_no_process_is_hidden_by_all_patterns(loans):
    body = {"variables": {"card": 1, "customer": {"iban": 2}}}
    hidden = {"variables": {"card": MASK, "customer": {"iban": MASK}}}
    assert Masks.for_pages().body(loans.pk, "", body) == hidden
    assert Masks.for_pages().body(None, "", body) == hidden
    assert Masks.for_pages().body(loans.pk + 1, "", body) == body


def test_where_nothing_is_masked_nothing_is_looked_at():
    masks = Masks.for_pages()
    assert not masks
    body = {"variables": {"card": 1}}
    assert masks.body(None, "", body) is body
