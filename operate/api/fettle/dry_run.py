"""What a command would do, to one thing or to many process instances, told without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import SubmitBatch
from operate.api.fettle import errors
from operate.api.fettle.base import FettleView
from operate.api.fettle.outcomes import OUTCOME, outcome_json
from operate.api.fettle.schema import TEXT, WHOLE, Schema, all_of, also, array
from operate.api.fettle.warnings import WARNING
from operate.batch.rehearsing import AT_MOST, Rehearsal, Rehearsed
from operate.batch.submitting import Selection
from operate.forms.instance_filter import GROUPS, STATES, ProcessInstanceFilter
from operate.masking.masks import Masks
from operate.plans.commands import COMMANDS, ON_INSTANCES, plan_of
from operate.plans.json_form import KEY_SCHEMA, Malformed, Problem, Problems, read, read_object, schema_of
from operate.plans.judgement import warnings_json
from workflow.models import ProcessInstance

COMMAND = "command"
MOST_EXAMINED = 10_000
MOST_DETAILED = 1_000


@dataclass(frozen=True, slots=True)
class Instances:
    """The process instances that a command is for, by keys, by query, or both; how many are tried, and told in detail."""

    keys: tuple[int, ...] = ()
    query: dict[str, Any] | None = None
    examine: int = AT_MOST
    detailed: int = 100


OF_INSTANCES = ("keys", "query", "examine", "detailed")


def _described(name: str, kind: type) -> dict[str, Any]:
    """A command for OpenAPI."""
    schema = schema_of(kind)
    more = schema_of(Instances)["properties"] if name in ON_INSTANCES else {}
    properties = {COMMAND: {"type": "string", "enum": [name]}, **schema["properties"], **more}
    return {**schema, "properties": properties, "required": [COMMAND, *schema.get("required", ())]}


BODY: Schema = {"oneOf": [_described(name, kind) for name, kind in {**ON_INSTANCES, **COMMANDS}.items()]}
REFUSAL = also(all_of(status=WHOLE, title=TEXT, detail=TEXT), instruction=WHOLE, right=TEXT)
ANSWER = all_of(
    total=WHOLE,
    examined=WHOLE,
    succeeded=WHOLE,
    refused=WHOLE,
    warnings={
        **array(also(WARNING, count=WHOLE, process_instance_keys=array(KEY_SCHEMA))),
        "description": "What a modification would do harm to, and to how many; those that stand alike are looked at once.",
    },
    reasons=array(all_of(reason=TEXT, count=WHOLE, process_instance_keys=array(KEY_SCHEMA))),
    instances=array(
        all_of(
            process_instance_key=KEY_SCHEMA,
            outcomes=array(OUTCOME),
            warnings=array(WARNING),
            refusal={**REFUSAL, "nullable": True},
        )
    ),
)


class DryRun(FettleView):
    """Tell what a command would do as things are now. Nothing is written.

    It needs the same rights as doing it. A command on process instances takes `keys`, a `query`, or both: the parameters of the
    list of process instances, by name. The first `examine` of them (1,000; at most 10,000) are tried in the order of their keys,
    each seeing what those before it in its thousand have done; how many would be refused is told with the reasons, and the first
    `detailed` (100; at most 1,000) are told one by one, with the outcome of each command that it takes. Every other command is told
    with what it would do to each process instance that it reaches, or refused as the command would be. The keys of what would be
    new are given to nothing.
    """

    tag = "Dry run"
    request_body = BODY
    answer = ANSWER

    def post(self, request: Request) -> Response:
        body = self.body()
        if not isinstance(body, Mapping):
            read(Instances, body)  # says what is wrong
        name = body.get(COMMAND)
        arguments = {each: value for each, value in body.items() if each != COMMAND}
        if not isinstance(name, str) or name not in {*ON_INSTANCES, *COMMANDS}:
            known = ", ".join([*ON_INSTANCES, *COMMANDS])
            raise Malformed([Problem(COMMAND, f"Expected '{COMMAND}' to be one of {known}; found {str(name)[:80]!r}.")])
        tried = self._on_instances(name, arguments) if name in ON_INSTANCES else self._on_one(name, arguments)
        return Response(self._told(tried))

    def _on_one(self, name: str, arguments: Mapping[str, Any]) -> Rehearsal:
        outcomes = read(COMMANDS[name], arguments).run(partial(self.act, dry_run=True))
        tried = Rehearsal(len(outcomes))
        for outcome in outcomes:
            tried.add(Rehearsed(outcome.process_instance_key, [outcome]), in_detail=True)
        return tried

    def _on_instances(self, name: str, arguments: Mapping[str, Any]) -> Rehearsal:
        problems: Problems = []
        chosen = read_object(
            Instances, {each: value for each, value in arguments.items() if each in OF_INSTANCES}, "", problems
        )
        command: Any = read_object(
            ON_INSTANCES[name],
            {each: value for each, value in arguments.items() if each not in OF_INSTANCES},
            "",
            problems,
        )
        rows = None if chosen is None or chosen.query is None else self._found(chosen.query, problems)
        if chosen is not None:
            problems += _limits(chosen)
        if problems or chosen is None:
            raise Malformed(problems)
        plan = plan_of(command, for_one=rows is None and len(chosen.keys) == 1)
        selection = Selection(chosen.keys, rows, may_be_empty=True)
        action = self.act(SubmitBatch, dry_run=True)
        return action.rehearse(plan, selection, examine=chosen.examine, detailed=chosen.detailed)

    def _found(self, query: Mapping[str, Any], problems: Problems) -> QuerySet[ProcessInstance]:
        """What the list of process instances would show."""
        given = QueryDict(mutable=True)
        for name, value in query.items():
            given.setlist(name, [str(each) for each in (value if isinstance(value, list) else [value])])
        filters = ProcessInstanceFilter(given, user=self.request.user)
        known = {*filters.fields, "state"}
        problems += [
            Problem(f"query.{name}", f"Unknown field 'query.{name}'. Expected one of {', '.join(sorted(known))}.")
            for name in query.keys() - known
        ]
        problems += [
            Problem("query.state", f"Expected 'query.state' to be of {', '.join([*GROUPS, *STATES])}; found '{state}'.")
            for text in given.getlist("state")
            for state in text.split(",")
            if state not in (*GROUPS, *STATES)
        ]
        problems += [Problem(f"query.{name}", str(error[0])) for name, error in filters.errors.items()]
        return filters.narrow(self.visible(ProcessInstance.objects.all()))

    def _told(self, tried: Rehearsal) -> dict[str, Any]:
        masks = Masks.for_pages()
        return {
            "total": tried.total,
            "examined": tried.examined,
            "succeeded": tried.succeeded,
            "refused": tried.refused,
            "reasons": [
                {"reason": each.text, "count": each.count, "process_instance_keys": [str(key) for key in each.keys]}
                for each in tried.reasons.values()
            ],
            "warnings": [
                {**told, "count": harm.count, "process_instance_keys": [str(key) for key in harm.keys]}
                for harm in tried.harms.values()
                for told in warnings_json([harm.warning])
            ],
            "instances": [
                {
                    "process_instance_key": str(each.process_instance_key),
                    "outcomes": [outcome_json(outcome, masks) for outcome in each.outcomes],
                    "warnings": warnings_json(each.warnings),
                    "refusal": None if each.refusal is None else errors.problem(each.refusal, self.request),
                }
                for each in tried.instances
            ],
        }


def _limits(chosen: Instances) -> Problems:
    found: Problems = []
    if not chosen.keys and chosen.query is None:
        found.append(Problem("keys", "Expected 'keys', a 'query', or both; found neither."))
    for name, least, most in (("examine", 1, MOST_EXAMINED), ("detailed", 0, MOST_DETAILED)):
        if not least <= getattr(chosen, name) <= most:
            found.append(
                Problem(name, f"Expected '{name}' to be from {least} to {most}, found {getattr(chosen, name)}.")
            )
    return found


__all__ = ["DryRun"]
