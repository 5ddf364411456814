"""Ad-hoc sub-processes: what is done in them is decided from outside."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ActivateAdHocElements
from operate.api.v2.base import V2View
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.jobs import activated_elements
from operate.api.v2.schema import FLAG, TEXT, VARIABLES, array, record


class AdHocActivation(V2View):
    """Activate elements of a running ad-hoc sub-process, each with variables of its own."""

    tag = "Element instance"
    command = "ACTIVATE"
    bodies = {
        "POST": record(
            ("elements",),
            elements=array(record(("elementId",), elementId=TEXT, variables=VARIABLES)),
            cancelRemainingInstances=FLAG,
        )
    }

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        elements = activated_elements(body, "elements")
        if not elements:
            raise InvalidArgument("No 'elements' provided.")
        cancels_others = body.flag("cancelRemainingInstances", default=False)
        self.act(ActivateAdHocElements).execute(
            self.key(key, "an element instance"), elements, cancel_remaining=cancels_others
        )
        return self.done()
