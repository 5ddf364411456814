"""The variables of a process instance, as an operator corrects them.

Each docstring names the rules that its test shows; RULES.md lists them.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from audit.models import AuditEvent, VariableSnapshot
from operate.masking.models import MaskedVariable
from tests.browser.clicks import Hand
from tests.browser.conftest import Office, choose_tab
from workflow import services
from workflow.engine.values import TypedValue
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.services import JobRequest, Resource, deploy, start_process_instance

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="loans">
"""
CLAIM = f"""{HEAD}
  <process id="claim" name="Claim" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f0" sourceRef="start" targetRef="fork" /><parallelGateway id="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="answered" /><sequenceFlow id="f2" sourceRef="fork" targetRef="check" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="parcel" />
    <intermediateCatchEvent id="answered" name="Bureau answered"><conditionalEventDefinition>
      <condition xsi:type="tFormalExpression">${{integration.responseReceived}}</condition>
    </conditionalEventDefinition></intermediateCatchEvent>
    <sequenceFlow id="f4" sourceRef="answered" targetRef="settle" /><userTask id="settle" name="Settle" />
    <userTask id="check" name="Check claim" /><sequenceFlow id="f5" sourceRef="check" targetRef="decide" />
    <exclusiveGateway id="decide" />
    <sequenceFlow id="f6" sourceRef="decide" targetRef="accept">
      <conditionExpression xsi:type="tFormalExpression">${{application.score >= 700}}</conditionExpression></sequenceFlow>
    <sequenceFlow id="f7" sourceRef="decide" targetRef="reject">
      <conditionExpression xsi:type="tFormalExpression">${{application.score &lt; 700}}</conditionExpression></sequenceFlow>
    <userTask id="accept" name="Accept" /><userTask id="reject" name="Reject" />
    <subProcess id="parcel" name="Parcel"><startEvent id="begin" />
      <sequenceFlow id="p1" sourceRef="begin" targetRef="pack" /><userTask id="pack" name="Pack" /></subProcess>
  </process>
</definitions>
"""
CALLING = f"""{HEAD}
  <process id="calling" name="Calling" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f0" sourceRef="start" targetRef="fork" /><parallelGateway id="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="ask" /><sequenceFlow id="f2" sourceRef="fork" targetRef="sub" />
    <serviceTask id="ask" name="Ask the bureau" camunda:type="external" camunda:topic="bureau" />
    <callActivity id="sub" name="Ship" calledElement="shipping">
      <extensionElements><camunda:in variables="all" /></extensionElements></callActivity>
  </process>
  <process id="shipping" name="Shipping" isExecutable="true">
    <startEvent id="begin" /><sequenceFlow id="c1" sourceRef="begin" targetRef="pack" /><userTask id="pack" name="Pack" />
  </process>
</definitions>
"""


def start(office: Office, model: str, process_id: str, **variables: object) -> int:
    """Start a process of a model, with the key of the process instance."""
    resource = Resource(f"{process_id}.bpmn", model.encode())
    deployed = deploy([resource], workspace_id=office.workspace.pk, fallback=Semantics.CAMUNDA_7)
    definition = next(each for each in deployed.definitions if each.process_id == process_id)
    return start_process_instance(definition.key, variables=variables).process_instance_key


def claim(office: Office, **variables: object) -> int:
    return start(office, CLAIM, "claim", **variables)


def stored(scope: int) -> dict[str, object]:
    return dict(Variable.objects.filter(scope_key=scope).values_list("name", "value"))


def standing(key: int) -> set[str]:
    rows = ElementInstance.objects.filter(process_instance=key, state__in=("ACTIVATING", "ACTIVE", "COMPLETING"))
    return set(rows.values_list("element_id", flat=True))


