"""Variables of one scope: reading them, editing them as somebody has seen them, and who has changed one."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import Edited, EditVariables
from operate.api.base import StorableJSONParser, check_storable, read_body
from operate.api.fettle.base import POLICY, BreakGlass, FettleView
from operate.api.fettle.outcomes import OUTCOME, outcome_json
from operate.api.fettle.schema import (
    ANYTHING,
    FLAG,
    OBJECT,
    OPTIONAL_TEXT,
    OPTIONAL_WHOLE,
    TEXT,
    WHOLE,
    Schema,
    all_of,
    also,
    array,
)
from operate.masking.masks import Masks
from operate.plans.json_form import KEY_SCHEMA, schema_of
from operate.variables import exact
from operate.variables.checking import Checked, check
from operate.variables.edits import Change, Edit, read_edit
from operate.variables.history import history
from operate.variables.reading import (
    Scope,
    document,
    masking,
    scope_of,
    scopes,
    shown,
    variable,
    variables,
    why_not_editable,
)
from operate.variables.telling import (
    change_json,
    conflict_json,
    instance_json,
    reading_json,
    scope_json,
    type_change_json,
    versions,
    warning_json,
    written_json,
)
from operate.variables.warnings import Warning, warnings
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessInstance
from workflow.services import Outcome

TAG = "Variables"
A_SCOPE = "an element instance"
MOST_CUT = 1_000_000

SCOPE = all_of(
    key=KEY_SCHEMA,
    element_id=TEXT,
    element_type=TEXT,
    name=TEXT,
    depth=WHOLE,
    state=TEXT,
    is_open=FLAG,
    started_at=OPTIONAL_TEXT,
    loop_counter=OPTIONAL_WHOLE,
    variables=OPTIONAL_WHOLE,
)
READING = all_of(
    name=TEXT,
    type=TEXT,
    text={**TEXT, "description": "JSON with all digits; the beginning of it where `is_cut`."},
    size=WHOLE,
    is_cut=FLAG,
    version={**TEXT, "description": "Sent back as `seen` by an edit."},
    updated_at=TEXT,
    created_at=TEXT,
    is_initial=FLAG,
    is_masked=FLAG,
)
VERSIONS: Schema = {"type": "object", "additionalProperties": OPTIONAL_TEXT}
NAMES = array(TEXT)
CHANGE = all_of(name=TEXT, kind=TEXT, before=OPTIONAL_TEXT, after=OPTIONAL_TEXT, type_before=TEXT, type_after=TEXT)
WARNING = all_of(code=TEXT, sentence=TEXT, since=OPTIONAL_TEXT, total=WHOLE, links=array(OBJECT))
EDIT = all_of(
    seen={**VERSIONS, "description": "The versions that were read, by name; null for a variable that did not exist."}
)
ACCEPTED: Schema = {"description": "Names of variables whose type may change, or true for all."}
SINGLE = also(
    EDIT,
    set={
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"text": TEXT, "value": ANYTHING, "type": TEXT},
            "description": 'A value, or the JSON text of one: {"text": "1.10", "type": "Double"}.',
        },
    },
    delete=NAMES,
    accept_types=ACCEPTED,
    reason=TEXT,
    break_glass=schema_of(BreakGlass),
)
WHOLE_DOCUMENT = also(
    EDIT,
    document={"description": "All variables of the scope as one JSON object, or the text of it."},
    accept_types=ACCEPTED,
    reason=TEXT,
    break_glass=schema_of(BreakGlass),
)
SAVED = all_of(changes=array(CHANGE), warnings=array(WARNING), seen=VERSIONS, outcome=OUTCOME)
CHECKED = also(
    all_of(
        changes=array(CHANGE),
        type_changes=array(OBJECT),
        conflicts=array(OBJECT),
        warnings=array(WARNING),
        merged=OPTIONAL_TEXT,
        seen=VERSIONS,
        **POLICY,
    ),
    outcome=OUTCOME,
)


class ExactJSONParser(StorableJSONParser):
    """JSON whose numbers keep their digits; what is wrong with it is told with line and column."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            text = codecs.decode(read_body(stream), (parser_context or {}).get("encoding") or "utf-8")
        except (ValueError, LookupError) as error:
            raise ParseError(f"Expected a JSON body, found something else: {error}.") from None
        value = exact.parse(text, "the body")
        check_storable(value)
        return value


