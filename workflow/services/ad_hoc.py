"""Ad-hoc sub-processes: who decides from outside what is done in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.engine.values import Variables


@dataclass(frozen=True, slots=True)
class AdHocResult:
    """What the worker of an ad-hoc sub-process's job decided: which elements come next, or that it is enough."""

    elements: Sequence[tuple[str, Variables]] = ()
    is_completion_condition_fulfilled: bool = False
    cancel_remaining: bool = False