def write(page: Page, text: str) -> None:
    """Put a text into the large editor."""
    editor = page.locator("#variables-editor .cm-content").last
    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def save_button(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("#variables-editor").get_by_role("button", name="Save")


def toast(page: Page, text: str) -> None:
    expect(page.locator("#toasts")).to_contain_text(text)


def modify(office: Office, page: Page, key: int) -> None:
    """Open the editor for all variables."""
    office.open(page, key, "?edit=variables")
    expect(page.locator("#variables-editor .cm-content")).to_be_visible()


# -- ways in, and ways to look


def test_both_menus_open_the_editor(office: Office) -> None:
    """B5: row menu, Modify variables, editor. B6: the same from the menu of the instance page."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    page.goto("/workflow/processinstance/")
    page.get_by_label(f"Actions of {key}").click()
    page.get_by_role("link", name="Modify variables").click()
    expect(page.locator("#variables-editor .cm-content")).to_contain_text('"amount": 40000')
    expect(page.get_by_role("tab", name="Variables")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#variables-editor")).to_be_hidden()
    page.locator("summary[aria-label='More actions']").click()
    page.get_by_role("link", name="Modify variables").click()
    expect(page.locator("#variables-editor .cm-content")).to_contain_text('"amount": 40000')


def test_the_tree_opens_closes_and_finds(office: Office) -> None:
    """B7: hierarchical, opened and closed, searched through all levels; by mouse and by keyboard."""
    key = claim(office, customer={"name": "Ann", "address": {"city": "Ulm", "lines": [1, 2]}}, note="plain")
    page = office.login("sam")
    office.open(page, key, "?tab=variables")
    tree = page.get_by_role("treegrid")
    customer = tree.locator("[data-variable='customer']")
    expect(customer).to_have_attribute("aria-expanded", "false")
    customer.get_by_role("button", name="Open customer").click()
    address = tree.locator("""[data-path='["address"]']""")
    expect(address).to_contain_text("object · 2")
    address.focus()
    page.keyboard.press("ArrowRight")
    expect(tree.locator("""[data-path='["address","city"]']""")).to_contain_text('"Ulm"')
    page.keyboard.press("ArrowLeft")
    expect(tree.locator("""[data-path='["address","city"]']""")).to_have_count(0)
    customer.get_by_role("button", name="Open customer").click()
    expect(address).to_have_count(0)
    page.get_by_label("Search names and values").fill("ulm")
    expect(tree.locator("mark")).to_have_text("Ulm")
    expect(tree.locator("[data-variable='note']")).to_be_hidden()
    expect(tree.locator("""[data-path='["name"]']""")).to_have_count(0)
    page.get_by_label("Search names and values").fill("nowhere at all")
    expect(page.locator("[data-search-note]")).to_contain_text("Nothing here contains that")
    page.get_by_label("Search names and values").fill("")
    expect(tree.locator("[data-variable='note']")).to_be_visible()


def test_json_is_read_only_until_it_is_modified(office: Office) -> None:
    """B8, B16, B4: JSON by the drop-down, coloured, read-only; Modify variables makes it editable; Cancel changes nothing."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    page.get_by_label("View", exact=True).select_option("JSON view")
    view = page.locator("#variables-view .cm-content")
    expect(view).to_contain_text('"amount": 40000')
    expect(view).to_have_attribute("aria-readonly", "true")
    expect(page).to_have_url(re.compile("view=json"))
    colours = {span.evaluate("each => getComputedStyle(each).color") for span in view.locator(".cm-line span").all()}
    assert len(colours) >= 3  # names, texts and numbers
    view.click()
    page.keyboard.type("x")
    expect(view).not_to_contain_text("x40000")
    page.get_by_role("button", name="Modify variables").click()
    expect(page.locator("#variables-editor .cm-content")).not_to_have_attribute("aria-readonly", "true")
    write(page, "{}")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Discard").click()
    expect(view).to_contain_text('"amount": 40000')
    assert stored(key) == {"amount": 40_000}


def test_the_export_is_the_document(office: Office) -> None:
    """B9: Export downloads the variables, with all digits."""
    key = claim(office, big=2**53 + 1, who={"name": "Änne"})
    page = office.login("sam")
    office.open(page, key, "?tab=variables")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as JSON").click()
    assert download.value.suggested_filename == f"claim-{key}-variables.json"
    text = download.value.path().read_text()
    assert json.loads(text) == {"big": 2**53 + 1, "who": {"name": "Änne"}}
    assert '"big": 9007199254740993' in text


def test_the_scope_is_chosen_and_its_variables_are_edited(office: Office) -> None:
    """The process and every running scope, by name and with counts."""
    key = claim(office, amount=1)
    parcel = ElementInstance.objects.get(process_instance=key, element_id="parcel").key
    services.set_variables(parcel, {"weight": 3}, local=True)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    scopes = page.get_by_label("Scope", exact=True)
    expect(scopes).to_contain_text("Process instance (1)")
    scopes.select_option(str(parcel))
    expect(page.locator("[data-variable='weight']")).to_be_visible()
    expect(page.locator("[data-variable='amount']")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"scope={parcel}"))
    page.locator("[data-variable='weight'] code").dblclick()
    page.get_by_label("Value of weight (JSON)").fill("4")
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'weight' saved.")
    assert stored(parcel) == {"weight": 4}
    expect(page.get_by_label("Scope", exact=True).locator("option:checked")).to_contain_text("Parcel (1)")


# -- the large editor


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{\n  "field1": "value1"\n  "field2": "value2"\n}', "missing comma", 2),
        ('{\n  "field1": "value1",\n  "field2": "value2",\n}', "trailing comma", 3),
        ('{\n  "object": {\n    "field": "value"\n', "never closed", 1),
        ("{\n  field1: 1\n}", "missing quotes", 2),
        ('{\n  "field1": value\n}', "missing quotes", 2),
        ('{\n  "a": 1,\n  "a": 2\n}', "duplicate key", 3),
    ],
)
def test_a_fault_is_marked_named_and_not_saved(office: Office, text: str, message: str, line: int) -> None:
    """B4, B17, B18, B42: marked at its line, named in words under 'Invalid JSON format', Save off with the reason."""
    key = claim(office, amount=12_000)
    page = office.login("ada")
    modify(office, page, key)
    write(page, text)
    fault = page.locator("#variables-editor .ft-fault").first
    expect(fault).to_contain_text("Invalid JSON format")
    expect(fault).to_contain_text(message)
    expect(fault).to_contain_text(f"(line {line},")
    expect(page.locator("#variables-editor .cm-lint-marker-error").first).to_be_visible()
    expect(save_button(page)).to_be_disabled()
    expect(save_button(page)).to_have_attribute("title", "Invalid JSON format")
    page.keyboard.press("ControlOrMeta+Enter")
    assert stored(key) == {"amount": 12_000}


