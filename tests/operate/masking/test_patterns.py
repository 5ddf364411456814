"""What a pattern hides, and what it leaves alone."""

from __future__ import annotations

import json

import pytest

from operate.masking.patterns import MASK, Pattern, has_mask, masked

CUSTOMER = {"name": "Ann", "iban": "DE12", "accounts": [{"iban": "FR1", "kind": "a"}, {"kind": "b"}]}


@pytest.mark.parametrize(
    ("pattern", "name", "value", "expected"),
    [
        ("iban", "iban", "DE12", MASK),
        ("iban", "amount", 3, 3),
        ("card*", "cardNumber", 4111, MASK),
        ("iban", "iban", {"deep": [1]}, MASK),
        ("iban", "iban", None, MASK),
        ("customer.iban", "customer", CUSTOMER, {**CUSTOMER, "iban": MASK}),
        ("$.customer.iban", "customer", CUSTOMER, {**CUSTOMER, "iban": MASK}),
        (
            "customer.accounts.iban",
            "customer",
            CUSTOMER,
            {**CUSTOMER, "accounts": [{"iban": MASK, "kind": "a"}, {"kind": "b"}]},
        ),
        (
            "customer.accounts[*].iban",
            "customer",
            CUSTOMER,
            {**CUSTOMER, "accounts": [{"iban": MASK, "kind": "a"}, {"kind": "b"}]},
        ),
        ("customer.*", "customer", {"a": 1, "b": 2}, {"a": MASK, "b": MASK}),
        ("**.iban", "customer", {"a": {"iban": 1}, "iban": 2, "b": 3}, {"a": {"iban": MASK}, "iban": MASK, "b": 3}),
        ("**.iban", "iban", 1, MASK),
        ("customer.**.iban", "customer", {"a": {"b": {"iban": 1}}}, {"a": {"b": {"iban": MASK}}}),
        ("customer.**", "customer", {"a": {"b": 1}}, {"a": MASK}),
        ("customer.iban", "customer", "a name", "a name"),
    ],
)
def test_a_pattern_hides_what_it_names(pattern, name, value, expected):
    assert masked(name, value, [Pattern.read(pattern)]) == expected


def test_what_nothing_names_stays_the_same_object():
    assert masked("customer", CUSTOMER, [Pattern.read("customer.bic"), Pattern.read("order")]) is CUSTOMER
    assert CUSTOMER["iban"] == "DE12"


def test_json_inside_a_text_is_looked_into():
    found = masked("customer", json.dumps(CUSTOMER), [Pattern.read("customer.iban")])
    assert json.loads(found) == {**CUSTOMER, "iban": MASK}


def test_a_text_that_only_looks_like_json_is_hidden_whole():
    assert masked("customer", '{"iban": DE12', [Pattern.read("customer.iban")]) == MASK


def test_several_patterns_hide_together():
    found = masked("customer", CUSTOMER, [Pattern.read("customer.iban"), Pattern.read("customer.accounts.kind")])
    assert found == {**CUSTOMER, "iban": MASK, "accounts": [{"iban": "FR1", "kind": MASK}, {"kind": MASK}]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "found nothing"),
        ("  ", "found nothing"),
        ("a..b", "an empty one"),
        ("a[0]", "positions"),
        ("a" * 501, "500"),
    ],
)
def test_what_is_no_pattern_is_explained(text, problem):
    with pytest.raises(ValueError, match=problem):
        Pattern.read(text)


def test_a_mask_is_found_wherever_it_stands():
    assert has_mask({"a": [1, {"b": MASK}]})
    assert has_mask(json.dumps({"a": MASK}, ensure_ascii=False))
    assert not has_mask({"a": [1, "x", None]})
