"""XML to graph: parses models from strangers, finds out whose semantics they follow, and collects all their problems."""

from workflow.bpmn.detection import Detection, detect_semantics
from workflow.bpmn.parser import model_text
from workflow.bpmn.reader import ParsedModel, read_model, read_process

__all__ = ["Detection", "ParsedModel", "detect_semantics", "model_text", "read_model", "read_process"]