def test_several_faults_are_all_told_and_lead_to_their_place(office: Office) -> None:
    """B42: every error location is shown, and a click goes there; Format puts a sound text in order."""
    key = claim(office, amount=12_000)
    page = office.login("ada")
    modify(office, page, key)
    write(page, '{"a": 1,\n"b": True,\n"c": [1, 2,]}')
    faults = page.locator("#variables-editor .ft-fault")
    expect(faults).to_have_count(2)
    faults.nth(1).click()
    page.keyboard.press("Delete")
    expect(faults).to_have_count(1)
    expect(page.get_by_role("button", name="Format", exact=True)).to_be_disabled()
    write(page, '{"a":1.10,"c":[1,{"d":9007199254740993}]}')
    page.get_by_role("button", name="Format", exact=True).click()
    lines = page.locator("#variables-editor .cm-line").all_text_contents()
    assert lines == [
        "{",
        '  "a": 1.10,',
        '  "c": [',
        "    1,",
        "    {",
        '      "d": 9007199254740993',
        "    }",
        "  ]",
        "}",
    ]


def test_comparing_keeps_the_edit_and_saves_from_there(office: Office) -> None:
    """B10, B11: original left, modified right, coloured; Edit and Compare keep the edit and what can be undone."""
    key = claim(office, amount=40_000, wrong="x")
    page = office.login("ada")
    modify(office, page, key)
    write(page, json.dumps({"amount": 41_000, "extra": True}, indent=2))
    page.get_by_role("button", name="Compare").click()
    before, after = page.locator(".cm-merge-a"), page.locator(".cm-merge-b")
    expect(before.locator(".cm-changedLine").first).to_contain_text('"amount": 40000')
    expect(after.locator(".cm-changedLine").first).to_contain_text('"amount": 41000')
    red, green = (
        side.locator(".cm-changedLine").first.evaluate("each => getComputedStyle(each).backgroundColor")
        for side in (before, after)
    )
    assert red != green
    expect(page.locator(".ft-chip-changed")).to_contain_text("amount")
    expect(page.locator(".ft-chip-added")).to_contain_text("extra")
    expect(page.locator(".ft-chip-removed")).to_contain_text("wrong")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.locator("#variables-editor .cm-content")).to_contain_text('"amount": 41000')
    page.keyboard.press("ControlOrMeta+z")
    expect(page.locator("#variables-editor .cm-content")).to_contain_text('"wrong": "x"')
    page.keyboard.press("ControlOrMeta+y")
    page.get_by_role("button", name="Compare").click()
    save_button(page).click()
    toast(page, "Variables saved.")
    assert stored(key) == {"amount": 41_000, "extra": True}


def test_a_document_edits_adds_and_deletes_and_everything_is_on_record(office: Office) -> None:
    """B12, B19-B22, B25, B30-B32: all three at once; values, snapshot and audit event with body and URL."""
    key = claim(office, amount=40_000, wrong="x", customer={"name": "Ann"})
    page = office.login("ada")
    modify(office, page, key)
    write(page, json.dumps({"amount": 40_000, "customer": {"name": "Anna"}, "new": [1, 2]}))
    page.get_by_label("Reason").fill("As the customer wrote")
    save_button(page).click()
    toast(page, "Variables saved.")
    assert stored(key) == {"amount": 40_000, "customer": {"name": "Anna"}, "new": [1, 2]}
    event = AuditEvent.objects.get(process_instance_key=key, event="Update")
    assert (event.subject, event.actor_name, event.reason) == ("Process variables", "ada", "As the customer wrote")
    kept = {row.name: (row.existed, row.value) for row in VariableSnapshot.objects.filter(audit_event=event)}
    assert kept == {"customer": (True, {"name": "Ann"}), "new": (False, None), "wrong": (True, "x")}
    page.get_by_role("tab", name="Audit log").click()
    log = page.locator("#panel-audit")
    expect(log).to_contain_text("Process variables")
    expect(log).to_contain_text("As the customer wrote")
    log.locator("summary").first.click()
    expect(log).to_contain_text(f"/workflow/processinstance/{key}/variables/")
    expect(log.locator(".ft-before").first).to_contain_text("Ann")


