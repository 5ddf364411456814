"""Taking back what an audit event tells of: an inverse plan, as far as that can be, and in plain words what it cannot.

One module for each kind of operation makes its plan; nothing here changes anything. The plan is shown, tried, judged and applied
like any other, as a command of its own with its own audit event, which names the one that it takes back.
"""

from operate.undo.base import Undo
from operate.undo.events import undo_of, why_not_undone

__all__ = ["Undo", "undo_of", "why_not_undone"]
