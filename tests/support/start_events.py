"""Models whose start events wait for something."""

from __future__ import annotations

from tests.support.models import HEAD, PLATFORMS
from workflow.graph import Semantics

DEFINITIONS = {
    "message": "<messageEventDefinition messageRef='message_{0}'/>",
    "signal": "<signalEventDefinition signalRef='signal_{0}'/>",
    "cycle": "<timerEventDefinition><timeCycle xsi:type='tFormalExpression'>{0}</timeCycle></timerEventDefinition>",
    "date": "<timerEventDefinition><timeDate xsi:type='tFormalExpression'>{0}</timeDate></timerEventDefinition>",
    "condition": "<conditionalEventDefinition><condition>{0}</condition></conditionalEventDefinition>",
}
REFERENCES = {
    "message": "<message id='message_{0}' name='{0}'/>\n",
    "signal": "<signal id='signal_{0}' name='{0}'/>\n",
}
USER_TASK = {
    Semantics.CAMUNDA_7: "<userTask id='work'/>",
    Semantics.ZEEBE: "<userTask id='work'><extensionElements><zeebe:userTask/></extensionElements></userTask>",
}


def xml(process_id: str, semantics: Semantics, *starts: tuple[str, str], task: bool = True, note: str = "") -> str:
    """A process with start events by kind and what they wait for, each leading to one user task, or to nothing."""
    references = {REFERENCES[kind].format(what) for kind, what in starts if kind in REFERENCES}
    head = HEAD.format(platform=PLATFORMS[semantics], id=process_id, messages="".join(sorted(references)))
    head = head.replace('id="definitions"', 'id="definitions" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"')
    lines = [f"{head}<!-- {note} -->", USER_TASK[semantics] if task else ""]
    for number, (kind, what) in enumerate(starts or [("none", "")], 1):
        inside = DEFINITIONS[kind].format(what) if kind in DEFINITIONS else ""
        lines.append(f"<startEvent id='start{number}'>{inside}</startEvent>")
        if task:
            lines.append(f"<sequenceFlow id='flow{number}' sourceRef='start{number}' targetRef='work'/>")
    return "\n".join([*lines, "</process></definitions>"])
