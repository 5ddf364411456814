"""The demo's diagrams are looked at by people: each must be complete and tidy, not only executable."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

MODELS = sorted((Path(__file__).parents[3] / "operate" / "demo" / "models").glob("*.bpmn"))
NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "modeler": "http://camunda.org/schema/modeler/1.0",
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
}
EVENTS = " | ".join(
    f"bpmn:{each}Event" for each in ("start", "end", "intermediateCatch", "intermediateThrow", "boundary")
)
LABELLED = f"{EVENTS} | *[contains(local-name(), 'Gateway')]"
FLOW_NODES = f"{LABELLED} | bpmn:subProcess | bpmn:callActivity | *[contains(local-name(), 'ask')]"


class Box(NamedTuple):
    """The bounds of one shape or label."""

    x: float
    y: float
    width: float
    height: float

    def encloses(self, other: "Box") -> bool:
        return (
            self.x < other.x
            and self.y < other.y
            and other.x + other.width < self.x + self.width
            and other.y + other.height < self.y + self.height
        )

    def overlaps(self, other: "Box") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def has_on_border(self, x: float, y: float) -> bool:
        in_width, in_height = self.x <= x <= self.x + self.width, self.y <= y <= self.y + self.height
        return (x in (self.x, self.x + self.width) and in_height) or (y in (self.y, self.y + self.height) and in_width)


class Model:
    """One demo model and its diagram."""

    def __init__(self, path: Path) -> None:
        self.root = etree.parse(str(path)).getroot()
        self.process = self.find(self.root, "bpmn:process")[0]
        self.shapes = {shape.get("bpmnElement"): shape for shape in self.find(self.root, "//bpmndi:BPMNShape")}
        self.edges = {edge.get("bpmnElement"): edge for edge in self.find(self.root, "//bpmndi:BPMNEdge")}

    @staticmethod
    def find(element: etree._Element, path: str) -> list[etree._Element]:
        return element.xpath(path, namespaces=NAMESPACES)

    def scopes(self) -> Iterator[etree._Element]:
        yield self.process
        yield from self.find(self.process, ".//bpmn:subProcess")

    def nodes(self, scope: etree._Element) -> list[etree._Element]:
        return self.find(scope, FLOW_NODES)

    def attached(self, element_id: str) -> list[str]:
        """The boundary events of an activity, or the activity of a boundary event."""
        return self.find(
            self.process,
            f".//bpmn:boundaryEvent[@attachedToRef='{element_id}']/@id | .//bpmn:boundaryEvent[@id='{element_id}']/@attachedToRef",
        )

    def box(self, element_id: str) -> Box:
        return self.read_box(self.find(self.shapes[element_id], "dc:Bounds")[0])

    def label(self, element_id: str) -> Box | None:
        drawn = self.shapes.get(element_id, self.edges.get(element_id))
        bounds = self.find(drawn, "bpmndi:BPMNLabel/dc:Bounds")
        return self.read_box(bounds[0]) if bounds else None

    @staticmethod
    def read_box(bounds: etree._Element) -> Box:
        return Box(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))

    def waypoints(self, flow_id: str) -> list[tuple[float, float]]:
        points = self.find(self.edges[flow_id], "di:waypoint")
        return [(float(point.get("x")), float(point.get("y"))) for point in points]


@pytest.fixture(params=MODELS, ids=[path.stem for path in MODELS])
def model(request: pytest.FixtureRequest) -> Model:
    return Model(request.param)


def test_there_are_models_of_both_semantics():
    platforms = [Model(path).root.get(f"{{{NAMESPACES['modeler']}}}executionPlatform") for path in MODELS]
    assert len(MODELS) >= 8
    assert set(platforms) == {"Camunda Platform", "Camunda Cloud"}


def test_every_element_is_drawn_once(model: Model):
    nodes = [node.get("id") for scope in model.scopes() for node in model.nodes(scope)]
    flows = [flow.get("id") for flow in model.find(model.process, ".//bpmn:sequenceFlow | .//bpmn:association")]
    assert sorted(model.shapes) == sorted(nodes)
    assert sorted(model.edges) == sorted(flows)
    assert len(model.find(model.root, "//bpmndi:BPMNShape | //bpmndi:BPMNEdge")) == len(nodes) + len(flows)


def test_incoming_and_outgoing_agree_with_the_sequence_flows(model: Model):
    for scope in model.scopes():
        flows = model.find(scope, "bpmn:sequenceFlow")
        for node in model.nodes(scope):
            incoming = {flow.get("id") for flow in flows if flow.get("targetRef") == node.get("id")}
            outgoing = {flow.get("id") for flow in flows if flow.get("sourceRef") == node.get("id")}
            assert {child.text for child in model.find(node, "bpmn:incoming")} == incoming, node.get("id")
            assert {child.text for child in model.find(node, "bpmn:outgoing")} == outgoing, node.get("id")


def test_shapes_of_a_scope_lie_inside_it_and_apart(model: Model):
    for scope in model.scopes():
        boxes = {node.get("id"): model.box(node.get("id")) for node in model.nodes(scope)}
        for element_id, box in boxes.items():
            own = {element_id, *model.attached(element_id)}
            touched = [other for other, theirs in boxes.items() if other not in own and box.overlaps(theirs)]
            assert not touched, f"'{element_id}' lies over {touched}"
            assert scope is model.process or model.box(scope.get("id")).encloses(box), element_id


def test_labels_hide_neither_shapes_nor_each_other(model: Model):
    for scope in model.scopes():
        flows = [flow.get("id") for flow in model.find(scope, "bpmn:sequenceFlow")]
        nodes = [node.get("id") for node in model.nodes(scope)]
        labels = {element_id: model.label(element_id) for element_id in nodes + flows}
        taken = {element_id: model.box(element_id) for element_id in nodes}
        taken |= {f"label of {element_id}": label for element_id, label in labels.items() if label}
        for name, label in taken.items():
            own = {name, *model.attached(name)}
            hidden = [other for other, box in taken.items() if other not in own and label.overlaps(box)]
            assert not hidden, f"'{name}' lies over {hidden}"


def test_named_events_gateways_and_flows_have_a_label(model: Model):
    for scope in model.scopes():
        for element in model.find(scope, f"({LABELLED} | bpmn:sequenceFlow)[@name]"):
            assert model.label(element.get("id")) is not None, element.get("id")


def test_edges_are_orthogonal_and_dock_at_their_shapes(model: Model):
    for flow in model.find(model.process, ".//bpmn:sequenceFlow | .//bpmn:association"):
        points = model.waypoints(flow.get("id"))
        assert model.box(flow.get("sourceRef")).has_on_border(*points[0]), flow.get("id")
        assert model.box(flow.get("targetRef")).has_on_border(*points[-1]), flow.get("id")
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, flow.get("id")


def test_every_model_names_its_version(model: Model):
    tag = model.process.get(f"{{{NAMESPACES['camunda']}}}versionTag")
    tag = tag or model.find(model.process, "bpmn:extensionElements/zeebe:versionTag/@value")[0]
    assert tag.replace(".", "").isdigit()
