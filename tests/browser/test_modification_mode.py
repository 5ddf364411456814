"""The rules of the modification mode, one by one as the handbook has them (A1-A26), and how the mode answers.

`RULES.md` tells which test shows which rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from audit.models import AuditEvent
from tests.browser.conftest import Office, click_element
from tests.browser.test_modifying import drag, enter, plan
from tests.support.models import HEAD, PLATFORMS, deploy
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import ActivateElement, TerminateElementInstance

OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")
TASK = "<userTask id='{0}' name='{1}'><extensionElements><zeebe:userTask/></extensionElements></userTask>"
MESSAGE = """<message id='m' name='answer'><extensionElements><zeebe:subscription correlationKey='="k"'/></extensionElements>
</message>
"""
ZOO = f"""<startEvent id='start' name='Begun'/><parallelGateway id='fork'/>
{TASK.format("check", "Check")}
<boundaryEvent id='late' name='Too late' attachedToRef='check'><timerEventDefinition><timeDuration>P9D</timeDuration>
</timerEventDefinition></boundaryEvent>
{TASK.format("remind", "Remind")}
<subProcess id='delivery' name='Delivery'><startEvent id='ordered'/>{TASK.format("pack", "Pack")}{TASK.format("ship", "Ship")}
  <sequenceFlow id='d1' sourceRef='ordered' targetRef='pack'/><sequenceFlow id='d2' sourceRef='pack' targetRef='ship'/>
</subProcess>
<eventBasedGateway id='either' name='Either'/>
<intermediateCatchEvent id='answered' name='Answered'><messageEventDefinition messageRef='m'/></intermediateCatchEvent>
<intermediateCatchEvent id='tired' name='Tired'><timerEventDefinition><timeDuration>P9D</timeDuration></timerEventDefinition>
</intermediateCatchEvent>
<subProcess id='parcel' name='Parcel'>
  <multiInstanceLoopCharacteristics><extensionElements>
    <zeebe:loopCharacteristics inputCollection='=items' inputElement='item'/></extensionElements>
  </multiInstanceLoopCharacteristics>
  <startEvent id='opened'/>{TASK.format("inspect", "Inspect")}{TASK.format("label", "Label")}
  <sequenceFlow id='p1' sourceRef='opened' targetRef='inspect'/><sequenceFlow id='p2' sourceRef='inspect' targetRef='label'/>