def test_digits_are_kept(office: Office) -> None:
    """2^53+1 and 1.10 are saved as they were typed, in a row, in a document, and where something else is edited."""
    key = claim(office, prices={"a": 1}, big=1)
    page = office.login("ada")
    modify(office, page, key)
    write(page, '{"big": 9007199254740993, "prices": {"a": 1.10, "b": 12345678901234567890.5}}')
    save_button(page).click()
    page.get_by_role("button", name="Change the type and save").click()
    toast(page, "Variables saved.")
    page.locator("[data-variable='prices'] [data-toggle]").click()
    page.locator("""[data-path='["a"]'] code""").dblclick()
    page.get_by_label("Value of prices › a (JSON)").fill("2.20")
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'prices' saved.")
    expect(page.locator("[data-variable='prices'] code")).to_contain_text('"a": 2.20')
    expect(page.locator("[data-variable='prices'] code")).to_contain_text('"b": 12345678901234567890.5')
    expect(page.locator("[data-variable='big'] code")).to_have_text("9007199254740993")


def test_types_are_shown_kept_and_changed_only_on_request(office: Office) -> None:
    """A Long stays a Long; what would change a type is asked about first, and 'Keep editing' loses nothing."""
    key = claim(office, number=TypedValue(5, "Long"))
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    row = page.locator("[data-variable='number']")
    expect(row).to_contain_text("Long")
    row.locator("code").dblclick()
    row.locator("textarea").fill("6")
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'number' saved.")
    assert Variable.objects.get(scope_key=key, name="number").type == "Long"
    row.locator("code").dblclick()
    row.locator("textarea").fill('"six"')
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.locator("#ask")).to_contain_text("number: Long → String")
    page.get_by_role("button", name="Keep editing").click()
    expect(row.locator("textarea")).to_have_value('"six"')
    assert stored(key) == {"number": 6}
    row.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change the type and save").click()
    expect(row).to_contain_text("String")
    assert Variable.objects.get(scope_key=key, name="number").type == "String"
    page.get_by_role("button", name="Add variable").click()
    page.get_by_label("Name of the new variable").fill("due")
    page.get_by_label("Type", exact=True).select_option("Date")
    page.get_by_label("Value of the new variable (JSON)").fill('"2026-12-01T12:00:00.000+0000"')
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'due' added.")
    assert Variable.objects.get(scope_key=key, name="due").type == "Date"


