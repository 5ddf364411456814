"""Random processes that are valid: made of blocks, with everything that the engine knows in them."""

from __future__ import annotations

from random import Random

from tests.support.models import PLATFORMS
from workflow.graph import Semantics

HEAD = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
  targetNamespace="urn:test" id="definitions" modeler:executionPlatform="{platform}">
"""
MESSAGES, SIGNALS, ERRORS, ESCALATIONS = ("m1", "m2"), ("s1", "s2"), ("e1", "e2"), ("x1", "x2")
FLAGS = ("p", "q", "again", "enough", "go")
"""The variables that conditions ask for; whether each is there and true changes all the time."""

Ends = tuple[str, str]
"""The first and the last element of a block."""


class Model:
    """One process, drawn block by block by a random hand."""

    def __init__(self, random: Random, process_id: str, semantics: Semantics, *, calls: str | None, size: int) -> None:
        self._random = random
        self._id = process_id
        self._is_zeebe = semantics is Semantics.ZEEBE
        self._platform = PLATFORMS[semantics]
        self._calls = calls
        self._left = size
        self._number = 0
        self._may_end = True

    def xml(self) -> str:
        parts: list[str] = []
        self._scope(parts, 0)
        key = "<extensionElements><zeebe:subscription correlationKey='=key'/></extensionElements>" * self._is_zeebe
        shared = [f"<message id='{name}' name='{name}'>{key}</message>" for name in MESSAGES]
        shared += [f"<signal id='{name}' name='{name}'/>" for name in SIGNALS]
        shared += [f"<error id='{name}' name='{name}' errorCode='{name}'/>" for name in ERRORS]
        shared += [f"<escalation id='{name}' name='{name}' escalationCode='{name}'/>" for name in ESCALATIONS]
        process = f"<process id='{self._id}' name='{self._id}' isExecutable='true'>{''.join(parts)}</process>"
        return f"{HEAD.format(platform=self._platform)}{''.join(shared)}{process}</definitions>"

    # ---- chance and names

    def _one(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _chance(self, percent: int) -> bool:
        return self._random.randrange(100) < percent

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number}"

    def _formula(self, text: str) -> str:
        return f"={text}" if self._is_zeebe else f"${{{text}}}"

    def _flow(self, parts: list[str], source: str, target: str, condition: str | None = None) -> str:
        flow = self._name("flow")
        inner = (
            f"<conditionExpression xsi:type='tFormalExpression'>{condition}</conditionExpression>" if condition else ""
        )
        parts.append(f"<sequenceFlow id='{flow}' sourceRef='{source}' targetRef='{target}'>{inner}</sequenceFlow>")
        return flow

    # ---- scopes

    def _scope(self, parts: list[str], depth: int, *, start: str = "") -> None:
        """What is in a process, sub-process or event sub-process."""
        first = self._name("start")
        parts.append(f"<startEvent id='{first}'{start or '/>'}")
        outside, self._may_end = self._may_end, True
        entry, last = self._sequence(parts, depth)
        self._flow(parts, first, entry)
        if last.startswith(("merge", "leave")) or self._chance(80):
            self._flow(parts, last, self._end(parts))
        kinds = ["message", "signal", "timer", "error", "escalation", "conditional"]
        while depth < 3 and self._left > 0 and self._chance(25):
            kind = self._one(*kinds)
            kinds.remove(kind)
            self._event_sub_process(parts, depth, kind)
        self._may_end = outside

    def _event_sub_process(self, parts: list[str], depth: int, kind: str) -> None:
        interrupting = kind == "error" or self._chance(50)
        inner: list[str] = []
        start = f" isInterrupting='{str(interrupting).lower()}'>{self._definition(kind)}</startEvent>"
        self._left -= 1
        self._scope(inner, depth + 1, start=start)
        name = self._name("esp")
        parts.append(f"<subProcess id='{name}' triggeredByEvent='true'>{''.join(inner)}</subProcess>")

    def _end(self, parts: list[str]) -> str:
        if not self._may_end:
            name = self._name("task")
            parts.append(f"<task id='{name}'/>")
            return name
        kinds = ["", "", "", "error", "escalation", "signal", "terminate", "compensate"]
        kind = self._one(*kinds)
        name = self._name(f"end_{kind}_" if kind else "end")
        inner = self._definition(kind, throws=True) if kind else ""
        parts.append(f"<endEvent id='{name}'>{inner}</endEvent>")
        return name

    # ---- events

    def _definition(self, kind: str, *, throws: bool = False) -> str:
        tag = f"{kind}EventDefinition"
        match kind:
            case "message":
                return f"<{tag} messageRef='{self._one(*MESSAGES)}'/>"
            case "signal":
                return f"<{tag} signalRef='{self._one(*SIGNALS)}'/>"
            case "error" | "escalation":
                names = ERRORS if kind == "error" else ESCALATIONS
                reference = f" {kind}Ref='{self._one(*names)}'" if throws or self._chance(60) else ""
                return f"<{tag}{reference}/>"
            case "timer":
                return f"<{tag}><timeDuration xsi:type='tFormalExpression'>PT1H</timeDuration></{tag}>"
            case "cycle":
                return "<timerEventDefinition><timeCycle xsi:type='tFormalExpression'>R3/PT1H</timeCycle></timerEventDefinition>"
            case "conditional":
                condition = self._formula(self._one(*FLAGS))
                return f"<{tag}><condition xsi:type='tFormalExpression'>{condition}</condition></{tag}>"
            case _:
                return f"<{tag}/>"

    # ---- blocks

    def _sequence(self, parts: list[str], depth: int) -> Ends:
        first, last = self._block(parts, depth)
        while self._left > 0 and self._chance(55):
            entry, end = self._block(parts, depth)
            self._flow(parts, last, entry)
            last = end
        return first, last

    def _block(self, parts: list[str], depth: int) -> Ends:
        self._left -= 1
        blocks = [self._activity] * 6 + [self._event, self._event]
        if depth < 3 and self._left > 0:
            blocks += [
                self._parallel,
                self._exclusive,
                self._inclusive,
                self._event_gateway,
                self._loop,
                self._two_on_one,
            ]
        return self._random.choice(blocks)(parts, depth)

    def _event(self, parts: list[str], depth: int) -> Ends:
        if self._chance(50):
            kind = self._one("message", "signal", "timer", "conditional")
            name = self._name(f"catch_{kind}_")
            parts.append(f"<intermediateCatchEvent id='{name}'>{self._definition(kind)}</intermediateCatchEvent>")
            return name, name
        kind = self._one("signal", "escalation", "compensate", "compensate", "link")
        name = self._name(f"throw_{kind}_")
        if kind == "link":
            other, link = self._name("catch_link_"), self._name("link")
            inner = f"<linkEventDefinition name='{link}'/>"
            parts.append(f"<intermediateThrowEvent id='{name}'>{inner}</intermediateThrowEvent>")
            parts.append(f"<intermediateCatchEvent id='{other}'>{inner}</intermediateCatchEvent>")
            return name, other
        inner = self._definition(kind, throws=True)
        parts.append(f"<intermediateThrowEvent id='{name}'>{inner}</intermediateThrowEvent>")
        return name, name

    def _branches(self, parts: list[str], depth: int, fork: str, join: str, flags: bool) -> str:
        """Branches from fork to join; returns the flow to take by default."""
        default = ""
        for number in range(self._random.randrange(2, 4)):
            entry, last = self._sequence(parts, depth + 1)
            condition = self._formula(self._one(*FLAGS[:2])) if flags and number else None
            flow = self._flow(parts, fork, entry, condition)
            default = default or flow
            if self._chance(90):
                self._flow(parts, last, join)
            else:
                self._flow(parts, last, self._end(parts))
        return default

    def _gateways(self, parts: list[str], kind: str, fork: str, join: str, default: str) -> Ends:
        given = f" default='{default}'" if default and self._chance(80) else ""
        parts.append(f"<{kind}Gateway id='{fork}'{given}/>")
        parts.append(f"<{kind}Gateway id='{join}'{self._asynchronous()}/>")
        return fork, join

    def _parallel(self, parts: list[str], depth: int) -> Ends:
        fork, join = self._name("fork"), self._name("join")
        self._branches(parts, depth, fork, join, flags=False)
        return self._gateways(parts, "parallel", fork, join, "")

    def _exclusive(self, parts: list[str], depth: int) -> Ends:
        fork, join = self._name("decide"), self._name("merge")
        default = self._branches(parts, depth, fork, join, flags=True)
        parts.append(f"<exclusiveGateway id='{fork}' default='{default}'/><exclusiveGateway id='{join}'/>")
        return fork, join

    def _inclusive(self, parts: list[str], depth: int) -> Ends:
        fork, join = self._name("some"), self._name("all")
        default = self._branches(parts, depth, fork, join, flags=True)
        parts.append(f"<inclusiveGateway id='{fork}' default='{default}'/>")
        parts.append(f"<inclusiveGateway id='{join}'{self._asynchronous()}/>")
        return fork, join

    def _two_on_one(self, parts: list[str], depth: int) -> Ends:
        """Two tokens that leave one exclusive merge over the same flow, and may meet a join later."""
        fork, merge = self._name("fork"), self._name("merge")
        for _ in range(2):
            entry, last = self._activity(parts, depth + 1)
            self._flow(parts, fork, entry)
            self._flow(parts, last, merge)
        parts.append(f"<parallelGateway id='{fork}'/><exclusiveGateway id='{merge}'/>")
        return fork, merge

    def _event_gateway(self, parts: list[str], depth: int) -> Ends:
        gateway, join = self._name("wait"), self._name("merge")
        for kind in self._random.sample(["message", "signal", "timer", "conditional"], 2):
            name = self._name(f"catch_{kind}_")
            parts.append(f"<intermediateCatchEvent id='{name}'>{self._definition(kind)}</intermediateCatchEvent>")
            self._flow(parts, gateway, name)
            self._flow(parts, name, join)
        parts.append(f"<eventBasedGateway id='{gateway}'/><exclusiveGateway id='{join}'/>")
        return gateway, join

    def _loop(self, parts: list[str], depth: int) -> Ends:
        merge, decide, task = self._name("merge"), self._name("decide"), self._name("task")
        parts.append(self._user_task(task))
        entry, last = self._sequence(parts, depth + 1)
        self._flow(parts, merge, task)
        self._flow(parts, task, entry)
        self._flow(parts, last, decide)
        self._flow(parts, decide, merge, self._formula("again"))
        leave = self._name("leave")
        parts.append(f"<exclusiveGateway id='{leave}'/>")
        default = self._flow(parts, decide, leave)
        parts.append(f"<exclusiveGateway id='{merge}'/><exclusiveGateway id='{decide}' default='{default}'/>")
        return merge, leave

    # ---- activities

    def _asynchronous(self) -> str:
        if self._is_zeebe or not self._chance(20):
            return ""
        return f" camunda:{self._one('asyncBefore', 'asyncAfter')}='true'"

    def _user_task(self, name: str, more: str = "", inner: str = "") -> str:
        native = "<extensionElements><zeebe:userTask/></extensionElements>" if self._is_zeebe else ""
        return f"<userTask id='{name}'{more}>{native}{inner}</userTask>"

    def _job(self, name: str, more: str, inner: str) -> str:
        if self._is_zeebe:
            kind = "=kind" if self._chance(15) else "work"
            outputs = "<zeebe:ioMapping><zeebe:output source='=true' target='go'/></zeebe:ioMapping>" * self._chance(20)
            work = f"<extensionElements><zeebe:taskDefinition type='{kind}'/>{outputs}</extensionElements>"
            return f"<serviceTask id='{name}'{more}>{work}{inner}</serviceTask>"
        return f"<serviceTask id='{name}' camunda:type='external' camunda:topic='work'{more}>{inner}</serviceTask>"

    def _multi_instance(self) -> str:
        if not self._chance(25):
            return ""
        until = self._formula(self._one("enough", "enough", "p"))
        condition = f"<completionCondition xsi:type='tFormalExpression'>{until}</completionCondition>" * self._chance(
            40
        )
        sequential = f" isSequential='{self._one('true', 'false')}'"
        tag = "multiInstanceLoopCharacteristics"
        if self._is_zeebe:
            output = " outputCollection='found' outputElement='=p'" * self._chance(30)
            work = f"<extensionElements><zeebe:loopCharacteristics inputCollection='=[1, 2, 3]'{output}/></extensionElements>"
            return f"<{tag}{sequential}>{work}{condition}</{tag}>"
        times = self._random.randrange(0, 4)
        return f"<{tag}{sequential}><loopCardinality xsi:type='tFormalExpression'>{times}</loopCardinality>{condition}</{tag}>"

    def _activity(self, parts: list[str], depth: int) -> Ends:
        kinds = ["user", "user", "job", "job", "receive", "task"]
        if depth < 3 and self._left > 0:
            kinds += ["sub", "sub", "sub", "ad_hoc" if self._is_zeebe else "transaction"]
        if self._calls is not None:
            kinds += ["call", "call"]
        kind = self._one(*kinds)
        name, more, loop = self._name(f"{kind}_"), self._asynchronous(), self._multi_instance()
        scope: list[str] = []
        match kind:
            case "user":
                parts.append(self._user_task(name, more, loop))
            case "job":
                parts.append(self._job(name, more, loop))
            case "receive":
                parts.append(f"<receiveTask id='{name}' messageRef='{self._one(*MESSAGES)}'{more}>{loop}</receiveTask>")
            case "task":
                parts.append(f"<task id='{name}'{more}>{loop}</task>")
            case "sub":
                self._scope(scope, depth + 1)
                parts.append(f"<subProcess id='{name}'{more}>{''.join(scope)}{loop}</subProcess>")
            case "transaction":
                self._scope(scope, depth + 1)
                if self._chance(50):
                    self._cancel(scope)
                parts.append(f"<transaction id='{name}'{more}>{''.join(scope)}{loop}</transaction>")
            case "ad_hoc":
                parts.append(self._ad_hoc(name, depth))
            case _:
                parts.append(self._call(name, more, loop))
        return self._watched(parts, depth, name, kind)

    def _cancel(self, scope: list[str]) -> None:
        """A second token in a transaction, which cancels it."""
        start = next(part for part in scope if part.startswith("<startEvent")).split("'")[1]
        task, end = self._name("user_"), self._name("end_cancel_")
        scope.append(self._user_task(task))
        scope.append(f"<endEvent id='{end}'><cancelEventDefinition/></endEvent>")
        self._flow(scope, start, task)
        self._flow(scope, task, end)

    def _ad_hoc(self, name: str, depth: int) -> str:
        scope: list[str] = []
        first: list[str] = []
        outside, self._may_end = self._may_end, False
        for _ in range(self._random.randrange(1, 3)):
            entry, last = self._activity(scope, depth + 1)
            after, end = self._sequence(scope, depth + 1)
            self._flow(scope, last, after)
            if end.startswith(("merge", "leave")):
                self._flow(scope, end, self._end(scope))
            first.append(entry)
        self._may_end = outside
        names = ", ".join(f'"{each}"' for each in first)
        active = f" activeElementsCollection='=[{names}]'" * self._chance(70)
        until = "<completionCondition xsi:type='tFormalExpression'>=enough</completionCondition>" * self._chance(50)
        rest = f" cancelRemainingInstances='{self._one('true', 'false')}'"
        work = f"<extensionElements><zeebe:adHoc{active}/></extensionElements>"
        return f"<adHocSubProcess id='{name}'{rest}>{work}{''.join(scope)}{until}</adHocSubProcess>"

    def _call(self, name: str, more: str, loop: str) -> str:
        if self._is_zeebe:
            called = f"<extensionElements><zeebe:calledElement processId='{self._calls}'/></extensionElements>"
            return f"<callActivity id='{name}'>{called}{loop}</callActivity>"
        passed = "<camunda:in variables='all'/><camunda:out variables='all'/>"
        work = f"<extensionElements>{passed}</extensionElements>"
        return f"<callActivity id='{name}' calledElement='{self._calls}'{more}>{work}{loop}</callActivity>"

    def _watched(self, parts: list[str], depth: int, name: str, kind: str) -> Ends:
        """Put boundary events on an activity, whose paths end or come together behind it."""
        last = name
        if kind not in ("task", "ad_hoc") and self._chance(25):
            self._undone_by(parts, name)
        kinds = ["message", "signal", "timer", "cycle", "conditional", "error", "escalation"]
        if kind == "transaction":
            kinds = ["cancel"]
        if kind == "task":
            return name, last
        for number in range(3):
            if self._left <= 0 or not (self._chance(30) or kinds == ["cancel"]):
                break
            what = self._one(*kinds)
            boundary = self._name(f"boundary_{what}_")
            interrupting = what in ("error", "cancel") or (what != "cycle" and self._chance(50))
            tag = f"<boundaryEvent id='{boundary}' attachedToRef='{name}' cancelActivity='{str(interrupting).lower()}'>"
            parts.append(f"{tag}{self._definition(what)}</boundaryEvent>")
            kinds = [each for each in kinds if each not in (what, "error", "escalation")] or ["timer"]
            entry, end = self._block(parts, depth + 1)
            self._flow(parts, boundary, entry)
            if self._chance(50):
                self._flow(parts, end, self._end(parts))
            else:
                merge = self._name("merge")
                parts.append(f"<exclusiveGateway id='{merge}'/>")
                self._flow(parts, end, merge)
                self._flow(parts, last, merge)
                last = merge
            if number == 0 and kinds == ["timer"]:
                break
        return name, last

    def _undone_by(self, parts: list[str], name: str) -> None:
        boundary, handler = self._name("boundary_undo_"), self._name("undo_")
        parts.append(
            f"<boundaryEvent id='{boundary}' attachedToRef='{name}'><compensateEventDefinition/></boundaryEvent>"
        )
        parts.append(self._user_task(handler, " isForCompensation='true'"))
        parts.append(
            f"<association id='{self._name('undoes')}' associationDirection='One' sourceRef='{boundary}' targetRef='{handler}'/>"
        )


def family(random: Random, semantics: Semantics, *, levels: int, size: int) -> list[str]:
    """Processes of which each calls the next one; the first one is to be started."""
    names = [f"level{number}" for number in range(levels)]
    calls = [*names[1:], None]
    return [
        Model(random, name, semantics, calls=called, size=random.randrange(2, size)).xml()
        for name, called in zip(names, calls, strict=True)
    ]
