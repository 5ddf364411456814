"""Setting, merging and deleting global variables of many process instances."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from operate.admin.wizards.base import (
    LISTED_VARIABLES,
    TRIED,
    Wizard,
    json_in,
)
from operate.admin.wizards.previews import told
from operate.batch.plans import EditVariables, Plan
from operate.batch.rehearsing import Rehearsal
from operate.forms.json_values import json_text
from operate.masking.masks import Masks
from workflow.engine.errors import Rejected
from workflow.models import Variable


class VariablesWizard(Wizard):
    """Set, merge and delete global variables in each of them."""

    template = "batch/variables.html"

    def plan(self) -> Plan:
        variables: dict[str, Any] = {}
        merge: dict[str, Any] = {}
        delete: list[str] = []
        for number, (kind, name, text) in enumerate(self._edits(), start=1):
            if not name:
                raise Rejected(_("Row %(number)s: Name has to be filled.") % {"number": number})
            if name in variables or name in merge or name in delete:
                raise Rejected(_("Row %(number)s: '%(name)s' stands in two rows.") % {"number": number, "name": name})
            if kind == "delete":
                delete.append(name)
            elif not text:
                raise Rejected(_("Row %(number)s: Value has to be filled.") % {"number": number})
            else:
                (merge if kind == "merge" else variables)[name] = json_in(
                    text, _("the value of '%(name)s'") % {"name": name}
                )
        return EditVariables(variables, tuple(delete), merge, self._condition())

    def _edits(self) -> list[tuple[str, str, str]]:
        rows = zip(self.sent.getlist("kind"), self.sent.getlist("name"), self.sent.getlist("value"), strict=False)
        found = [(kind, name.strip(), value.strip()) for kind, name, value in rows]
        return [row for row in found if row[1] or row[2]]

    def _condition(self) -> dict[str, Any]:
        name, text = self.sent.get("if_name", "").strip(), self.sent.get("if_value", "").strip()
        if not name and not text:
            return {}
        if not name or not text:
            raise Rejected(_("The condition needs the name of a variable and a value."))
        return {name: json_in(text, _("the value of the condition"))}

    def context(self) -> dict[str, Any]:
        newest = self.rows.order_by("-key").values("pk")[:TRIED]
        names = Variable.objects.filter(process_instance__in=newest, scope_key=F("process_instance"))
        return {
            "edits": self._edits() or [("set", "", "")],
            "known": sorted(set(names.order_by().values_list("name", flat=True)))[:LISTED_VARIABLES],
            "if_name": self.sent.get("if_name", ""),
            "if_value": self.sent.get("if_value", ""),
            "config": {},
        }

    def shown(self, tried: Rehearsal) -> dict[str, Any]:
        masks = Masks.for_pages()
        answer = told(tried, None)
        diffs = []
        skipped = unchanged = 0
        for each in tried.instances:
            if each.refusal is not None:
                continue
            if not each.outcomes:
                skipped += 1
                continue
            outcome = each.outcomes[0]
            place = (outcome.workspace_id, outcome.process_id)
            changes = [
                {
                    "name": change.name,
                    "before": json_text(masks.value(*place, change.name, change.before)) if change.existed else "",
                    "after": "" if change.deleted else json_text(masks.value(*place, change.name, change.after)),
                }
                for change in outcome.variables
            ]
            unchanged += not changes
            if changes:
                diffs.append({"key": str(each.process_instance_key), "changes": changes})
        notes = []
        if skipped:
            notes.append(
                _("%(skipped)s of %(instances)s do not meet the condition and stay as they are.")
                % {"skipped": skipped, "instances": len(tried.instances)}
            )
        if unchanged:
            notes.append(
                _("%(unchanged)s of %(instances)s would not change: they have these values already.")
                % {"unchanged": unchanged, "instances": len(tried.instances)}
            )
        return answer | {"diffs": diffs, "notes": notes}


__all__ = ["VariablesWizard"]