def test_a_page_that_is_left_keeps_what_was_typed(office: Office) -> None:
    """Leaving is asked about; after a reload the draft is there again, and conflicts are still noticed."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    modify(office, page, key)
    write(page, json.dumps({"amount": 1}))
    expect(save_button(page)).to_be_enabled()
    page.wait_for_function("Object.keys(sessionStorage).some(name => name.startsWith('fettle.draft'))")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    editor = page.locator("#variables-editor")
    expect(editor).to_contain_text("This is what you had typed before you left.")
    expect(editor.locator(".cm-content")).to_contain_text('"amount": 1')
    services.set_variables(key, {"amount": 41_000})
    save_button(page).click()
    expect(page.locator("#ask")).to_contain_text("Somebody else has changed this meanwhile")
    page.get_by_role("button", name="Keep editing").click()
    expect(editor.locator(".cm-content")).to_contain_text('"amount": 1')
    editor.get_by_role("button", name="Start from the present values").click()
    expect(editor.locator(".cm-content")).to_contain_text('"amount": 41000')


def test_five_megabytes_stay_usable(office: Office) -> None:
    """Opened in the tree, searched, edited deep inside, compared, saved; and the page itself stays small."""
    rows = [{"id": number, "name": f"customer {number}", "text": "x" * 60} for number in range(50_000)]
    key = claim(office, large={"rows": rows}, small=1)
    assert len(json.dumps(rows)) > 5_000_000
    page = office.login("ada")
    answer = page.goto(f"/workflow/processinstance/{key}/?tab=variables")
    assert answer is not None
    assert len(answer.body()) < 300_000
    expect(page.locator("#instance[data-ready]")).to_be_visible()
    page.locator("[data-variable='large'] [data-toggle]").click()
    page.locator("""[data-path='["rows"]'] [data-toggle]""").click()
    page.locator("""[data-path='["rows"]'][data-from='40000'] [data-toggle]""").click()
    page.locator("""[data-path='["rows"]'][data-from='43200'] [data-toggle]""").click()
    page.locator("""[data-path='["rows","43210"]'] [data-toggle]""").click()
    name = page.locator("""[data-path='["rows","43210","name"]']""")
    expect(name).to_contain_text("customer 43210")
    assert page.locator("tr[aria-level]").count() < 1_000
    name.locator("code").dblclick()
    name.locator("textarea").fill('"Ann"')
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'large' saved.")
    assert Variable.objects.get(scope_key=key, name="large").value["rows"][43_210]["name"] == "Ann"
    page.get_by_label("Search names and values").fill("customer 49999")
    expect(page.locator("mark")).to_have_text("customer 49999")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Modify variables").click()
    editor = page.locator("#variables-editor .cm-content")
    expect(editor).to_contain_text('"large"')
    editor.press("ControlOrMeta+Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.insert_text('"first": 1,')
    expect(page.locator(".ft-chip-added")).to_contain_text("first")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".cm-merge-b .cm-changedLine").first).to_contain_text('"first"')
    save_button(page).click()
    toast(page, "Variables saved.")
    assert stored(key)["first"] == 1


# -- in the row


def test_one_value_is_edited_in_place_within_its_clicks(office: Office) -> None:
    """Task 3 of the click budget, 2+T: double-click, type, Ctrl+Enter; was and now, and the reason, stand beside it."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    row = page.locator("[data-variable='amount']")
    hand = Hand(page)
    hand.double_click(row.locator("code"))
    hand.type("42000")
    expect(row.locator("del")).to_have_text("40000")
    expect(row.locator("ins")).to_have_text("42000")
    expect(row.get_by_label("Reason")).to_be_visible()
    hand.press("ControlOrMeta+Enter")
    toast(page, "Variable 'amount' saved.")
    hand.needed_at_most(3)
    assert stored(key)["amount"] == 42_000
    row.locator("code").dblclick()
    row.locator("textarea").fill('{"value": 1,')
    expect(row.get_by_role("alert")).to_contain_text("Invalid JSON format")
    expect(row.get_by_role("alert")).to_contain_text("line 1")
    expect(row.get_by_role("button", name="Save")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(row.locator("code")).to_have_text("42000")


def test_a_name_that_is_there_is_not_added_again(office: Office) -> None:
    """Trap 14: what is there is never written over by adding."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    page.get_by_role("button", name="Add variable").click()
    row = page.locator("[data-new-variable]")
    row.get_by_label("Name of the new variable").fill("amount")
    row.locator("textarea").fill("1")
    expect(row.get_by_role("alert")).to_have_text("Name should be unique: there is a variable ‘amount’.")
    expect(row.get_by_role("button", name="Save")).to_be_disabled()
    row.locator("textarea").press("ControlOrMeta+Enter")
    row.get_by_label("Name of the new variable").fill("amount_2")
    expect(row.get_by_role("button", name="Save")).to_be_enabled()
    assert stored(key) == {"amount": 40_000}


def test_one_variable_is_deleted_with_two_clicks(office: Office) -> None:
    """Task 4 of the click budget."""
    key = claim(office, wrong="x")
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    hand = Hand(page)
    hand.click(page.get_by_role("button", name="Delete wrong"))
    hand.click(page.get_by_role("button", name="Delete", exact=True))
    toast(page, "Variable 'wrong' deleted.")
    hand.needed_at_most(4)
    assert "wrong" not in stored(key)


def test_many_values_of_one_document_take_three_clicks(office: Office) -> None:
    """Task 5 of the click budget, 3+T: Modify, type, Compare, Save."""
    key = claim(office, customer={"name": "Ann", "city": "Ulm"})
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    hand = Hand(page)
    hand.click(page.get_by_role("button", name="Modify variables"))
    write(page, json.dumps({"customer": {"name": "Anna", "city": "Bonn"}}))
    hand.click(page.get_by_role("button", name="Compare"))
    hand.click(save_button(page))
    toast(page, "Variables saved.")
    hand.needed_at_most(5)
    assert stored(key)["customer"] == {"name": "Anna", "city": "Bonn"}


def test_who_changed_a_variable_is_one_click_away(office: Office) -> None:
    """Task 12 of the click budget: who, when, from what to what, with the audit event."""
    key = claim(office, customer={"name": "Ann", "city": "Ulm"})
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    page.locator("[data-variable='customer'] [data-toggle]").click()
    city = page.locator("""[data-path='["city"]']""")
    city.locator("code").dblclick()
    city.locator("textarea").fill('"Bonn"')
    city.get_by_label("Reason").fill("Has moved")
    city.get_by_label("Reason").press("Enter")
    toast(page, "Variable 'customer' saved.")
    hand = Hand(page)
    hand.click(page.get_by_role("button", name="History of customer"))
    newest = page.get_by_role("dialog", name="History of customer").locator("article").first
    expect(newest).to_contain_text("ada changed it")
    expect(newest).to_contain_text("city")
    expect(newest.locator("del")).to_have_text('"Ulm"')
    expect(newest.locator("ins")).to_have_text('"Bonn"')
    expect(newest).to_contain_text("Has moved")
    hand.needed_at_most(12)
    newest.get_by_role("link", name="audit event").click()
    expect(page.locator("h1")).to_contain_text("Update")


# -- who may, and when


def test_without_the_right_all_is_readable_and_says_who_can_help(office: Office) -> None:
    """B13-B15, B41: an operator has not the right, reads everything, and is told which right is missing and whom to ask."""
    key = claim(office, amount=40_000)
    page = office.login("omar")
    office.open(page, key, "?edit=variables")
    expect(page.locator("#variables-editor")).to_be_hidden()
    why = page.locator("#panel-variables .ft-vars-why").first
    expect(why).to_contain_text("Read-only.")
    expect(why).to_contain_text("wks_process_instance_variables_edit")
    expect(why).to_contain_text("Ask ada")
    for name in ("Modify variables", "Add variable"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")
    page.locator("[data-variable='amount'] code").dblclick()
    expect(page.locator("[data-variable='amount'] textarea")).to_have_count(0)
    expect(page.get_by_role("button", name="Edit amount")).to_have_count(0)
    page.get_by_label("View", exact=True).select_option("JSON view")
    expect(page.locator("#variables-view .cm-content")).to_contain_text('"amount": 40000')


def test_what_has_ended_is_read_only_and_says_why(office: Office) -> None:
    """B2, B41: the state is named."""
    key = claim(office, amount=40_000)
    services.cancel_process_instance(key)
    page = office.login("ada")
    office.open(page, key, "?edit=variables")
    expect(page.locator("#panel-variables .ft-vars-why").first).to_contain_text("This process instance is canceled")
    expect(page.locator("#panel-variables .ft-vars-why").first).to_contain_text("active or suspended")
    expect(page.get_by_role("button", name="Modify variables")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#variables-editor")).to_be_hidden()


def test_an_instance_that_ends_meanwhile_refuses_and_keeps_the_text(office: Office) -> None:
    """B2: refused with the reason; what was typed stays in the editor."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    modify(office, page, key)
    write(page, json.dumps({"amount": 1}))
    services.cancel_process_instance(key)
    save_button(page).click()
    expect(page.locator("#variables-editor").get_by_role("alert")).to_contain_text("canceled")
    expect(page.locator("#variables-editor .cm-content")).to_contain_text('"amount": 1')
    assert stored(key)["amount"] == 40_000


def test_an_instance_on_hold_is_edited_too(office: Office) -> None:
    """B1, B3: suspended instances are edited, and stay suspended."""
    key = claim(office, amount=40_000)
    services.suspend_process_instance(key)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    row = page.locator("[data-variable='amount']")
    row.locator("code").dblclick()
    row.locator("textarea").fill("1")
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'amount' saved.")
    assert stored(key)["amount"] == 1
    assert ProcessInstance.objects.get(pk=key).suspended


# -- others, and what else is under way


def test_two_edits_are_merged_by_key_and_nothing_is_lost(office: Office) -> None:
    """Was, theirs, mine: what only one has changed is taken by itself, for the rest somebody decides."""
    key = claim(office, customer={"name": "Ann", "city": "Ulm", "age": 40}, amount=40_000)
    page = office.login("ada")
    modify(office, page, key)
    write(page, json.dumps({"amount": 40_000, "customer": {"name": "Anna", "city": "Bonn", "age": 40}}))
    services.set_variables(key, {"customer": {"name": "Ann", "city": "Kiel", "age": 41}})
    save_button(page).click()
    ask = page.locator("#ask")
    expect(ask).to_contain_text("Somebody else has changed this meanwhile")
    rows = ask.locator("tbody tr")
    expect(rows).to_have_count(3)
    city = ask.locator("[data-path='city']")
    expect(city.locator("code")).to_have_text(['"Ulm"', '"Kiel"', '"Bonn"'])
    expect(ask.locator("[data-path='age']")).to_contain_text("merged by itself")
    expect(ask.get_by_role("button", name="Save the result")).to_be_disabled()
    city.get_by_label("city: Mine").check()
    ask.get_by_role("button", name="Save the result").click()
    toast(page, "Variables saved.")
    assert stored(key)["customer"] == {"name": "Anna", "city": "Bonn", "age": 41}


def test_a_value_that_somebody_else_changed_is_decided_in_the_row(office: Office) -> None:
    """The same for one value; 'All theirs' leaves theirs."""
    key = claim(office, amount=40_000)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    row = page.locator("[data-variable='amount']")
    row.locator("code").dblclick()
    row.locator("textarea").fill("1")
    services.set_variables(key, {"amount": 41_000})
    row.get_by_role("button", name="Save").click()
    ask = page.locator("#ask")
    expect(ask.locator("code")).to_have_text(["40000", "41000", "1"])
    ask.get_by_role("button", name="Keep editing").click()
    expect(row.locator("textarea")).to_have_value("1")
    assert stored(key)["amount"] == 41_000
    row.get_by_role("button", name="Save").click()
    ask.get_by_role("button", name="All mine").click()
    ask.get_by_role("button", name="Save the result").click()
    toast(page, "Variable 'amount' saved.")
    assert stored(key)["amount"] == 1


def test_warnings_come_before_saving_and_only_when_they_apply(office: Office) -> None:
    """B29, B33, B35, B45: called instances and work under way are named; saving is possible, and does not touch them."""
    key = start(office, CALLING, "calling", amount=1)
    child = ProcessInstance.objects.get(parent_process_instance=key).key
    request = JobRequest("bureau", timedelta(minutes=5))
    services.activate_jobs([request], worker="bureau-1", max_jobs=1, workspace_ids=None)
    quiet = claim(office, amount=1)
    page = office.login("ada")
    office.open(page, quiet, "?tab=variables")
    page.locator("[data-variable='amount'] code").dblclick()
    page.locator("[data-variable='amount'] textarea").fill("2")
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'amount' saved.")  # no warning, no question
    modify(office, page, key)
    write(page, '{"amount": 2}')
    warnings = page.locator("#variables-editor .ft-warning")
    expect(warnings).to_have_count(2)
    called = page.locator("[data-warning='called_instances']")
    expect(called.get_by_role("link")).to_have_attribute("href", f"/workflow/processinstance/{child}/")
    expect(page.locator("[data-warning='in_flight']")).to_contain_text("Ask the bureau")
    page.locator("#variables-editor").get_by_role("button", name="Save").click()
    toast(page, "Variables saved.")
    assert (stored(key), stored(child)) == ({"amount": 2}, {"amount": 1})


def test_going_back_would_bring_back_old_values(office: Office) -> None:
    """B34, B45: the user task is named to which going back restores the values of then."""
    back = CLAIM.replace(
        '<userTask id="check" name="Check claim" />',
        """<userTask id="check" name="Check claim"><extensionElements><camunda:properties>
          <camunda:property name="fettle.allowBack" value="true" />
          <camunda:property name="fettle.resetProcessData" value="true" /></camunda:properties></extensionElements></userTask>""",
    )
    key = start(office, back, "claim", amount=1)
    page = office.login("ada")
    modify(office, page, key)
    write(page, '{"amount": 2}')
    warning = page.locator("#variables-editor [data-warning='back_navigation']")
    expect(warning).to_contain_text("Going back to 'Check claim'")
    save_button(page).click()
    toast(page, "Variables saved.")


def test_a_warning_that_was_not_on_the_screen_stops_saving_once(office: Office) -> None:
    """B33: whoever is faster than the warning sees it before it is too late."""
    key = start(office, CALLING, "calling", amount=1)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    row = page.locator("[data-variable='amount']")
    row.locator("code").dblclick()
    row.locator("textarea").fill("2")
    page.keyboard.press("ControlOrMeta+Enter")
    expect(row.locator(".ft-warning")).to_be_visible()
    expect(row.get_by_role("button", name="Save anyway")).to_be_visible()
    assert stored(key) == {"amount": 1}
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'amount' saved.")
    assert stored(key) == {"amount": 2}


def test_what_is_masked_is_revealed_on_record_and_survives_an_edit(office: Office) -> None:
    """A masked part stays as it is when something beside it is edited; only who has the right reveals it."""
    key = claim(office, customer={"iban": "DE02 1203", "name": "Ann"})
    MaskedVariable.objects.create(workspace=office.workspace, process_id="claim", pattern="customer.iban")
    page = office.login("ada")
    modify(office, page, key)
    editor = page.locator("#variables-editor .cm-content")
    expect(editor).to_contain_text("••••••")
    expect(editor).not_to_contain_text("DE02")
    write(page, '{"customer": {"iban": "••••••", "name": "Anna"}}')
    save_button(page).click()
    toast(page, "Variables saved.")
    assert stored(key) == {"customer": {"iban": "DE02 1203", "name": "Anna"}}
    row = page.locator("[data-variable='customer']")
    expect(row).not_to_contain_text("DE02")
    row.get_by_role("button", name="Reveal customer").click()
    expect(row.locator("code")).to_contain_text("DE02 1203")
    event = AuditEvent.objects.filter(process_instance_key=key).latest("key")
    assert (event.event, event.actor_name, event.body["names"]) == ("Reveal", "ada", ["customer"])
    other = office.login("sam")
    office.open(other, key, "?tab=variables")
    other.get_by_role("button", name="Reveal customer").click()
    expect(other.locator("#toasts")).to_contain_text("reveal_variables")
    expect(other.locator("[data-variable='customer']")).not_to_contain_text("DE02")


# -- snapshots


def test_snapshots_are_compared_and_restored_as_an_edit(office: Office) -> None:
    """B20, B25, B30: what was before each edit; any two compared, or one with now; restoring is an edit on record."""
    key = claim(office, customer={"name": "Ann", "city": "Ulm"}, amount=1)
    page = office.login("ada")
    office.open(page, key, "?tab=snapshots")
    expect(page.locator("#panel-snapshots")).to_contain_text("No snapshots yet")
    for name in ("Anna", "Hanna"):
        modify(office, page, key)
        write(page, json.dumps({"amount": 1, "customer": {"name": name, "city": "Ulm"}}))
        save_button(page).click()
        toast(page, "Variables saved.")
    choose_tab(page, "Snapshots")
    rows = page.locator("#panel-snapshots tr[data-snapshot]:not([data-snapshot='now'])")
    expect(rows).to_have_count(2)
    rows.nth(1).get_by_role("button", name="View").click()
    difference = page.locator("[data-difference]")
    expect(difference).to_have_count(1)
    expect(difference).to_contain_text("customer.name")
    expect(difference.locator("code")).to_have_text(['"Ann"', '"Anna"'])
    rows.nth(1).locator("[name=snapshot-left]").check()
    page.get_by_role("button", name="Compare", exact=True).click()  # with now
    expect(difference.locator("code")).to_have_text(['"Ann"', '"Hanna"'])
    rows.nth(1).get_by_role("button", name="Restore").click()
    ask = page.locator("#ask")
    expect(ask.locator("[data-change] code")).to_have_text(['"Hanna"', '"Ann"'])
    ask.get_by_label("Reason").fill("It was right at first")
    ask.get_by_role("button", name="Restore").click()
    toast(page, "The values are as they were before.")
    assert stored(key)["customer"] == {"name": "Ann", "city": "Ulm"}
    event = AuditEvent.objects.filter(process_instance_key=key, event="Update").latest("key")
    assert event.reason == "It was right at first"
    assert VariableSnapshot.objects.get(audit_event=event).value == {"name": "Hanna", "city": "Ulm"}
    expect(rows).to_have_count(3)


def test_two_instances_are_compared(office: Office) -> None:
    one, other = claim(office, amount=1), claim(office, amount=2)
    services.set_variables(one, {"amount": 3})
    page = office.login("ada")
    modify(office, page, one)
    write(page, json.dumps({"amount": 4}))
    save_button(page).click()
    toast(page, "Variables saved.")
    choose_tab(page, "Snapshots")
    page.locator("[data-snapshot='now'] [name=snapshot-left]").check()
    page.get_by_label("Key of another process instance").fill(str(other))
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("[data-difference='amount'] code")).to_have_text(["4", "2"])


