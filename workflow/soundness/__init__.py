"""Soundness: what harm a modification, a restart or a migration would do, found out before it is applied.

`marking` tells where tokens stand, `change` what a plan does, `net` how they may move in one scope, `exploring` what they can
reach, `scopes` compares scope instances, `variables` follows what is read and set, `ending` what is lost, and `judging` puts it
all together. `waiting` tells of one marking alone why its joins wait.
"""

from workflow.soundness.acceptance import Acceptance, JudgedOutcome, NotAccepted, require_acceptance
from workflow.soundness.change import Change, migrating, modifying, starting
from workflow.soundness.distinct import Judging
from workflow.soundness.exploring import Budget
from workflow.soundness.judging import Judged, judge, judge_change
from workflow.soundness.marking import Marking, Token
from workflow.soundness.waiting import Missing, WaitingJoin, waiting_joins
from workflow.soundness.warnings import Code, Fix, FixKind, Severity, SoundnessWarning

__all__ = [
    "Acceptance",
    "Budget",
    "Change",
    "Code",
    "Fix",
    "FixKind",
    "Judged",
    "JudgedOutcome",
    "Judging",
    "Marking",
    "Missing",
    "NotAccepted",
    "Severity",
    "SoundnessWarning",
    "Token",
    "WaitingJoin",
    "judge",
    "judge_change",
    "migrating",
    "modifying",
    "require_acceptance",
    "starting",
    "waiting_joins",
]