class ScopeView(FettleView):
    """What the views of one scope share."""

    tag = TAG
    parser_classes = [ExactJSONParser]

    def scope(self, text: str) -> tuple[ProcessInstance, Scope]:
        """The process instance and the scope in the path; NotFound if there is none, or none that the caller sees."""
        return scope_of(self.key(text, A_SCOPE), self.access)

    def edit(self, key: str) -> Edit:
        """The edit in the body."""
        body = self.body()
        if not isinstance(body, dict):
            raise Rejected("Expected the body to be a JSON object.")
        return read_edit(self.key(key, A_SCOPE), body)

    @property
    def reason(self) -> str:
        return str(self.body().get("reason") or "")

    def save(self, edit: Edit, reason: str = "") -> Response:
        """Save an edit, and tell what it has changed and what it has not."""
        instance, scope = scope_of(edit.scope_key, self.access)
        told = warnings(instance, scope)
        edited = self.act(EditVariables, reason=reason).execute(edit)
        return Response(saved_json(edited, instance, edit.scope_key, told))

    def checked(self, edit: Edit, reason: str = "") -> Response:
        """What an edit would do."""
        checked = check(edit, lambda: self.act(EditVariables, reason=reason, dry_run=True), self.access)
        policy = self.policy() if checked.changes else {"policy": ""}
        return Response(checked_json(checked, scope_of(edit.scope_key, self.access)[0]) | policy)


class Scopes(FettleView):
    """The scopes of a process instance that may have variables: itself, and what is open in it."""

    tag = TAG
    answer = all_of(scopes=array(SCOPE))

    def get(self, request: Request, key: str) -> Response:
        instance = self.row(ProcessInstance.objects.select_related("definition"), key)
        return Response({"scopes": [scope_json(scope) for scope in scopes(instance)]})


class ScopeVariables(ScopeView):
    """The variables of one scope."""

    parameters = {"cut": "At most so many characters of each value."}
    request_bodies = {"PATCH": SINGLE, "PUT": WHOLE_DOCUMENT}
    answers = {"PATCH": SAVED, "PUT": SAVED}
    answer = all_of(
        process_instance=OBJECT, scope=SCOPE, editable=FLAG, why_not=TEXT, variables=array(READING), seen=VERSIONS
    )

    def get(self, request: Request, key: str) -> Response:
        """All variables of a scope, with the versions that an edit has to send back."""
        instance, scope = self.scope(key)
        found = variables(instance, scope.key, cut=self._cut())
        why_not = why_not_editable(instance, scope, self.access)
        return Response(
            {
                "process_instance": instance_json(instance),
                "scope": scope_json(scope),
                "editable": not why_not,
                "why_not": why_not,
                "variables": [reading_json(each) for each in found],
                "seen": versions(found),
            }
        )

    def patch(self, request: Request, key: str) -> Response:
        """Set, add and delete variables of a scope, all or nothing.

        Refused (409) is what somebody else has changed since it was seen, with what was, what it is now, what was sent, and a
        merge where the changes do not overlap; and a value that the variable's type cannot hold, unless that is accepted.
        """
        if "document" in self.body():
            raise Rejected("Expected 'set' and 'delete'. A whole document is sent with PUT.")
        return self.save(self.edit(key), self.reason)

    def put(self, request: Request, key: str) -> Response:
        """Edit a scope by all of its variables as one JSON document, all or nothing.

        What was seen and is not in it is deleted; what others have changed meanwhile and the document does not stays. Refused as
        single changes are.
        """
        if "document" not in self.body():
            raise Rejected("Expected 'document': all variables as one JSON object. Single changes are sent with PATCH.")
        return self.save(self.edit(key), self.reason)

    def _cut(self) -> int | None:
        text = self.request.query_params.get("cut")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= MOST_CUT):
            raise Rejected(f"Expected 'cut' to be a number up to {MOST_CUT}, found '{text[:40]}'.")
        return int(text)


