"""Migration of running process instances to another version of their process, or to another process."""

from workflow.engine.engine import Engine
from workflow.graph import ExecutableProcess, Semantics
from workflow.migration.base import check_options
from workflow.migration.camunda7 import Camunda7Migration
from workflow.migration.camunda7_plan import check_plan
from workflow.migration.generating import generate_mappings
from workflow.migration.plan import Mapping, MigrationOptions, MigrationPlan, Target
from workflow.migration.report import (
    InstanceRefused,
    InstanceReport,
    MappingReport,
    MappingsRefused,
    PlanRefused,
    Problem,
    StateRefused,
)
from workflow.migration.zeebe import ZeebeMigration

NO_OPTIONS = MigrationOptions()


def migrate(engine: Engine, plan: MigrationPlan, target: Target, options: MigrationOptions = NO_OPTIONS) -> None:
    """Move a process instance to the target as the plan says; raises with everything that keeps it from that."""
    check_options(engine, plan, target, options)
    kind = ZeebeMigration if engine.state.process.semantics is Semantics.ZEEBE else Camunda7Migration
    kind(engine, plan, target).perform()


def plan_problems(plan: MigrationPlan, source: ExecutableProcess, target: ExecutableProcess) -> list[MappingReport]:
    """What is wrong with a Camunda 7 plan for whatever process instance."""
    return check_plan(tuple(plan.mappings), source, target)


__all__ = [
    "InstanceRefused",
    "InstanceReport",
    "Mapping",
    "MappingReport",
    "MappingsRefused",
    "MigrationOptions",
    "MigrationPlan",
    "PlanRefused",
    "Problem",
    "StateRefused",
    "Target",
    "generate_mappings",
    "migrate",
    "plan_problems",
]
