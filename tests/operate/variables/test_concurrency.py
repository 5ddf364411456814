"""Many editors of one process instance at the same moment: each is saved, or told what has changed."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from audit.models import AuditEvent, Result, VariableSnapshot
from operate.actions import Edited
from operate.variables.edits import VariablesChanged, read_edit
from operate.variables.reading import variables
from workflow.models import FormerValue, ProcessInstance

pytestmark = pytest.mark.django_db(transaction=True)

EDITORS = 50


def at_once(editors, edit):
    """What `edit(number)` returns or raises for each editor, all on connections of their own and let go together."""
    barrier = threading.Barrier(editors)

    def run(number):
        try:
            barrier.wait(timeout=60)
            return edit(number)
        except VariablesChanged as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(editors) as pool:
        return list(pool.map(run, range(editors)))


def test_of_many_who_change_the_same_variable_one_is_saved_and_all_others_are_told(loans):
    # given
    seen = loans.seen()
    edits = [read_edit(loans.key, {"set": {"amount": {"text": str(n)}}, "seen": seen}) for n in range(EDITORS)]
    actions = [loans.act() for _ in range(EDITORS)]
    # when
    answers = at_once(EDITORS, lambda n: actions[n].execute(edits[n]))
    # then
    saved = [number for number, answer in enumerate(answers) if isinstance(answer, Edited)]
    told = [answer for answer in answers if isinstance(answer, VariablesChanged)]
    assert (len(saved), len(told)) == (1, EDITORS - 1)
    assert loans.texts()["amount"] == str(saved[0])
    assert {each.conflicts[0].theirs.text for each in told} == {str(saved[0])}
    assert AuditEvent.objects.filter(result=Result.REFUSED, subject="Process variables").count() == EDITORS - 1


def test_many_who_count_and_try_again_when_told_lose_nothing(loans):
    # given
    actions = [loans.act() for _ in range(EDITORS)]

    def count(number):
        [read] = variables(loans.instance, loans.key, names=["amount"])
        seen, amount = {"amount": read.version}, int(read.text)
        tries = 0
        while True:
            tries += 1
            edit = read_edit(loans.key, {"set": {"amount": {"text": str(amount + 1)}}, "seen": seen})
            try:
                actions[number].execute(edit)
                return tries
            except VariablesChanged as refusal:
                seen, amount = refusal.seen, int(refusal.conflicts[0].theirs.text)

    # when
    tries = at_once(EDITORS, count)
    # then
    assert loans.texts()["amount"] == str(100 + EDITORS)
    assert all(isinstance(each, int) for each in tries)
    rows = FormerValue.objects.filter(process_instance=loans.key, name="amount").order_by("revision")
    assert [row.value for row in rows] == list(range(100, 100 + EDITORS))
    moments = [row.replaced_at for row in rows]
    assert moments == sorted(moments)
    assert VariableSnapshot.objects.count() == EDITORS


def test_many_who_send_whole_documents_keep_each_others_changes(loans):
    # given
    actions = [loans.act() for _ in range(EDITORS)]
    seen = loans.seen()
    whole = {name: json.loads(text) for name, text in loans.texts().items()}

    def add(number):
        document = json.dumps({**whole, f"by{number}": number})
        return actions[number].execute(read_edit(loans.key, {"document": document, "seen": seen}))

    # when
    answers = at_once(EDITORS, add)
    # then
    assert all(isinstance(answer, Edited) for answer in answers)
    assert loans.texts() == {
        "amount": "100",
        "customer": '{"city": "Rome", "name": "Ann"}',
        **{f"by{number}": str(number) for number in range(EDITORS)},
    }
    assert ProcessInstance.objects.get(pk=loans.key).revision == 1 + EDITORS