class CheckEdit(ScopeView):
    """Tell what an edit would change and lead to, and what stands in its way. Nothing is written.

    The body is that of a PATCH or PUT of the variables. Conflicts and changed types are told, not refused.
    """

    request_body = also(WHOLE_DOCUMENT, **SINGLE["properties"])
    answer = CHECKED

    def post(self, request: Request, key: str) -> Response:
        return self.checked(self.edit(key), self.reason)


class Document(ScopeView):
    """All variables of a scope as one JSON object, with all digits of its numbers."""

    parameters = {"download": "With any value: as a file."}
    answer = OBJECT

    def get(self, request: Request, key: str) -> HttpResponseBase:
        instance, scope = self.scope(key)
        text = document(variables(instance, scope.key, pretty=True), is_pretty=True)
        answer = HttpResponse(text, content_type="application/json")
        if "download" in request.query_params:
            answer["Content-Disposition"] = f'attachment; filename="variables-{scope.key}.json"'
        return answer


class OneVariable(ScopeView):
    """One variable of a scope with all of its value."""

    answer = READING

    def get(self, request: Request, key: str, name: str) -> Response:
        instance, scope = self.scope(key)
        return Response(reading_json(variable(instance, scope.key, name)))


class VariableHistory(ScopeView):
    """Who has changed a variable, when, from what to what, newest first; those of the process itself with the element."""

    answer = all_of(history=array(OBJECT))

    def get(self, request: Request, key: str, name: str) -> Response:
        instance, scope = self.scope(key)
        found = history(instance, scope.key, [name], self.access)
        if not found:
            raise NotFound(
                f"Expected scope '{scope.key}' to have or have had a variable '{name[:80]}', but it has not."
            )
        return Response({"history": [written_json(each) for each in found]})


def saved_json(edited: Edited, instance: ProcessInstance, scope_key: int, told: Sequence[Warning]) -> dict[str, Any]:
    """An edit that was saved, with the versions that the next one has to send back."""
    masks = Masks.for_pages()
    names = [change.name for change in edited.changes]
    return {
        "changes": _changes(edited.changes, instance, masks),
        "warnings": [warning_json(each) for each in told],
        "seen": versions(variables(instance, scope_key, cut=0, names=names, masks=masks)),
        "outcome": _outcome(edited.outcome, masks),
    }


def checked_json(checked: Checked, instance: ProcessInstance) -> dict[str, Any]:
    """What an edit would do."""
    masks = Masks.for_pages()
    more = {} if checked.outcome is None else {"outcome": _outcome(checked.outcome, masks)}
    return {
        "changes": _changes(checked.changes, instance, masks),
        "type_changes": [type_change_json(each) for each in checked.type_changes],
        "conflicts": [conflict_json(each) for each in checked.conflicts],
        "warnings": [warning_json(each) for each in checked.warnings],
        "merged": checked.merged,
        "seen": checked.seen,
        **more,
    }


def _changes(changes: Sequence[Change], instance: ProcessInstance, masks: Masks) -> list[dict[str, Any]]:
    patterns = masking(instance, masks)
    if patterns:
        changes = [
            replace(
                each, before=shown(each.name, each.before, patterns)[0], after=shown(each.name, each.after, patterns)[0]
            )
            for each in changes
        ]
    return [change_json(each) for each in changes]


def _outcome(outcome: Outcome, masks: Masks) -> Any:
    return masks.body(outcome.workspace_id, outcome.process_id, outcome_json(outcome))


__all__ = [
    "CheckEdit",
    "Document",
    "OneVariable",
    "ScopeVariables",
    "Scopes",
    "VariableHistory",
    "checked_json",
    "saved_json",
]
