"""Ad-hoc sub-processes: somebody outside decides what is done in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workflow.elements.ad_hoc_sub_process import AdHocSubProcess, activatable
from workflow.engine.engine import Engine
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import ACTIVE, ElementInstance
from workflow.engine.step import Step
from workflow.engine.values import Variables
from workflow.graph import ElementType
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, unit_of_work
from workflow.services.guards import require_not_suspended
from workflow.services.settling import settle


@dataclass(frozen=True, slots=True)
class AdHocResult:
    """What the worker of an ad-hoc sub-process's job decided: which elements come next, or that it is enough."""

    elements: Sequence[tuple[str, Variables]] = ()
    is_completion_condition_fulfilled: bool = False
    cancel_remaining: bool = False


def activate_ad_hoc_elements(
    element_instance_key: int,
    elements: Sequence[tuple[str, Variables]],
    *,
    cancel_remaining: bool = False,
    context: Context = SYSTEM,
) -> Outcome:
    """Activate elements of a running ad-hoc sub-process, each with its own variables.

    With `cancel_remaining`, all that runs in it is ended before.
    """
    with unit_of_work(context) as work:
        engine = work.open(Subject.ELEMENT_INSTANCE, element_instance_key)
        instance = engine.state.elements[element_instance_key]
        if instance.element.type is not ElementType.AD_HOC_SUB_PROCESS:
            raise NotFound(
                f"Expected to activate elements of an ad-hoc sub-process with key '{element_instance_key}', but that is "
                f"an instance of '{instance.element.id}', a {instance.element.type}."
            )
        if instance.state != ACTIVE:
            raise Conflict(
                f"Expected to activate elements of ad-hoc sub-process '{instance.element.id}' with key "
                f"'{element_instance_key}', but it is not active."
            )
        require_not_suspended(engine, f"Ad-hoc sub-process '{element_instance_key}'")
        go_on(engine, instance, AdHocResult(elements, cancel_remaining=cancel_remaining))
        settle(work)
        return outcome(engine)


def go_on(engine: Engine, instance: ElementInstance, result: AdHocResult) -> None:
    """Let an ad-hoc sub-process do what was decided, or nothing of it if there is no such element."""
    names = [element_id for element_id, _variables in result.elements]
    known = activatable(instance.element)
    unknown = [name for name in names if name not in known]
    where = f"ad-hoc sub-process '{instance.element.id}' with key '{instance.key}'"
    if unknown:
        raise NotFound(
            f"Expected to activate elements of {where}, but the given elements {unknown} do not exist in it. Activate "
            f"one of {sorted(known)}: those that no flow leads to."
        )
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise Rejected(f"Expected to activate each element of {where} once, but {twice} are given more than once.")
    step = Step(engine, instance.element, instance.scope, instance)
    AdHocSubProcess().go_on(
        step,
        result.elements,
        is_enough=result.is_completion_condition_fulfilled,
        ends_others=result.cancel_remaining,
    )
    engine.run()
