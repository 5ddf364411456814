"""Searching must not find out what is masked."""

from __future__ import annotations

from operate.masking.masks import Masks
from operate.masking.patterns import has_mask
from workflow.models import ProcessDataPath

Place = tuple[int, str]
"""A workspace and a process id."""


def is_masked(masks: Masks, place: Place, path: str) -> bool:
    """Whether what stands at a path is hidden, in a process."""
    if not masks.patterns(*place):
        return False
    name, *members = path.split(".")
    value: object = ""
    for member in reversed(members):
        value = {member: value}
    return has_mask(masks.value(*place, name, value))


def places_with_masked_keywords(masks: Masks) -> list[Place]:
    """The processes of which a keyword is hidden."""
    if not masks:
        return []
    rows = ProcessDataPath.objects.filter(is_keyword=True).values_list("workspace_id", "process_id", "path")
    found = {
        (workspace, process): None for workspace, process, path in rows if is_masked(masks, (workspace, process), path)
    }
    return list(found)


__all__ = ["Place", "is_masked", "places_with_masked_keywords"]
