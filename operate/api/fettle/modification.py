"""Modifying a process instance by a plan: doing it, what it would do, all that is wrong with it, and the plan to take along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ModifyProcessInstance
from operate.api.fettle.base import POLICY, BreakGlass, FettleView
from operate.api.fettle.outcomes import OUTCOME, outcome_json
from operate.api.fettle.schema import (
    FLAG,
    OBJECT,
    OPTIONAL_TEXT,
    OPTIONAL_WHOLE,
    TEXT,
    WHOLE,
    all_of,
    also,
    array,
)
from operate.api.fettle.warnings import JUDGEMENT, judgement_json
from operate.approvals.gate import has_red
from operate.plans.changes import changes_since
from operate.plans.checking import Flaw, check
from operate.plans.exporting import Running, call_for, named_keys, reusable
from operate.plans.json_form import (
    KEY_SCHEMA,
    MAX_ITEMS,
    Problem,
    Problems,
    read_instruction,
    read_object,
    schema_of,
    write,
)
from operate.plans.plan import Plan
from workflow.engine.errors import Outdated, Rejected
from workflow.models import ProcessInstance
from workflow.modification import Instruction, ModificationOptions
from workflow.services import Outcome
from workflow.soundness import Acceptance

INSTRUCTIONS = "instructions"
POSITION = re.compile(rf"{INSTRUCTIONS}\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Modification(Plan):
    """A plan, and how it is to be applied.

    With `expected_revision` an instance that has another one refuses the plan and tells what has changed, unless `proceed`
    says to go on. Each red warning of the plan has to be among the accepted ones.
    """

    proceed: bool = False
    reason: str = ""
    accepted_warnings: tuple[Acceptance, ...] = ()
    break_glass: BreakGlass | None = None

    @property
    def options(self) -> ModificationOptions:
        """What holds for the command, without the revision where that does not matter."""
        expected = None if self.proceed else self.expected_revision
        return ModificationOptions(self.skip_io_mappings, self.skip_listeners, expected)


class ModificationView(FettleView):
    """What the views of this resource share."""

    tag = "Modification"
    request_body = schema_of(Modification)
    answer = also(OUTCOME, **JUDGEMENT)

    def modify(self, key: int, plan: Modification, *, dry_run: bool, judge: bool = True) -> Outcome:
        """Apply the plan, or tell what that would do."""
        action = self.act(ModifyProcessInstance, reason=plan.reason, dry_run=dry_run)
        accepted = plan.accepted_warnings if judge else None
        return action.execute(key, plan.instructions, options=plan.options, accepted=accepted)

    def told(self, outcome: Outcome) -> Response:
        """The outcome, and what is wrong with it."""
        return Response(outcome_json(outcome) | judgement_json(outcome))


class Modify(ModificationView):
    """Apply a plan to a running process instance, all of it or nothing, and tell the outcome.

    A plan made on an earlier revision is refused (409) with what has changed since, unless `proceed` is true. One that does harm
    is refused (409) with its `warnings`, unless all red ones are among the `accepted_warnings`.
    """

    def post(self, request: Request, key: str) -> Response:
        return self.told(self.modify(self.key(key), self.read(Modification), dry_run=False))


class ModifyDryRun(ModificationView):
    """Tell what a plan would do to a process instance as it is now. Nothing is written.

    It needs the same rights as doing it. The keys of what would be new are given to nothing.
    """

    answer = also(OUTCOME, **JUDGEMENT, **POLICY)

    def post(self, request: Request, key: str) -> Response:
        outcome = self.modify(self.key(key), self.read(Modification), dry_run=True)
        return Response(outcome_json(outcome) | judgement_json(outcome) | self.policy(is_red=has_red(outcome)))


class Validate(ModificationView):
    """Tell all that is wrong with a plan, each problem tied to its instruction. Nothing is written.

    Fields are checked first. Then the instructions that can be read are tried together in a dry run: one that cannot be applied
    is left out, and the others are tried again from the beginning. So each is judged after those before it that can be applied;
    one that needs what a refused one would have made is a problem too. What only shows in the end (a called instance that would
    be empty) has no instruction. `complete` is false if the search ended early, after 100 problems or such a one.
    """

    answer = also(
        all_of(
            valid=FLAG,
            complete=FLAG,
            problems=array(
                all_of(instruction=OPTIONAL_WHOLE, path=OPTIONAL_TEXT, description=OPTIONAL_TEXT, message=TEXT)
            ),
            sentences=array(OPTIONAL_TEXT),
        ),
        revision={**WHOLE, "description": "The revision now, where another one was expected."},
        changes={**OBJECT, "description": "What has changed since the expected revision."},
    )

    def post(self, request: Request, key: str) -> Response:
        number = self.key(key)
        plan, given, problems = self._read()
        instructions = [(position, each) for position, each in enumerate(given) if each is not None]
        flaws = [_flaw(problem) for problem in problems]
        more: dict[str, Any] = {}
        try:
            verdict = check(instructions, lambda some: self._attempt(number, plan, some))
        except Outdated as outdated:
            flaws.append(Flaw(outdated.message, path="expected_revision"))
            changes = changes_since(number, outdated.expected, self.access)
            more = {"revision": outdated.revision, "changes": write(changes)}
            proceeding = replace(plan, proceed=True)
            verdict = check(instructions, lambda some: self._attempt(number, proceeding, some))
        flaws = sorted([*flaws, *verdict.flaws], key=_place)
        return Response(
            {
                "valid": not flaws,
                "complete": verdict.is_complete,
                "problems": [_told(flaw) for flaw in flaws],
                "sentences": [None if each is None else each.describe() for each in given],
                **more,
            }
        )

    def _attempt(self, key: int, plan: Modification, instructions: Sequence[Instruction]) -> None:
        self.modify(key, replace(plan, instructions=tuple(instructions)), dry_run=True, judge=False)

    def _read(self) -> tuple[Modification, list[Instruction | None], Problems]:
        """The plan without its instructions; these, None for each that cannot be read; and what is wrong with all of it."""
        body = self.body()
        listed = body.get(INSTRUCTIONS) if isinstance(body, dict) else None
        if not isinstance(listed, list) or not 0 < len(listed) <= MAX_ITEMS:
            plan = self.read(Modification)
            return plan, [], []
        problems: Problems = []
        plan = read_object(Modification, {**body, INSTRUCTIONS: []}, "", problems) or Modification(())
        given = [read_instruction(each, f"{INSTRUCTIONS}[{i}]", problems) for i, each in enumerate(listed)]
        return plan, given, problems


def _flaw(problem: Problem) -> Flaw:
    found = POSITION.match(problem.path)
    return Flaw(problem.message, int(found[1]) if found else None, problem.path)


def _place(flaw: Flaw) -> int:
    return -1 if flaw.instruction is None else flaw.instruction


def _told(flaw: Flaw) -> dict[str, Any]:
    return {
        "instruction": flaw.instruction,
        "path": flaw.path,
        "description": flaw.description,
        "message": flaw.message,
    }


class Export(ModificationView):
    """Tell a plan in one sentence for each instruction, as the call of the Camunda API that does the same, and as JSON.

    `plan` is for this process instance; `reusable_plan` is for any other of its definition: it names elements instead of keys
    wherever that means the same here. What it still names by key is in `named_keys`. What the Camunda API cannot say is in
    `leaves_out`. Nothing is tried: that is what validation is for.
    """

    answer = all_of(
        sentences=array(TEXT),
        call=all_of(api=TEXT, method=TEXT, path=TEXT, body=OBJECT, curl=TEXT, leaves_out=array(TEXT)),
        plan=schema_of(Plan),
        reusable_plan=schema_of(Plan),
        named_keys=array(
            all_of(instruction=WHOLE, field=TEXT, key=KEY_SCHEMA, element_id={**TEXT, "nullable": True}),
        ),
    )

    def post(self, request: Request, key: str) -> Response:
        instance = self.row(ProcessInstance.objects.select_related("definition"), key)
        given = self.read(Modification)
        plan = Plan(given.instructions, given.skip_io_mappings, given.skip_listeners, given.expected_revision)
        if plan.semantics().value != instance.definition.semantics:
            raise Rejected(
                f"Expected instructions for process instance '{instance.key}', which has the semantics "
                f"{instance.definition.semantics}, but those of the plan are for {plan.semantics().value}."
            )
        running = Running.of(instance)
        elsewhere = reusable(plan, running)
        return Response(
            {
                "sentences": plan.describe(),
                "call": write(call_for(plan, instance.key)),
                "plan": write(plan),
                "reusable_plan": write(elsewhere),
                "named_keys": write(named_keys(elsewhere, running.elements)),
            }
        )
