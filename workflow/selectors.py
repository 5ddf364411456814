"""The read side of the workflow for everyone else: what takes more than a queryset."""

from __future__ import annotations

from workflow.persistence.connection import fetch

VISIBLE_VARIABLES = """
WITH RECURSIVE scopes AS (
  SELECT key, flow_scope_key, 0 AS depth FROM workflow_elementinstance WHERE key = %s::bigint
  UNION ALL
  SELECT e.key, e.flow_scope_key, s.depth + 1 FROM workflow_elementinstance e JOIN scopes s ON e.key = s.flow_scope_key),
places AS (
  SELECT key, depth FROM scopes
  UNION ALL
  SELECT process_instance_key, 1000000 FROM workflow_elementinstance WHERE key = %s::bigint)
SELECT DISTINCT ON (v.name) v.key FROM workflow_variable v JOIN places p ON v.scope_key = p.key ORDER BY v.name, p.depth
"""
BELOW = """
WITH RECURSIVE below AS (
  SELECT key FROM workflow_elementinstance WHERE key = %s::bigint
  UNION ALL
  SELECT e.key FROM workflow_elementinstance e JOIN below b ON e.flow_scope_key = b.key
  WHERE e.process_instance_key = (SELECT process_instance_key FROM workflow_elementinstance WHERE key = %s::bigint))
SELECT key FROM below
"""


def visible_variables(element_instance_key: int) -> list[int]:
    """Keys of the variables that an element instance sees: of each name the nearest, looking outwards."""
    return [key for (key,) in fetch(VISIBLE_VARIABLES, (str(element_instance_key), str(element_instance_key)))]


def element_instances_below(element_instance_key: int) -> list[int]:
    """Keys of an element instance and all that are inside it, ended ones too."""
    return [key for (key,) in fetch(BELOW, (str(element_instance_key), str(element_instance_key)))]
