"""What the analysis of plans says is recognised, and told in German."""

from __future__ import annotations

import pytest
from django.utils import translation

from operate.told import SENTENCES, told


@pytest.mark.parametrize("form", SENTENCES)
def test_every_form_is_recognised_with_its_values(form):
    values = {name: f"'Ship {name}'" for name in ("join", "sources", "able", "whole", "element", "elements", "others")}
    values |= {name: f"Ship {name}" for name in ("variables", "processes", "name", "worker", "key", "process", "task")}
    values |= {"assignee": "ada", "variable": "amount", "number": "2"}
    sentence = form % values
    with translation.override("de"):
        said = told(sentence)
    assert said != sentence
    assert told(sentence) == sentence


def test_what_is_said_of_several_is_told_whole():
    sentence = "From 'a', 'b', 'c' and 2 more no way leads to an end: the process instance can no longer complete."
    with translation.override("de"):
        said = told(f"{sentence} (In 3 instances of its scope.)")
    assert "'a', 'b', 'c' und 2 weitere" in said
    assert "die Prozessinstanz" in said
    assert "3 Instanzen" in said


def test_what_is_not_known_stays():
    with translation.override("de"):
        assert told("Something new is said.") == "Something new is said."
