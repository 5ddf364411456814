"""Whether elements and flows fit together: what can be told only when the whole process was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from workflow.bpmn.event_checks import check_events, check_flow, is_event_sub_process
from workflow.bpmn.places import FlowPlace, NodePlace
from workflow.elements.reading import ElementReading
from workflow.graph import CancelEvent, LinkEvent

_ACTIVITIES: Final = ("Task", "task", "callActivity", "SubProcess", "subProcess", "transaction")
_AFTER_EVENT_BASED_GATEWAY: Final = ("intermediateCatchEvent", "receiveTask")


@dataclass(slots=True)
class ProcessPlaces:
    """All that was read of one process."""

    process: ElementReading
    nodes: dict[str, NodePlace] = field(default_factory=dict)
    flows: list[FlowPlace] = field(default_factory=list)
    associations: list[ElementReading] = field(default_factory=list)

    def tie_compensation_handlers(self) -> None:
        """Let every activity know what undoes it: an association leads there from its compensation boundary event."""
        for association in self.associations:
            source = self.nodes.get((association.attribute("sourceRef") or "").strip())
            target = self.nodes.get((association.attribute("targetRef") or "").strip())
            if source is None or target is None or source.draft is None or source.reading.tag != "boundaryEvent":
                continue
            activity = self.nodes.get(source.reading.attribute("attachedToRef") or "")
            if source.is_for_compensation and activity is not None and activity.draft is not None:
                if not (target.draft is not None and target.draft.is_for_compensation):
                    source.reading.problem(
                        f"Invalid compensation handler '{target.reading.id}': it is not marked isForCompensation."
                    )
                    continue
                activity.draft.compensation_handler_id = target.reading.id

    def check(self) -> None:
        """Report every element and flow that does not fit."""
        outgoing: dict[str, list[FlowPlace]] = {}
        incoming: dict[str, list[FlowPlace]] = {}
        for flow in self.flows:
            self._check_ends(flow)
            outgoing.setdefault(flow.draft.source_id, []).append(flow)
            incoming.setdefault(flow.draft.target_id, []).append(flow)
        for node in self.nodes.values():
            self._check_node(node, incoming.get(node.reading.id, ()), outgoing.get(node.reading.id, ()))
        check_events(list(self.nodes.values()))
        self._check_starts()

    # -- flows

    def _check_ends(self, flow: FlowPlace) -> None:
        for attribute, node_id in (("sourceRef", flow.draft.source_id), ("targetRef", flow.draft.target_id)):
            end = "source" if attribute == "sourceRef" else "destination"
            node = self.nodes.get(node_id)
            if not node_id:
                flow.reading.problem(f"Expected a '{attribute}', found none.")
            elif node is None:
                flow.reading.problem(
                    f"Invalid {end} '{node_id}' of sequence flow '{flow.draft.id}': there is no such flow node."
                )
            elif node.scope_id != flow.scope_id:
                flow.reading.problem(
                    f"Invalid {end} '{node_id}' of sequence flow '{flow.draft.id}': expected it in '{flow.scope_id}' like the "
                    f"flow, found it in '{node.scope_id}'. A sequence flow cannot cross the border of a sub-process."
                )
        source, target = self.nodes.get(flow.draft.source_id), self.nodes.get(flow.draft.target_id)
        if source is not None and target is not None:
            check_flow(flow, source, target)

    # -- nodes

    def _check_node(self, node: NodePlace, incoming: Sequence[FlowPlace], outgoing: Sequence[FlowPlace]) -> None:
        reading, tag = node.reading, node.reading.tag
        if tag == "startEvent" and incoming:
            reading.problem(f"A start event must not have incoming sequence flows, found '{incoming[0].draft.id}'.")
        if tag == "endEvent" and outgoing:
            reading.problem(
                f"End events must not have outgoing sequence flows to other elements, found '{outgoing[0].draft.id}'."
            )
        self._check_default(node, outgoing)
        if tag == "boundaryEvent":
            self._check_boundary(node, incoming)
        if tag == "eventBasedGateway":
            self._check_event_based_gateway(node, outgoing)
        if tag in ("exclusiveGateway", "inclusiveGateway") and reading.is_zeebe:
            _check_zeebe_gateway(node, outgoing)
        elif tag == "exclusiveGateway":
            _check_camunda7_gateway(node, outgoing)
        elif tag != "inclusiveGateway":
            _check_conditions(node, outgoing)

    def _check_boundary(self, node: NodePlace, incoming: Sequence[FlowPlace]) -> None:
        reading = node.reading
        attached_to = reading.attribute("attachedToRef")
        host = self.nodes.get(attached_to or "")
        if attached_to is None:
            reading.problem("Expected a boundary event to name its activity in 'attachedToRef', found none.")
        elif host is None or host.scope_id != node.scope_id or not _is_activity(host):
            reading.problem(f"Invalid 'attachedToRef' '{attached_to}': expected an activity in the same scope.")
            if node.draft is not None:
                node.draft.attached_to_id = None
        if incoming:
            reading.problem(f"A boundary event must not have incoming sequence flows, found '{incoming[0].draft.id}'.")
        undone = host.draft if host is not None and node.is_for_compensation and reading.is_zeebe else None
        if undone is not None and undone.compensation_handler_id is None:
            reading.problem("A compensation boundary event must have exactly one association to a handler.")
        if isinstance(node.event, CancelEvent) and host is not None and host.reading.tag != "transaction":
            reading.problem("A boundary event with cancelEventDefinition is only supported on transactions.")

    def _check_event_based_gateway(self, node: NodePlace, outgoing: Sequence[FlowPlace]) -> None:
        if not outgoing or (node.reading.is_zeebe and len(outgoing) < 2):
            node.reading.problem(
                "An event-based gateway must have at least two outgoing sequence flows to catch events."
            )
        for flow in outgoing:
            target = self.nodes.get(flow.draft.target_id)
            if target is None:
                continue
            if target.reading.tag not in _AFTER_EVENT_BASED_GATEWAY or isinstance(target.event, LinkEvent):
                flow.reading.problem(
                    f"An event-based gateway can only lead to intermediate catch events, found '{target.reading.tag}' "
                    f"'{target.reading.id}'."
                )
            elif any(other.draft.target_id == flow.draft.target_id and other not in outgoing for other in self.flows):
                target.reading.problem(
                    f"Invalid incoming sequenceflow for intermediateCatchEvent with id '{target.reading.id}' connected to an "
                    "event-based gateway: expected no other one."
                )

    def _check_default(self, node: NodePlace, outgoing: Sequence[FlowPlace]) -> None:
        default = node.draft.default_flow_id if node.draft is not None else None
        if default is None:
            return
        if all(flow.draft.id != default for flow in outgoing):
            node.reading.problem(
                f"Default sequence flow must start at '{node.reading.id}': expected one of its outgoing flows, found '{default}'."
            )

    # -- starts

    def _check_starts(self) -> None:
        starts: dict[str, list[ElementReading]] = {}
        for node in self.nodes.values():
            if node.reading.tag == "startEvent":
                starts.setdefault(node.scope_id, []).append(node.reading)
        self._check_start_of_process(starts.get(self.process.id, []))
        for node in self.nodes.values():
            if node.reading.tag in ("subProcess", "transaction"):
                _check_start_of_sub_process(node.reading, starts.get(node.reading.id, []))
            elif node.reading.tag == "adHocSubProcess":
                self._check_inside_of_ad_hoc(node.reading)

    def _check_inside_of_ad_hoc(self, ad_hoc: ElementReading) -> None:
        inside = [node for node in self.nodes.values() if node.reading.element.getparent() is ad_hoc.element]
        if not any(_is_activity(node) for node in inside):
            ad_hoc.problem("Must have at least one activity in the ad-hoc sub-process, found none.")
        for node in inside:
            if node.reading.tag in ("startEvent", "endEvent"):
                kind = "a start event" if node.reading.tag == "startEvent" else "an end event"
                node.reading.problem(f"An ad-hoc sub-process must not contain {kind}.")

    def _check_start_of_process(self, starts: Sequence[ElementReading]) -> None:
        if not starts:
            message = "Must have at least one start event, found none"
            if self.process.is_zeebe:
                self.process.problem(f"{message}.")
            else:
                self.process.warning(f"{message}: the process can only be started at elements that are named.")
        for extra in [start for start in starts if not start.event_definitions()][1:]:
            extra.problem("Multiple none start events are not allowed, found one more in the process.")


def _is_activity(node: NodePlace) -> bool:
    return node.reading.tag.endswith(_ACTIVITIES) and not is_event_sub_process(node)


def _check_start_of_sub_process(sub_process: ElementReading, starts: Sequence[ElementReading]) -> None:
    if not starts:
        kind = "start event" if sub_process.attribute("triggeredByEvent") == "true" else "none start event"
        sub_process.problem(f"Must have exactly one {kind}, found none in the sub-process.")
    for extra in starts[1:]:
        extra.problem(f"Must have exactly one none start event, found one more in sub-process '{sub_process.id}'.")


def _check_zeebe_gateway(gateway: NodePlace, outgoing: Sequence[FlowPlace]) -> None:
    kind = gateway.reading.tag.removesuffix("Gateway")
    default = gateway.draft.default_flow_id if gateway.draft is not None else None
    for flow in outgoing:
        if len(outgoing) > 1 and flow.draft.condition is None and flow.draft.id != default:
            flow.reading.problem(
                f"Must have a condition or be default flow, because {kind} gateway '{gateway.reading.id}' has several outgoing "
                "flows; found neither."
            )
        if flow.draft.condition is not None and flow.draft.id == default:
            flow.reading.warning("The condition has no effect, because this is the default flow.")


def _check_camunda7_gateway(gateway: NodePlace, outgoing: Sequence[FlowPlace]) -> None:
    reading = gateway.reading
    named = f"Exclusive Gateway '{reading.id}'"
    default = gateway.draft.default_flow_id if gateway.draft is not None else None
    if not outgoing:
        reading.problem(f"{named} has no outgoing sequence flows.")
    elif len(outgoing) == 1:
        if outgoing[0].draft.condition is not None:
            reading.problem(
                f"{named} has only one outgoing sequence flow ('{outgoing[0].draft.id}'). This is not allowed to have a condition."
            )
        return
    unconditional = [flow for flow in outgoing if flow.draft.condition is None and flow.draft.id != default]
    for flow in outgoing:
        if flow.draft.condition is not None and flow.draft.id == default:
            reading.problem(
                f"{named} has outgoing sequence flow '{default}' which is the default flow but has a condition too."
            )
    for flow in unconditional:
        without = (
            f"{named} has outgoing sequence flow '{flow.draft.id}' without condition which is not the default flow."
        )
        if default is not None or len(unconditional) > 1:
            flow.reading.problem(without)
        else:  # refused by neither engine, so that old models go on
            flow.reading.warning(f"{without} It is taken as soon as it is its turn; better make it the default flow.")


def _check_conditions(node: NodePlace, outgoing: Sequence[FlowPlace]) -> None:
    """Zeebe allows conditions only after gateways that choose; in Camunda 7 only the parallel gateway ignores them."""
    for flow in outgoing:
        if flow.draft.condition is None or node.draft is None:
            continue
        if node.reading.is_zeebe:
            flow.reading.problem("Conditional sequence flows are only supported at exclusive or inclusive gateway.")
        elif node.reading.tag in ("parallelGateway", "eventBasedGateway"):
            flow.reading.warning("The condition has no effect after a gateway that does not choose by conditions.")


__all__ = ["ProcessPlaces"]