# -- use cases of the handbook


def test_use_case_1_correct_user_input(office: Office) -> None:
    """B40.1: a wrong income and address are corrected where they stand; the process goes on with them."""
    key = claim(office, application={"income": 50_000, "address": "Main St", "score": 1})
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    page.locator("[data-variable='application'] [data-toggle]").click()
    for name, text in (("income", "75000"), ("address", '"123 Main St, New York"')):
        row = page.locator(f"""[data-path='["{name}"]']""")
        row.locator("code").dblclick()
        row.locator("textarea").fill(text)
        page.keyboard.press("ControlOrMeta+Enter")
        expect(row.locator("code")).to_have_text(text)
    assert stored(key)["application"] == {"income": 75_000, "address": "123 Main St, New York", "score": 1}
    assert "check" in standing(key)


def test_use_case_2_unblock_what_is_stuck(office: Office) -> None:
    """B40.2: setting the awaited data makes the instance go on, and the page shows it at once."""
    key = claim(office, integration={"responseReceived": False})
    assert "answered" in standing(key)
    page = office.login("ada")
    modify(office, page, key)
    write(page, '{"integration": {"responseReceived": true, "creditCheckStatus": "completed"}}')
    save_button(page).click()
    toast(page, "Variables saved.")
    assert "answered" not in standing(key)
    assert "settle" in standing(key)
    expect(page.locator("#panel-history [data-element='settle']")).to_be_visible()


