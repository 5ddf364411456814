"""JSON as people type it."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from workflow.engine.errors import Rejected

JSON_INDENT = 2


def json_text(value: Any) -> str:
    """A value as people edit it."""
    return json.dumps(value, ensure_ascii=False, indent=JSON_INDENT)


def value_of(text: str, name: str) -> Any:
    """A value as it was typed, which has to be JSON; raises Rejected with line and column."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Rejected(
            _("Invalid JSON format of '%(name)s': %(msg)s, line %(lineno)s, column %(colno)s.")
            % {"name": name, "msg": error.msg, "lineno": error.lineno, "colno": error.colno}
        ) from error
    except (ValueError, RecursionError) as error:
        raise Rejected(_("Invalid JSON format of '%(name)s': %(error)s.") % {"name": name, "error": error}) from error


def variables_of(text: str) -> dict[str, Any]:
    """Variables as a JSON object; an empty text stands for none."""
    if not text.strip():
        return {}
    found = value_of(text, "variables")
    if not isinstance(found, dict):
        raise Rejected(_('Expected the variables as a JSON object such as {"amount": 100}.'))
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
