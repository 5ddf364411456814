"""Wizards for many process instances, or one: move, restart, migrate, edit variables.

Each reads its plan from the fields of one form, so that the page, its preview and what is done at the end cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from operate.admin.wizards.base import Wizard
from operate.admin.wizards.migrate import MigrateWizard
from operate.admin.wizards.move import MoveWizard
from operate.admin.wizards.restart import RestartWizard
from operate.admin.wizards.variables import VariablesWizard

DETAILED = 20
"""Of so many of those that a preview tries it is told what happens in them."""
WIZARDS: Mapping[str, type[Wizard]] = {
    "move": MoveWizard,
    "restart": RestartWizard,
    "variables": VariablesWizard,
    "migrate": MigrateWizard,
}

__all__ = ["DETAILED", "WIZARDS", "Wizard"]