</subProcess>
<sequenceFlow id='f0' sourceRef='start' targetRef='fork'/><sequenceFlow id='f1' sourceRef='fork' targetRef='check'/>
<sequenceFlow id='f2' sourceRef='fork' targetRef='either'/><sequenceFlow id='f3' sourceRef='fork' targetRef='parcel'/>
<sequenceFlow id='f4' sourceRef='either' targetRef='answered'/><sequenceFlow id='f5' sourceRef='either' targetRef='tired'/>
<sequenceFlow id='f6' sourceRef='late' targetRef='remind'/><sequenceFlow id='f7' sourceRef='check' targetRef='delivery'/>"""
"""A process with everything that the rules speak of: tokens at a task, at a choice of events, and in three parcels."""
SHAPES = """start 0 60 36 36, fork 80 53 50 50, check 200 38 100 80, late 270 100 36 36, remind 360 150 100 80,
delivery 360 0 360 130, ordered 380 50 36 36, pack 450 28 100 80, ship 590 28 100 80, either 200 270 50 50,
answered 300 240 36 36, tired 300 310 36 36, parcel 360 250 360 130, opened 380 300 36 36, inspect 450 278 100 80,
label 590 278 100 80"""
PLACES = {name: tuple(map(int, place)) for name, *place in (each.split() for each in SHAPES.split(","))}


def drawn(process: str) -> str:
    """The diagram of it: boxes where the table says, flows straight between them."""
    boxes = "".join(
        f"<bpmndi:BPMNShape id='s_{each}' bpmnElement='{each}' isExpanded='true'>"
        f"<dc:Bounds x='{x}' y='{y}' width='{width}' height='{height}'/></bpmndi:BPMNShape>"
        for each, (x, y, width, height) in PLACES.items()
    )
    flows = re.findall(r"<sequenceFlow id='(\w+)' sourceRef='(\w+)' targetRef='(\w+)'", ZOO)
    edges = "".join(
        f"<bpmndi:BPMNEdge id='e_{flow}' bpmnElement='{flow}'>{_point(source, 1)}{_point(target, 0)}</bpmndi:BPMNEdge>"
        for flow, source, target in flows
    )
    spaces = " ".join(
        f"xmlns:{name}='http://www.omg.org/spec/{address}'"
        for name, address in (("bpmndi", "BPMN/20100524/DI"), ("dc", "DD/20100524/DC"), ("di", "DD/20100524/DI"))
    )
    plane = f"<bpmndi:BPMNPlane id='plane' bpmnElement='{process}'>{boxes}{edges}</bpmndi:BPMNPlane>"
    return f"<bpmndi:BPMNDiagram id='diagram' {spaces}>{plane}</bpmndi:BPMNDiagram>"


def _point(element: str, side: int) -> str:
    x, y, width, height = PLACES[element]
    return f"<di:waypoint x='{x + side * width}' y='{y + height / 2}'/>"


def zoo(office: Office, **variables: object) -> int:
    """A running instance of it, in Camunda 8 semantics."""
    head = HEAD.format(platform=PLATFORMS[Semantics.ZEEBE], id="zoo", messages=MESSAGE)
    definition = deploy(f"{head}{ZOO}</process>{drawn('zoo')}</definitions>", workspace=office.workspace).key
    values = {"items": ["a", "b", "c"], "amount": 5, **variables}
    return services.start_process_instance(definition, variables=values).process_instance_key


def running(key: int, element: str) -> list[ElementInstance]:
    rows = ElementInstance.objects.filter(process_instance=key, element_id=element, state__in=OPEN)
    return list(rows.order_by("key"))


def option(page: Page, operation: str) -> Locator:
    return page.locator(f"#popover [data-operation={operation}]")


def pending(page: Page, name: str) -> Locator:
    return page.locator("#panel-history .is-pending", has_text=name)


def history(page: Page, name: str) -> Locator:
    return page.locator("#panel-history .ft-tree-row:not(.is-pending)", has_text=name)


def planned(page: Page, name: str, *, within: str = "#planned-variables") -> Locator:
    return page.locator(f"{within} [data-planned='{name}']")


def add_variable(page: Page, name: str, value: str, *, within: str = "#planned-variables") -> None:
    """Type a new variable and leave its field."""
    page.locator(f"{within} [data-plan-variable]").click()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(value)
    page.keyboard.press("Tab")


@pytest.fixture
def mode(office: Office) -> Callable[..., tuple[Page, int]]:
    """A window in modification mode on the page of an instance."""

    def opened(key: int | None = None, user: str = "ada") -> tuple[Page, int]:
        shown = zoo(office) if key is None else key
        page = office.login(user)
        office.open(page, shown)
        enter(page)
        return page, shown

    return opened


# -- the way in, and what is offered


def test_the_way_in_leads_over_the_list_the_page_and_a_word_about_the_mode(office: Office) -> None:
    """A1, A2, A10, A11: an active instance that is stuck; many of them are moved together, elsewhere."""
    key = zoo(office)
    page = office.login("omar", is_new=True)
    page.goto("/workflow/processinstance/?process=zoo")
    page.get_by_role("link", name="zoo", exact=True).last.click()
    expect(page.locator("#instance[data-ready]")).to_be_visible()
    page.locator("#modify-button").click()
    dialog = page.locator("#mode-dialog")
    expect(dialog).to_contain_text("Have many instances taken the wrong branch?")
    batch = dialog.get_by_role("link", name="Move them together")
    expect(batch).to_have_attribute("href", re.compile(r"process=zoo&version=1$"))
    expect(page.locator("#mode-banner")).to_be_hidden()
    dialog.get_by_label("Don’t show this again").check()
    dialog.get_by_role("button", name="Continue").click()
    # the banner above, two buttons below
    expect(page.locator("#mode-banner")).to_contain_text("Process Instance Modification Mode")
    expect(page).to_have_title(re.compile("^Modification mode – "))
    footer = page.locator("#mode-footer")
    expect(footer.get_by_role("button", name="Apply modifications")).to_be_disabled()
    footer.get_by_role("button", name="Leave").click()
    expect(page.locator("#mode-banner")).to_be_hidden()
    # who knows is not told again
    page.keyboard.press("m")
    expect(page.locator("#mode-banner")).to_be_visible()
    assert AuditEvent.objects.filter(process_instance_key=key, event="Modify").count() == 0


def test_what_has_ended_is_not_modified(office: Office) -> None:
    """A1: only what is active."""
    key = zoo(office)
    services.cancel_process_instance(key)
    page = office.login("omar")
    office.open(page, key)
    expect(page.locator("#modify-button")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#modify-button")).to_have_attribute("data-why", re.compile("has ended"))


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        pytest.param("start", "start event cannot be activated", id="A3 start event"),
        pytest.param("late", "boundary event cannot be activated", id="A4 boundary event"),
        pytest.param(
            "answered", "Choose the event-based gateway before it", id="A5 event behind an event-based gateway"
        ),
    ],
)
def test_events_that_nothing_is_added_at_say_why(
    mode: Callable[..., tuple[Page, int]], element: str, reason: str
) -> None:
    """A3, A4, A5: neither Add nor Move to, and the reason beside the option."""
    page, _key = mode()
    click_element(page, element)
    expect(option(page, "add")).to_have_attribute("aria-disabled", "true")
    expect(option(page, "add")).to_contain_text(reason)
    plan(page, "check", "move")
    click_element(page, element)
    expect(page.locator("#toasts")).to_contain_text(reason)
    expect(page.locator("[data-plan]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#mode-hint")).to_contain_text("Select an element")


def test_a_sub_process_itself_is_not_moved(mode: Callable[..., tuple[Page, int]]) -> None:
    """A6, with what to do instead; canceling it takes what is inside along."""
    page, key = mode()
    task = running(key, "check")[0].key
    services.modify_process_instance(key, [ActivateElement("pack"), TerminateElementInstance(task)])
    page.reload()
    expect(page.locator("#instance[data-ready]")).to_be_visible()
    enter(page)
    click_element_of_scope(page, "delivery")
    expect(option(page, "move")).to_have_attribute("aria-disabled", "true")
    expect(option(page, "move")).to_contain_text("A sub-process itself cannot be moved")
    option(page, "cancel").click()
    expect(page.locator("[data-plan='delivery']")).to_have_text("− 1")
    expect(page.locator("[data-plan='pack']")).to_have_text("− 1")
    expect(history(page, "Pack")).to_contain_text("will be canceled")


def click_element_of_scope(page: Page, element: str) -> None:
    """Select a sub-process, whose middle is covered by what is inside."""
    page.locator(f"[data-element-id='{element}'] > .djs-hit").first.click(position={"x": 40, "y": 6}, force=True)
    expect(page.locator("#popover")).to_be_visible()


def test_a_scope_that_runs_more_than_once_is_asked_for_with_what_tells_it_apart(
    mode: Callable[..., tuple[Page, int]],
) -> None:
    """A7: nothing is guessed; the candidates are told with their variables."""
    page, key = mode()
    click_element(page, "label")
    scope = page.get_by_label("Scope to add to")
    expect(scope.locator("option")).to_have_count(3)
    expect(scope.locator("option").nth(1)).to_contain_text('item: "b"')
    second = running(key, "parcel")[1].key
    scope.select_option(str(second))
    option(page, "add").click()
    page.click("#plan-review")
    expect(page.locator("#summary .ft-preview")).to_contain_text("Label")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert [each.flow_scope_key for each in running(key, "label")] == [second]


def test_of_a_multi_instance_the_whole_is_added_and_no_single_iteration(mode: Callable[..., tuple[Page, int]]) -> None:
    """A8: Add is not supported inside, Move is."""
    page, _key = mode()
    click_element_of_scope(page, "parcel")
    page.locator("#popover [data-variant=parcel]").click()
    expect(option(page, "add")).to_have_attribute("aria-disabled", "true")
    expect(option(page, "add")).to_contain_text("no iteration can be added")
    page.keyboard.press("Escape")
    click_element(page, "inspect")
    expect(option(page, "move")).not_to_have_attribute("aria-disabled", "true")


def test_a_move_inside_a_multi_instance_stays_in_its_iteration(mode: Callable[..., tuple[Page, int]]) -> None:
    """A8, A9: one is chosen in the history; the others stay where they are."""
    page, key = mode()
    second = running(key, "inspect")[1]
    history(page, "Inspect").nth(1).click()
    expect(page.locator("#popover")).to_contain_text("Selected running instances: 1")
    option(page, "move").click()
    click_element(page, "label")
    expect(page.locator("[data-plan='inspect']")).to_have_text("− 1")
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert [each.flow_scope_key for each in running(key, "label")] == [second.flow_scope_key]
    assert second.key not in [each.key for each in running(key, "inspect")]
    assert len(running(key, "inspect")) == 2
    assert len(running(key, "parcel")) == 3


# -- canceling, adding, moving


def test_all_tokens_of_an_element_are_canceled_with_one_option(mode: Callable[..., tuple[Page, int]]) -> None:
    """A12: the count is told before; what will go is struck out in the history."""
    page, key = mode()
    click_element(page, "inspect")
    expect(page.locator("#popover")).to_contain_text("Selected running instances: 3")
    expect(page.locator("#popover")).to_contain_text("select it in the history")
    expect(option(page, "cancel")).to_contain_text("Cancel all (3)")
    option(page, "cancel").click()
    expect(page.locator("[data-plan='inspect']")).to_have_text("− 3")
    expect(page.locator("#panel-history .is-leaving")).to_have_count(3)
    click_element(page, "inspect")
    expect(option(page, "cancel")).to_contain_text("planned to go already")
    page.keyboard.press("Escape")
    # one alone
    click_element(page, "check")
    expect(option(page, "cancel")).to_contain_text("Cancel instance")
    option(page, "cancel").click()
    only = running(key, "check")[0].key
    expect(page.locator("#mode-last")).to_have_text(f"Last added: Cancel ‘Check’ instance {only}")
    expect(history(page, "Check")).to_contain_text("will be canceled")
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert running(key, "inspect") == running(key, "check") == []


def test_a_token_is_added_and_stands_below_its_future_scope(mode: Callable[..., tuple[Page, int]]) -> None:
    """A13: with the sub-process that is opened for it."""
    page, key = mode()
    click_element(page, "pack")
    expect(option(page, "add")).to_contain_text("Add token")
    option(page, "add").click()
    expect(page.locator("[data-plan='pack']")).to_have_text("+ 1")
    expect(pending(page, "Pack")).to_contain_text("planned")
    expect(pending(page, "Delivery")).to_have_count(1)
    expect(page.locator("#mode-last")).to_have_text("Last added: Add a token at ‘Pack’")
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert len(running(key, "pack")) == len(running(key, "delivery")) == 1


def test_a_move_is_both_at_once_and_its_target_is_chosen_on_the_diagram(mode: Callable[..., tuple[Page, int]]) -> None:
    """A14: the source is no target, and choosing can be given up."""
    page, key = mode()
    plan(page, "check", "move")
    expect(page.locator("#mode-hint")).to_contain_text("Select the target of")
    click_element(page, "check")
    expect(page.locator("[data-plan]")).to_have_count(0)
    page.locator("#mode-hint").get_by_role("button", name="Discard").click()
    plan(page, "check", "move")
    click_element(page, "remind")
    expect(page.locator("[data-plan='check']")).to_have_text("− 1")
    expect(page.locator("[data-plan='remind']")).to_have_text("+ 1")
    expect(pending(page, "Remind")).to_contain_text("from Check")
    expect(history(page, "Check")).to_contain_text("will be canceled")
    expect(page.locator("#mode-last")).to_have_text("Last added: Move ‘Check’ to ‘Remind’")
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert (running(key, "check"), len(running(key, "remind"))) == ([], 1)


# -- variables


def test_a_new_scope_is_given_variables_that_join_the_plan_on_leaving_the_field(
    mode: Callable[..., tuple[Page, int]],
) -> None:
    """A15, A16: not before name and value are valid."""
    page, key = mode()
    plan(page, "pack", "add")
    pending(page, "Pack").click()
    panel = page.locator("#planned-variables")
    expect(panel).to_contain_text("Variables of the new 'Pack'")
    panel.locator("[data-plan-variable]").click()
    name, value = panel.get_by_label("Name of the new variable"), panel.get_by_label("Value of the new variable (JSON)")
    expect(name).to_be_focused()
    name.press("Tab")
    expect(panel.get_by_role("alert")).to_have_text("Name has to be filled.")
    name.fill("box size")
    value.fill("{")
    value.press("Tab")
    expect(panel.get_by_role("alert").first).to_have_text("Name is invalid: no spaces, no quotes.")
    name.fill("box")
    value.focus()
    expect(panel.get_by_role("alert").first).not_to_have_text("")
    expect(page.locator("#plan-review")).to_have_text("Apply modifications")
    expect(panel.locator("[data-plan-variable]")).to_have_attribute("aria-disabled", "true")
    value.fill('{"size": "L"}')
    value.press("Tab")
    expect(page.locator("#plan-review")).to_have_text("Apply 2 modifications")
    expect(page.locator("#mode-last")).to_have_text("Last added: Add variable ‘box’: the new 'Pack'")
    expect(planned(page, "box")).to_contain_text("added")
    # the sub-process that is opened with it is a scope of its own
    pending(page, "Delivery").click()
    expect(panel).to_contain_text("Variables of the new 'Delivery'")
    add_variable(page, "parcel", '"red"')
    expect(page.locator("#plan-review")).to_have_text("Apply 3 modifications")
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    [pack], [delivery] = running(key, "pack"), running(key, "delivery")
    assert Variable.objects.get(scope_key=pack.key, name="box").value == {"size": "L"}
    assert Variable.objects.get(scope_key=delivery.key, name="parcel").value == "red"


def test_a_variable_of_a_scope_that_runs_joins_the_plan_on_leaving_the_field(
    mode: Callable[..., tuple[Page, int]],
) -> None:
    """A17, A18: nothing is saved before the plan is, and what is invalid does not join."""
    page, key = mode()
    history(page, "zoo").first.click()
    field = planned(page, "amount").get_by_label("Value of amount (JSON)")
    expect(field).to_have_value("5")
    field.fill("6,")
    field.blur()
    expect(planned(page, "amount").get_by_role("alert")).to_contain_text("Invalid JSON")
    expect(page.locator("#plan-review")).to_be_disabled()
    field.fill("6")
    field.blur()
    expect(page.locator("#mode-last")).to_have_text("Last added: Edit variable ‘amount’: Process instance")
    expect(planned(page, "amount")).to_contain_text("edited")
    field.fill("7")
    field.blur()
    page.click("#plan-undo")
    expect(field).to_have_value("6")
    page.click("#plan-redo")
    expect(field).to_have_value("7")
    # back to what it was is no change
    field.fill("5")
    field.blur()
    expect(page.locator("#plan-review")).to_be_disabled()
    field.fill("8")
    field.blur()
    # another scope that runs: what differs there
    history(page, "Parcel").nth(1).click()
    expect(page.locator("#planned-variables")).to_contain_text("Variables of Parcel")
    expect(planned(page, "item").locator("textarea")).to_have_value('"a"')
    assert Variable.objects.get(scope_key=key, name="amount").value == 5
    page.click("#plan-review")
    expect(page.locator("#summary .ft-preview-variable")).to_have_text("amount: 5 → 8")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert Variable.objects.get(scope_key=key, name="amount").value == 8


def test_what_is_being_typed_outlives_that_the_values_are_read_again(mode: Callable[..., tuple[Page, int]]) -> None:
    """A17: nobody types in vain."""
    page, _key = mode()
    history(page, "zoo").first.click()
    field = planned(page, "amount").get_by_label("Value of amount (JSON)")
    expect(field).to_have_value("5")
    asked = re.compile("/values/")
    held: list[Route] = []
    page.route(asked, lambda route: held.append(route))
    with page.expect_request(asked):
        history(page, "zoo").first.click()
    field.fill("")
    field.press_sequentially("67")
    with page.expect_response(asked):
        held[0].continue_()
    page.unroute(asked)
    expect(planned(page, "items").locator("textarea")).to_have_value('["a", "b", "c"]')
    expect(field).to_have_value("67")
    field.blur()
    expect(page.locator("#mode-last")).to_have_text("Last added: Edit variable ‘amount’: Process instance")


def test_a_long_value_is_edited_in_the_json_editor(mode: Callable[..., tuple[Page, int]]) -> None:
    """Part 4.8: pop-out with marks at faults; Apply only without any."""
    page, _key = mode()
    history(page, "zoo").first.click()
    planned(page, "items").get_by_role("button", name="Edit items in the JSON editor").click()
    dialog = page.get_by_role("dialog", name="Edit variable ‘items’")
    editor = dialog.locator(".cm-content")
    expect(editor).to_contain_text('"a"')
    editor.fill('["a",')
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()
    editor.fill('["a", "d"]')
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator("#mode-last")).to_contain_text("Edit variable ‘items’")
    expect(planned(page, "items").locator("textarea")).to_have_value('["a", "d"]')


def test_who_may_not_edit_variables_is_told_in_the_panel(office: Office, mode: Callable[..., tuple[Page, int]]) -> None:
    """An operator moves tokens, and sees variables read-only with the reason."""
    page, _key = mode(user="omar")
    history(page, "zoo").first.click()
    panel = page.locator("#planned-variables")
    expect(panel).to_contain_text("You lack the right 'edit_variables'")
    expect(planned(page, "amount").locator("textarea")).to_have_attribute("readonly", "")
    expect(panel.locator("[data-plan-variable]")).to_have_attribute("aria-disabled", "true")


# -- the review


def test_the_review_shows_every_row_which_can_be_looked_at_and_deleted_alone(
    mode: Callable[..., tuple[Page, int]],
) -> None:
    """A19, A20, A21, A22: closing it keeps the plan."""
    page, _key = mode()
    plan(page, "check", "cancel")
    plan(page, "pack", "add")
    history(page, "zoo").first.click()
    planned(page, "amount").locator("textarea").fill("6")
    planned(page, "amount").locator("textarea").blur()
    add_variable(page, "note", '{"by": "ada"}')
    page.click("#plan-review")
    rows = page.locator("#summary .ft-plan-row")
    expect(rows).to_have_count(4)
    # the value of a new variable in a viewer, the change of another one side by side
    added, edited = rows.filter(has_text="‘note’"), rows.filter(has_text="‘amount’")
    added.get_by_text("View the value").click()
    expect(added.locator(".cm-content")).to_contain_text('"by": "ada"')
    expect(added.locator(".cm-content")).to_have_attribute("aria-readonly", "true")
    edited.get_by_text("View the change").click()
    expect(edited.locator(".cm-mergeView .cm-content").first).to_contain_text("5")
    expect(edited.locator(".cm-mergeView .cm-content").last).to_contain_text("6")
    # one row goes, the others stay; so they do when the review is closed
    added.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(3)
    page.locator("#summary").get_by_role("button", name="Back to the plan").click()
    expect(page.locator("#summary")).to_be_hidden()
    expect(page.locator("#plan-review")).to_have_text("Apply 3 modifications")
    page.click("#plan-review")
    page.keyboard.press("Escape")
    expect(page.locator("#summary")).to_be_hidden()
    expect(page.locator("#plan-review")).to_have_text("Apply 3 modifications")


def test_the_variables_of_a_token_go_with_its_row_and_come_back_with_it(mode: Callable[..., tuple[Page, int]]) -> None:
    """A24 and trap 3: undo and redo take both."""
    page, key = mode()
    plan(page, "pack", "add")
    pending(page, "Pack").click()
    add_variable(page, "box", '"L"')
    page.click("#plan-review")
    rows = page.locator("#summary .ft-plan-row")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(0)
    expect(page.locator("#plan-apply")).to_be_disabled()
    page.locator("#summary").get_by_role("button", name="Back to the plan").click()
    expect(pending(page, "Pack")).to_have_count(0)
    expect(page.locator("#planned-variables")).to_contain_text("Variables of Process instance")
    page.click("#plan-undo")
    expect(page.locator("#plan-review")).to_have_text("Apply 2 modifications")
    page.keyboard.press("Shift+U")
    expect(page.locator("#plan-review")).to_be_disabled()
    page.keyboard.press("u")
    page.click("#plan-review")
    expect(page.locator("#summary .ft-preview-variable")).to_contain_text("box")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    [pack] = running(key, "pack")
    assert Variable.objects.get(scope_key=pack.key, name="box").value == "L"


def test_applying_leaves_the_mode_says_so_and_offers_what_comes_next(mode: Callable[..., tuple[Page, int]]) -> None:
    """A23, A25, A26: the change is there at once; its record, and how many are moved together."""
    page, key = mode()
    plan(page, "check", "move")
    click_element(page, "remind")
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#mode-banner")).to_be_hidden()
    expect(page.locator("#modify-button")).to_be_visible()
    expect(page.locator("[data-badge='active remind']")).to_have_text("1")
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("Modifications applied.")
    expect(toast.get_by_role("link", name="Move many instances together")).to_have_attribute(
        "href", re.compile("process=zoo&version=1&element=check$")
    )
    toast.get_by_role("link", name="See it in the audit log").click()
    expect(page.locator("#panel-audit")).to_contain_text("Modify")
    assert len(running(key, "remind")) == 1


def test_a_plan_that_is_refused_stays_with_the_row_that_failed_marked(mode: Callable[..., tuple[Page, int]]) -> None:
    """Trap 1: nothing is lost by an error, and nothing of it has happened (trap 2)."""
    page, key = mode()
    history(page, "zoo").first.click()
    planned(page, "amount").locator("textarea").fill("6")
    planned(page, "amount").locator("textarea").blur()
    plan(page, "check", "cancel")
    page.click("#plan-review")
    expect(page.locator("#plan-apply")).to_be_enabled()
    # what the row names is gone, and nobody looks at revisions
    page.route(re.compile("/modify/$"), lambda route: route.continue_(post_data=broken(route.request.post_data or "")))
    page.click("#plan-apply")
    expect(page.locator("#summary > .ft-dialog-body > .ft-error")).to_contain_text("4711")
    expect(page.locator("#summary .ft-plan-row.is-wrong")).to_contain_text("Cancel ‘Check’")
    expect(page.locator("#summary .ft-plan-row")).to_have_count(2)
    expect(page.locator("#mode-banner")).to_be_visible()
    assert Variable.objects.get(scope_key=key, name="amount").value == 5
    assert len(running(key, "check")) == 1
    page.unroute_all()
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert running(key, "check") == []


def broken(sent: str) -> str:
    """The same request, with a row that names an element instance which is not there."""
    request = json.loads(sent)
    for row in request["plan"]:
        if row["kind"] == "cancel":
            row["key"] = "4711"
    return json.dumps(request)


def test_everything_that_is_left_is_told_before_it_is_canceled(
    office: Office, mode: Callable[..., tuple[Page, int]]
) -> None:
    """Part 4.11: a plan that leaves nothing cancels the process instance."""
    page, key = mode(office.loan())
    plan(page, "check_completeness", "cancel")
    page.click("#plan-review")
    expect(page.locator("#summary .ft-preview")).to_contain_text("Nothing remains active")
    # that is a risk somebody has to answer for
    expect(page.locator("#plan-apply")).to_be_disabled()
    page.get_by_label("Accept, and note it in the audit log").check()
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert ProcessInstance.objects.get(pk=key).state == "CANCELED"
    expect(page.locator("#modify-button")).to_have_attribute("aria-disabled", "true")


def test_a_preview_that_fails_blocks_apply_and_shows_the_error(mode: Callable[..., tuple[Page, int]]) -> None:
    """Trap 16."""
    page, _key = mode()
    plan(page, "check", "cancel")
    page.route(re.compile("/modify/$"), lambda route: route.fulfill(status=500, json={"message": "It burns."}))
    page.click("#plan-review")
    expect(page.locator("#summary")).to_contain_text("It burns.")
    expect(page.locator("#plan-apply")).to_be_disabled()
    expect(page.locator("#summary .ft-plan-row")).to_have_count(1)


# -- leaving


def test_discarding_asks_and_leaving_the_page_does_not_lose_the_plan(mode: Callable[..., tuple[Page, int]]) -> None:
    """Part 4.10: stay, leave and find it again, or give it up."""
    page, key = mode()
    plan(page, "check", "cancel")
    page.click("#plan-discard")
    dialog = page.locator("#mode-dialog")
    expect(dialog).to_contain_text("The planned modification will be discarded.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-plan='check']")).to_have_text("− 1")
    away = page.locator("#nav-sidebar").get_by_role("link", name="Process instances")
    away.click()
    expect(dialog).to_contain_text("The plan is not applied.")
    dialog.get_by_role("button", name="Stay").click()
    expect(page.locator("#mode-banner")).to_be_visible()
    away.click()
    dialog.get_by_role("button", name="Leave and keep the plan").click()
    page.wait_for_url("**/workflow/processinstance/")
    page.goto(f"/workflow/processinstance/{key}/")
    expect(page.locator("[data-plan='check']")).to_have_text("− 1")
    expect(page.locator("#toasts")).to_contain_text("Your plan from last time is here again.")
    page.click("#plan-discard")
    dialog.get_by_role("button", name="Discard").click()
    expect(page.locator("#mode-banner")).to_be_hidden()
    page.reload()
    expect(page.locator("#instance[data-ready]")).to_be_visible()
    expect(page.locator("#mode-banner")).to_be_hidden()


def test_dragging_a_badge_to_where_nothing_can_go_says_why(office: Office) -> None:
    """A3 by hand."""
    key = zoo(office)
    page = office.login("ada")
    office.open(page, key)
    drag(page, "check", "start")
    expect(page.locator("#toasts")).to_contain_text("start event cannot be activated")
    expect(page.locator("#summary")).to_be_hidden()
