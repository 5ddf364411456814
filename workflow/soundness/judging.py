"""What harm a modification does: its marking compared with the one before, and with the model itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflow.engine.events import is_interrupting
from workflow.engine.state import ProcessInstanceState
from workflow.engine.step import elements_leading_to
from workflow.graph import ElementType, FlowNode, Semantics, SequenceFlow
from workflow.modification import Instruction
from workflow.soundness.change import Change, modifying
from workflow.soundness.ending import closed_waits, completed_at_once, endings, lost_work
from workflow.soundness.exploring import Budget
from workflow.soundness.marking import Marking, Token
from workflow.soundness.net import is_join
from workflow.soundness.plan import Touched, bringing, canceling, due_to
from workflow.soundness.scopes import Analysis, Prospect, Trouble, regular
from workflow.soundness.variables import missing_variables, unset_variables, written_by
from workflow.soundness.warnings import Code, Fix, FixKind, Severity, SoundnessWarning, drawn

MAX_WARNINGS = 50
MAX_TRIED = 40
"""More tokens than these are not tried, one after the other, for a fix."""
PASSING = frozenset(
    {
        ElementType.EXCLUSIVE_GATEWAY,
        ElementType.PARALLEL_GATEWAY,
        ElementType.INCLUSIVE_GATEWAY,
        ElementType.END_EVENT,
        ElementType.START_EVENT,
        ElementType.TASK,
        ElementType.MANUAL_TASK,
        ElementType.BOUNDARY_EVENT,
    }
)
"""What does nothing but pass its token on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All warnings of one plan, the worst first."""

    warnings: tuple[SoundnessWarning, ...]
    is_complete: bool = True
    """False if the search was ended by its bounds."""

    @property
    def red(self) -> tuple[SoundnessWarning, ...]:
        """Those that have to be accepted."""
        return tuple(each for each in self.warnings if each.severity is Severity.RED)


def judge(
    before: Marking,
    state: ProcessInstanceState,
    instructions: Sequence[Instruction],
    *,
    now: datetime,
    others: Iterable[ProcessInstanceState] = (),
    budget: Budget | None = None,
) -> Judged:
    """What is wrong with a process instance after a modification; see `judge_change`."""
    return judge_change(before, state, modifying(instructions, before), now=now, others=others, budget=budget)


def judge_change(
    before: Marking,
    state: ProcessInstanceState,
    change: Change,
    *,
    now: datetime,
    others: Iterable[ProcessInstanceState] = (),
    budget: Budget | None = None,
) -> Judged:
    """What is wrong with a process instance after a change that was not wrong before.

    `state` is as the change has left it, `others` the process instances that it has touched besides. What begins anew is compared
    with an instance in which nothing stands.
    """
    budget = budget or Budget()
    found = list(_lost(before, state, change, now, others))
    if state.is_active:
        found += _Comparison(before, Marking.of(state), change, state.process.semantics, budget).warnings()
    if budget.is_used_up:
        found.append(_not_finished())
    return _in_order(found, is_complete=not budget.is_used_up)


def compared(
    known: Judged,
    before: Marking,
    state: ProcessInstanceState,
    change: Change,
    *,
    now: datetime,
    others: Iterable[ProcessInstanceState] = (),
) -> Judged:
    """What is known of a process instance that stands alike, with the work that is lost in this one."""
    lasting = [warning for warning in known.warnings if warning.code is not Code.WORK_LOST]
    own = [each for each in _lost(before, state, change, now, others) if each.code is Code.WORK_LOST]
    return _in_order([*lasting, *own], is_complete=known.is_complete)


def _lost(
    before: Marking,
    state: ProcessInstanceState,
    change: Change,
    now: datetime,
    others: Iterable[ProcessInstanceState],
) -> Iterator[SoundnessWarning]:
    """What ends for good."""
    if change.is_start:
        yield from completed_at_once(state)
        return
    yield from endings(before, state, others)
    yield from lost_work(before, state, others, change.steps, now)
    if change.is_migration:
        yield from closed_waits(before, state)


def _in_order(found: list[SoundnessWarning], *, is_complete: bool) -> Judged:
    order = list(Severity)
    found.sort(key=lambda warning: order.index(warning.severity))
    return Judged(tuple(found[:MAX_WARNINGS]), is_complete)


def _not_finished() -> SoundnessWarning:
    return SoundnessWarning(
        Code.NOT_FINISHED,
        Severity.INFO,
        (),
        "There is more that could happen than could be looked at in time: more may be wrong than is told here.",
    )


@dataclass
class _Comparison:
    before: Marking
    after: Marking
    change: Change
    semantics: Semantics
    budget: Budget
    was: Analysis = field(init=False)
    now: Analysis = field(init=False)

    def __post_init__(self) -> None:
        self.was = Analysis(self.before, self.budget)
        self.now = Analysis(self.after, self.budget, self.was.cache)

    def warnings(self) -> Iterator[SoundnessWarning]:
        """Everything that the plan makes worse."""
        told: dict[tuple[str, frozenset[str]], list[SoundnessWarning]] = {}
        for warning in self._warnings():
            told.setdefault(warning.identity, []).append(warning)
        for alike in told.values():
            found = alike[0] if len(alike) == 1 else _together(alike)
            yield replace(found, fixes=()) if self.change.is_migration else found

    @property
    def plan(self) -> Sequence[Touched]:
        """The steps of the change."""
        return self.change.steps

    def prospect_before(self, scope_key: int, element: FlowNode) -> Prospect | None:
        """What a scope instance could reach before, in the words of now; None if it is a new one."""
        if (
            not self.before.has_scope(scope_key)
            or self.change.after(self.before.scope_element(scope_key)) is not element
        ):
            return None
        found = self.was.prospect(scope_key)
        return found.renamed(self.change.renamed) if self.change.renamed is not None else found

    def _warnings(self) -> Iterator[SoundnessWarning]:
        for scope_key in self.now.scopes():
            yield from _Scope(self, scope_key).warnings()
        yield from self._beside_interrupting()
        if self.change.is_migration:
            yield from unset_variables(self.before, self.after, self.change)
        else:
            yield from missing_variables(self.before, self.after, self.plan)

    def _beside_interrupting(self) -> Iterator[SoundnessWarning]:
        """Event sub-processes that the plan has opened without interrupting what they stand for."""
        for token in self.after.tokens.values():
            is_new = token.element.type is ElementType.EVENT_SUB_PROCESS and token.key not in self.before.tokens
            if not is_new or not is_interrupting(token.element.start_events[0]):
                continue
            beside = [each for each in self.after.children[token.scope_key] if each.key != token.key]
            if not beside:
                continue
            names = list(dict.fromkeys(drawn(each.element.id) for each in beside))
            old = [each for each in beside if each.key in self.before.tokens][:MAX_TRIED]
            fixes: tuple[Fix, ...] = ()
            if len(old) == len(beside):
                instructions = tuple(canceling(each.key, self.semantics) for each in old)
                fixes = (Fix(FixKind.CANCEL, f"Cancel {_names(names)}, which would be interrupted", instructions),)
            yield SoundnessWarning(
                Code.BESIDE_INTERRUPTING,
                Severity.RED,
                (token.element.id, *names),
                f"What is inside '{_label(token.element)}' runs beside {_names(names)}, which its event would have interrupted: "
                "both may write the same variables.",
                due_to(self.plan, token.element.children),
                fixes,
                scope_key=token.scope_key,
            )


def _together(alike: Sequence[SoundnessWarning]) -> SoundnessWarning:
    """The same in several scope instances, with what takes care of all of them."""
    fixes = []
    for kind in FixKind if len(alike) <= MAX_TRIED else ():
        each = [next((fix for fix in warning.fixes if fix.kind is kind), None) for warning in alike]
        found = [fix for fix in each if fix is not None]
        if len(found) == len(alike):
            fixes.append(replace(found[0], add=tuple(dict.fromkeys(one for fix in found for one in fix.add))))
    reason = f"{alike[0].reason} (In {len(alike)} instances of its scope.)"
    return replace(alike[0], reason=reason, fixes=tuple(fixes), scope_key=None)


def mending(marking: Marking, scope_key: int, gateway: FlowNode) -> tuple[Fix, ...]:
    """What would let a join go on at which tokens wait for ever; nothing if nothing simple does."""
    comparison = _Comparison(marking, marking, Change(()), marking.process.semantics, Budget())
    scope = _Scope(comparison, scope_key)
    lacking = scope.after.missing.get(gateway)
    return () if lacking is None else tuple(scope._fixes(gateway, sorted(lacking, key=lambda flow: flow.id)))


class _Scope:
    """One scope instance after the plan."""

    def __init__(self, comparison: _Comparison, key: int) -> None:
        self._all = comparison
        self.key = key
        self.now = comparison.now
        self.element = comparison.after.scope_element(key)
        self.is_old = comparison.before.has_scope(key)
        self.after = comparison.now.prospect(key)
        self.before = comparison.prospect_before(key, self.element)
        self.regular = regular(self.element, comparison.semantics)

    def warnings(self) -> Iterator[SoundnessWarning]:
        if self.before is self.after:
            return
        yield from self._early()
        for gateway in self.after.joins:
            if self._is_worse(gateway):
                yield self._join(gateway)
        yield from self._dead()
        yield from self._no_completion()
        yield from self._twice()

    def _is_worse(self, gateway: FlowNode) -> bool:
        known = max(
            self.regular.joins.get(gateway, Trouble.NONE),
            self.before.joins.get(gateway, Trouble.NONE) if self.before is not None else Trouble.NONE,
        )
        return self.after.joins[gateway] > known

    # ---- joins

    def _join(self, gateway: FlowNode) -> SoundnessWarning:
        trouble = self.after.joins[gateway]
        lacking = sorted(self.after.missing[gateway], key=lambda flow: flow.id)
        codes = {
            Trouble.NEVER_FIRES: Code.JOIN_NEVER_FIRES,
            Trouble.KEEPS_A_TOKEN: Code.JOIN_HAS_ONE_TOO_MANY,
            Trouble.MAY_NOT_FIRE: Code.JOIN_MAY_NOT_FIRE,
        }
        sources = [drawn(flow.source.id) for flow in lacking]
        return SoundnessWarning(
            codes[trouble],
            Severity.YELLOW if trouble is Trouble.MAY_NOT_FIRE else Severity.RED,
            (gateway.id, *dict.fromkeys(sources)),
            self._join_reason(gateway, trouble, lacking),
            due_to(self._all.plan, [gateway]),
            tuple(self._fixes(gateway, lacking)),
            scope_key=self.key,
        )

    def _join_reason(self, gateway: FlowNode, trouble: Trouble, lacking: Sequence[SequenceFlow]) -> str:
        from_where = _names([_label(flow.source) for flow in lacking])
        able = self._who_could_bring(lacking)
        who = f"; {_names(able)} could still bring it" if able else "; nothing that runs can bring it"
        lost = f", and {self._whole} can no longer complete" if self._is_lost() else ""
        match trouble:
            case Trouble.NEVER_FIRES:
                return f"'{_label(gateway)}' never fires: it lacks a token from {from_where}{who}{lost}."
            case Trouble.KEEPS_A_TOKEN:
                return (
                    f"'{_label(gateway)}' fires without using up all tokens: one is left that waits for ever for one from "
                    f"{from_where}{lost}."
                )
        return f"'{_label(gateway)}' may wait for ever: on some ways it lacks a token from {from_where}{who}."

    def _who_could_bring(self, lacking: Sequence[SequenceFlow]) -> list[str]:
        leading: set[FlowNode] = set()
        for flow in lacking:
            leading |= elements_leading_to(flow.source) | {flow.source}
        tokens = self._all.after.children.get(self.key, ())
        return list(dict.fromkeys(_label(each.element) for each in tokens if each.element in leading))

    def _early(self) -> Iterator[SoundnessWarning]:
        """Joins that the plan lets fire, or that two tokens over one flow may fire, while others are on their way."""
        for gateway in self.element.children:
            if not is_join(gateway):
                continue
            coming = self._tokens_leading_to(gateway)
            is_planted = any(gateway in each.started for each in self._all.plan) and bool(coming)
            if self._all.semantics is Semantics.CAMUNDA_7:
                is_planted = is_planted and self._has_fired(gateway)
            is_surplus = (
                self._all.semantics is Semantics.CAMUNDA_7
                and gateway.type is ElementType.PARALLEL_GATEWAY
                and gateway in self.after.surplus
                and gateway not in self.regular.surplus
                and not (self.before is not None and gateway in self.before.surplus)
            )
            if not is_planted and not is_surplus:
                continue
            names = _names([_label(each) for each in coming])
            reason = (
                f"'{_label(gateway)}' fires without waiting for {names}: what comes from there later makes it fire again, or "
                "waits for ever."
                if is_planted
                else f"'{_label(gateway)}' counts tokens, and two may come over the same flow: it can fire while another branch "
                "still runs."
            )
            yield SoundnessWarning(
                Code.JOIN_FIRES_EARLY,
                Severity.RED if is_planted or gateway in self.after.joins else Severity.YELLOW,
                (gateway.id, *dict.fromkeys(drawn(each.id) for each in coming)),
                reason,
                due_to(self._all.plan, [gateway]),
                tuple(self._leave_out([gateway])),
                scope_key=self.key,
            )

    def _has_fired(self, gateway: FlowNode) -> bool:
        """Whether no token waits at a gateway that the plan has sent one to."""
        tokens = self._all.after.children.get(self.key, ())
        return not any(each.element is gateway for each in tokens)

    def _tokens_leading_to(self, gateway: FlowNode) -> list[FlowNode]:
        leading = elements_leading_to(gateway)
        found = [each.element for each in self._all.after.children.get(self.key, ()) if each.element in leading]
        for flow_id in self._all.after.held.get(self.key, {}):
            flow = self._all.after.process.flows.get(flow_id)
            if flow is not None and flow.target is gateway:
                found.append(flow.source)
        return list(dict.fromkeys(found))

    # ---- ends

    def _dead(self) -> Iterator[SoundnessWarning]:
        known = self.regular.dead | (self.before.dead if self.before is not None else frozenset())
        for node in sorted(self.after.dead - known, key=lambda node: node.id):
            yield SoundnessWarning(
                Code.ENDS_NOWHERE,
                Severity.RED,
                (drawn(node.id),),
                f"A token that comes to '{_label(node)}' never leaves it: nobody catches what it throws.",
                due_to(self._all.plan, [node]),
                tuple(self._leave_out([node])),
                scope_key=self.key,
            )

    def _is_lost(self) -> bool:
        """Whether the scope can no longer complete, and could before."""
        could = self.before.completes or not self.before.is_complete if self.before is not None else True
        could = could and (self.regular.completes or not self.regular.is_complete)
        return could and self.after.is_complete and not self.after.completes

    @property
    def _whole(self) -> str:
        return "the process instance" if self.key == self._all.after.key else f"'{_label(self.element)}'"

    def _no_completion(self) -> Iterator[SoundnessWarning]:
        """Tokens that go round without end; what waits for ever has been told already."""
        if not self._is_lost() or self.after.joins or self.after.dead:
            return
        elements = [each.element for each in self._all.after.children.get(self.key, ())]
        yield SoundnessWarning(
            Code.NO_COMPLETION,
            Severity.RED,
            tuple(dict.fromkeys(drawn(each.id) for each in elements)),
            f"From {_names([_label(each) for each in elements])} no way leads to an end: {self._whole} can no longer complete.",
            due_to(self._all.plan, elements),
            scope_key=self.key,
        )

    def _twice(self) -> Iterator[SoundnessWarning]:
        known = self.regular.doubled | (self.before.doubled if self.before is not None else frozenset())
        found = sorted(self.after.doubled - known, key=lambda node: self.after.order[node])
        busy = [node for node in found if node.type not in PASSING]
        if not found:
            return
        head, *rest = busy or found
        names, unknown = written_by(busy)
        severity = Severity.YELLOW if busy else Severity.INFO
        more = f", and so may {_names([_label(each) for each in rest])}" if rest else ""
        what = f"; it may overwrite {_names(names)}" if names else ""
        what += ("; " if not names else ", and ") + "what its work returns" if unknown else ""
        yield SoundnessWarning(
            Code.RUNS_TWICE,
            severity,
            tuple(dict.fromkeys(drawn(each.id) for each in (head, *rest))),
            f"'{_label(head)}' may run twice at the same time because of this plan{more}{what}.",
            due_to(self._all.plan, [head]),
            tuple(self._cancel_fixes()),
            names,
            scope_key=self.key,
        )

    # ---- fixes

    def _fixes(self, gateway: FlowNode, lacking: Sequence[SequenceFlow]) -> Iterator[Fix]:
        """What makes the join fire and leaves nothing behind: the missing tokens, or the end of the other branch."""
        places = self.now.places(self.key, as_if_whole=True)
        net = self.now.net(self.key)
        ancestor = self.key if self.is_old and self.key != self._all.after.key else None
        brought = [bringing(flow, self._all.semantics, ancestor) for flow in lacking]
        whole = [(each, flow) for each, flow in zip(brought, lacking, strict=True) if each is not None]
        if lacking and len(whole) == len(lacking):
            more = places.copy()
            for (_instruction, node), flow in whole:
                more[net.on(flow) if node is flow.target else net.at(node)] += 1
            if self._is_sound(more):
                labels = _names(
                    [_label(node if node is not flow.target else flow.source) for (_i, node), flow in whole]
                )
                verb = "Start after" if self._all.semantics is Semantics.CAMUNDA_7 else "Activate"
                yield Fix(
                    FixKind.ACTIVATE, f"{verb} {labels}: the missing token", tuple(each[0] for each, _flow in whole)
                )
        yield from self._cancel_fixes()
        yield from self._leave_out([gateway])

    def _is_sound(self, places: dict[int, int]) -> bool:
        found = self.now.of(self.key, places)
        base = self.regular.doubled | (self.before.doubled if self.before is not None else frozenset())
        is_worse = any(trouble > self.regular.joins.get(node, Trouble.NONE) for node, trouble in found.joins.items())
        return found.completes and not is_worse and not found.doubled - base

    def _cancel_fixes(self) -> Iterator[Fix]:
        """One token whose end would make the rest sound."""
        places = self.now.places(self.key, as_if_whole=True)
        tried: set[FlowNode] = set()
        tokens = self._all.after.children.get(self.key, ())
        for token in tokens if len(tokens) <= MAX_TRIED else ():
            if len(tokens) < 2 or token.element in tried or token.key not in self._all.before.tokens:
                continue
            tried.add(token.element)
            less = places.copy()
            place = self._place_of(token, less)
            if place is None:
                continue
            less[place] -= 1
            if self._is_sound(less):
                label = f"Cancel '{_label(token.element)}'"
                yield Fix(FixKind.CANCEL, label, (canceling(token.key, self._all.semantics),))

    def _place_of(self, token: Token, places: dict[int, int]) -> int | None:
        net = self.now.net(self.key)
        if not self.now.has_come(token):
            return net.at(token.element) if not token.is_undoing else None
        return next((net.on(flow) for flow in token.element.incoming if places.get(net.on(flow))), None)

    def _leave_out(self, elements: Iterable[FlowNode]) -> Iterator[Fix]:
        positions = due_to(self._all.plan, elements)
        if len(positions) == 1 and len(self._all.plan) > 1:
            yield Fix(FixKind.LEAVE_OUT, f"Leave out instruction {positions[0] + 1}", leave_out=positions)


def _label(node: FlowNode) -> str:
    return node.name or drawn(node.id)


def _names(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in dict.fromkeys(names)]
    if len(quoted) > 4:
        return f"{', '.join(quoted[:3])} and {len(quoted) - 3} more"
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else "".join(quoted)


__all__ = ["Judged", "compared", "judge", "judge_change", "mending"]
