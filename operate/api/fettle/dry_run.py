"""What a command would do, to one thing or to many process instances, told without doing it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.fettle import errors
from operate.api.fettle.base import POLICY, FettleView
from operate.api.fettle.outcomes import OUTCOME
from operate.api.fettle.schema import TEXT, WHOLE, Schema, all_of, also, array
from operate.api.fettle.warnings import WARNING
from operate.batch.rehearsing import Rehearsal
from operate.plans import outcomes
from operate.plans.asking import COMMAND, Instances, check_numbers, read_asked
from operate.plans.commands import COMMANDS, ON_INSTANCES
from operate.plans.json_form import KEY_SCHEMA, schema_of


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
    new are given to nothing. Where an approval policy would refuse it, that is named.
    """

    tag = "Dry run"
    request_body = BODY
    answer = also(ANSWER, **POLICY)

    def post(self, request: Request) -> Response:
        tried = read_asked(self.body(), self.request.user).rehearse(self.act)
        is_red = tried.is_red or tried.examined < tried.total
        return Response(rehearsal_json(tried, self.request) | self.policy(is_red=is_red))


def rehearsal_json(tried: Rehearsal, request: Request) -> dict[str, Any]:
    """What a command would do to each of its process instances; refusals as problems."""
    return outcomes.rehearsal_json(tried, lambda refusal: errors.problem(refusal, request))


__all__ = ["ANSWER", "BODY", "DryRun", "check_numbers", "rehearsal_json"]
