"""The write side of the workflow for everyone else: each function is one command, in one transaction.

Keys are ints, times aware datetimes, durations timedeltas. All raise `NotFound`, `Rejected` or `Conflict` from
`workflow.engine.errors` and whatever `Context.authorize` raises; then nothing has changed.
"""

from workflow.engine.outcome import CalledFact, ElementFact, MigratedFact, Outcome, RowFact
from workflow.persistence.unit_of_work import SYSTEM, Context
from workflow.services.ad_hoc import AdHocResult, activate_ad_hoc_elements
from workflow.services.back_navigation import (
    BackTarget,
    RestorableValue,
    back_targets,
    go_back,
    resetting_elements,
    restorable_values,
)
from workflow.services.data_search import (
    ask_for_reindexing,
    configure_data_paths,
    reindex_some,
    waiting_reindexings,
)
from workflow.services.definitions import (
    DefinitionHistory,
    DeletedDefinitions,
    SuspendedDefinition,
    activate_process_definition,
    delete_process_definition,
    set_history_time_to_live,
    suspend_process_definition,
)
from workflow.services.deployments import Deployed, Resource, delete_deployment, deploy
from workflow.services.due import DueJobs, due_jobs, note_due_job_failure, run_due_job
from workflow.services.engine_jobs import (
    JobFailed,
    delete_job,
    execute_job,
    note_job_failure,
    recalculate_job_due_date,
    run_job,
    set_job_due_date,
    set_job_suspended,
)
from workflow.services.history import ExpiredInstance, delete_expired_instances, expired_instances
from workflow.services.incidents import resolve_incident
from workflow.services.instances import (
    cancel_process_instance,
    delete_process_instance,
    judge_modification,
    modify_process_instance,
    resume_process_instance,
    start_process_instance,
    suspend_process_instance,
)
from workflow.services.jobs import (
    ActivatedJob,
    JobRequest,
    activate_jobs,
    complete_job,
    extend_lock,
    fail_job,
    lock_job,
    throw_job_error,
    unlock_job,
    update_job,
)
from workflow.services.messages import (
    Correlation,
    MessageCorrelation,
    PublishedMessage,
    correlate_message,
    discard_expired_messages,
    publish_message,
    signal_element,
    trigger_message,
)
from workflow.services.migration import (
    generate_migration_plan,
    migrate_process_instance,
    validate_migration_plan,
)
from workflow.services.restart import (
    RestartOptions,
    refuse_unsuitable_for_restart,
    restart_process_instances,
)
from workflow.services.signals import broadcast_signal
from workflow.services.start_events import (
    StartEvent,
    evaluate_start_conditions,
    execute_start_timer,
    start_at_event,
)
from workflow.services.user_tasks import (
    assign_user_task,
    complete_user_task,
    delegate_user_task,
    resolve_user_task,
    throw_user_task_error,
    throw_user_task_escalation,
    update_user_task,
)
from workflow.services.variables import (
    NotEditable,
    OpenScope,
    VariableEdit,
    delete_variables,
    edit_variables,
    set_variables,
)

__all__ = [
    "SYSTEM",
    "ActivatedJob",
    "AdHocResult",
    "BackTarget",
    "CalledFact",
    "Context",
    "Correlation",
    "DefinitionHistory",
    "DeletedDefinitions",
    "Deployed",
    "DueJobs",
    "ElementFact",
    "ExpiredInstance",
    "JobFailed",
    "JobRequest",
    "MessageCorrelation",
    "MigratedFact",
    "NotEditable",
    "OpenScope",
    "Outcome",
    "PublishedMessage",
    "Resource",
    "RestartOptions",
    "RestorableValue",
    "RowFact",
    "StartEvent",
    "SuspendedDefinition",
    "VariableEdit",
    "activate_ad_hoc_elements",
    "activate_jobs",
    "activate_process_definition",
    "ask_for_reindexing",
    "assign_user_task",
    "back_targets",
    "broadcast_signal",
    "cancel_process_instance",
    "complete_job",
    "complete_user_task",
    "configure_data_paths",
    "correlate_message",
    "delegate_user_task",
    "delete_deployment",
    "delete_expired_instances",
    "delete_job",
    "delete_process_definition",
    "delete_process_instance",
    "delete_variables",
    "deploy",
    "discard_expired_messages",
    "due_jobs",
    "edit_variables",
    "evaluate_start_conditions",
    "execute_job",
    "execute_start_timer",
    "expired_instances",
    "extend_lock",
    "fail_job",
    "generate_migration_plan",
    "go_back",
    "judge_modification",
    "lock_job",
    "migrate_process_instance",
    "modify_process_instance",
    "note_due_job_failure",
    "note_job_failure",
    "publish_message",
    "recalculate_job_due_date",
    "refuse_unsuitable_for_restart",
    "reindex_some",
    "resetting_elements",
    "resolve_incident",
    "resolve_user_task",
    "restart_process_instances",
    "restorable_values",
    "resume_process_instance",
    "run_due_job",
    "run_job",
    "set_history_time_to_live",
    "set_job_due_date",
    "set_job_suspended",
    "set_variables",
    "signal_element",
    "start_at_event",
    "start_process_instance",
    "suspend_process_definition",
    "suspend_process_instance",
    "throw_job_error",
    "throw_user_task_error",
    "throw_user_task_escalation",
    "trigger_message",
    "unlock_job",
    "update_job",
    "update_user_task",
    "validate_migration_plan",
    "waiting_reindexings",
]