def test_use_cases_3_and_4_correct_a_result_and_add_what_a_decision_needs(office: Office) -> None:
    """B40.3, B40.4: the corrected score decides; a missing attribute is added to an object in the tree."""
    key = claim(office, application={"status": "open"})
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    row = page.locator("[data-variable='application']")
    row.locator("[data-toggle]").click()
    page.locator("""[data-path='["status"]']""").hover()
    row.hover()
    row.get_by_role("button", name="Add to application").click()
    page.get_by_label("Name of the new property").fill("score")
    page.get_by_label("Value of the new variable (JSON)").fill("520")
    page.keyboard.press("ControlOrMeta+Enter")
    toast(page, "Variable 'application' saved.")
    score = page.locator("""[data-path='["score"]']""")
    score.locator("code").dblclick()
    score.locator("textarea").fill("720")
    page.keyboard.press("ControlOrMeta+Enter")
    expect(score.locator("code")).to_have_text("720")
    page.get_by_role("tab", name=re.compile("Waiting for|Why stuck")).click()
    page.locator(".ft-wait", has_text="Check claim").get_by_role("link", name="Complete", exact=True).click()
    page.locator("#ask").get_by_role("button", name="Complete").click()
    toast(page, "completed")
    assert "accept" in standing(key)


def test_use_case_5_delete_invalid_data(office: Office) -> None:
    """B40.5: test data inside an object is deleted in the tree, a whole variable by leaving it out."""
    key = claim(office, application={"valid": 1, "testData": {"x": 1}}, invalid=[1])
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    page.locator("[data-variable='application'] [data-toggle]").click()
    page.locator("""[data-path='["testData"]']""").hover()
    page.get_by_role("button", name="Delete application › testData").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    toast(page, "Variable 'application' saved.")
    page.get_by_role("button", name="Modify variables").click()
    write(page, '{"application": {"valid": 1}}')
    save_button(page).click()
    toast(page, "Variables saved.")
    assert stored(key) == {"application": {"valid": 1}}
