"""The addresses of the dialect, below `/engine-rest/` and again below `/engine-rest/engine/default/`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import View

from operate.api.engine_rest import (
    condition,
    deployment,
    engine,
    event_subscription,
    execution,
    external_task,
    identity,
    incident,
    job,
    message,
    metrics,
    migration,
    modification,
    openapi,
    process_definition,
    process_instance,
    restart,
    signal,
    task,
    variable_instance,
)
from operate.api.engine_rest.history import activity_instance as history_activity_instance
from operate.api.engine_rest.history import incident as history_incident
from operate.api.engine_rest.history import process_instance as history_process_instance
from operate.api.engine_rest.history import statistics as history_statistics
from operate.api.engine_rest.history import task as history_task
from operate.api.engine_rest.history import variable_instance as history_variable_instance


def of_definition(suffix: str, view: type[View]) -> list[URLPattern]:
    """The three ways to name a process definition."""
    ways = ("<str:id>", "key/<str:key>", "key/<str:key>/tenant-id/<str:tenant>")
    return [path(f"process-definition/{way}{suffix}", view.as_view()) for way in reversed(ways)]


resources: list[URLPattern | URLResolver] = [
    path("engine", engine.Engines.as_view()),
    path("version", engine.Version.as_view()),
    path("openapi.json", openapi.OpenApiDocument.as_view()),
    path("metrics/<str:name>/sum", metrics.MetricSum.as_view()),
    path("identity/groups", identity.IdentityGroups.as_view()),
    path("identity/verify", identity.IdentityVerify.as_view()),
    # deployments and definitions
    path("deployment", deployment.Deployments.as_view()),
    path("deployment/count", deployment.DeploymentCount.as_view()),
    path("deployment/create", deployment.DeploymentCreate.as_view()),
    path("deployment/<str:id>", deployment.DeploymentView.as_view()),
    path("deployment/<str:id>/resources", deployment.DeploymentResources.as_view()),
    path("deployment/<str:id>/resources/<str:resource_id>", deployment.DeploymentResource.as_view()),
    path("deployment/<str:id>/resources/<str:resource_id>/data", deployment.DeploymentResourceData.as_view()),
    path("process-definition", process_definition.ProcessDefinitions.as_view()),
    path("process-definition/count", process_definition.ProcessDefinitionCount.as_view()),
    path("process-definition/suspended", process_definition.ProcessDefinitionsSuspended.as_view()),
    path("process-definition/statistics", process_definition.DefinitionStatisticsView.as_view()),
    *of_definition("/xml", process_definition.ProcessDefinitionXml),
    *of_definition("/start", process_definition.ProcessDefinitionStart),
    *of_definition("/diagram", process_definition.ProcessDefinitionDiagram),
    *of_definition("/statistics", process_definition.ActivityStatisticsView),
    *of_definition("/submit-form", process_definition.ProcessDefinitionSubmitForm),
    *of_definition("/startForm", process_definition.ProcessDefinitionStartForm),
    *of_definition("/suspended", process_definition.ProcessDefinitionSuspended),
    *of_definition("/history-time-to-live", process_definition.ProcessDefinitionHistoryTimeToLive),
    *of_definition("", process_definition.ProcessDefinitionView),
    # process instances
    path("process-instance", process_instance.ProcessInstances.as_view()),
    path("process-instance/count", process_instance.ProcessInstanceCount.as_view()),
    path("process-instance/suspended", process_instance.ManyProcessInstancesSuspended.as_view()),
    path("process-instance/<str:id>", process_instance.ProcessInstanceView.as_view()),
    path("process-instance/<str:id>/activity-instances", process_instance.ProcessInstanceActivityInstances.as_view()),
    path("process-instance/<str:id>/modification", process_instance.ProcessInstanceModification.as_view()),
    path("process-instance/<str:id>/suspended", process_instance.ProcessInstanceSuspended.as_view()),
    path("process-instance/<str:id>/variables", process_instance.ProcessInstanceVariables.as_view()),
    path("process-instance/<str:id>/variables/<str:name>", process_instance.ProcessInstanceVariable.as_view()),
    # several at once
    path("modification/execute", modification.ModificationExecute.as_view()),
    path("process-definition/<str:id>/restart", restart.Restart.as_view()),
    # migration
    path("migration/generate", migration.MigrationGenerate.as_view()),
    path("migration/validate", migration.MigrationValidate.as_view()),
    path("migration/execute", migration.MigrationExecute.as_view()),
    # executions
    path("execution", execution.Executions.as_view()),
    path("execution/count", execution.ExecutionCount.as_view()),
    path("execution/<str:id>", execution.ExecutionView.as_view()),
    path("execution/<str:id>/signal", execution.ExecutionSignal.as_view()),
    path("execution/<str:id>/localVariables", execution.ExecutionLocalVariables.as_view()),
    path("execution/<str:id>/localVariables/<str:name>", execution.ExecutionLocalVariable.as_view()),
    path("execution/<str:id>/messageSubscriptions/<str:name>", execution.MessageSubscription.as_view()),
    path("execution/<str:id>/messageSubscriptions/<str:name>/trigger", execution.MessageSubscriptionTrigger.as_view()),
    # user tasks
    path("task", task.Tasks.as_view()),
    path("task/count", task.TaskCount.as_view()),
    path("task/<str:id>", task.TaskView.as_view()),
    path("task/<str:id>/claim", task.TaskClaim.as_view()),
    path("task/<str:id>/unclaim", task.TaskUnclaim.as_view()),
    path("task/<str:id>/assignee", task.TaskAssignee.as_view()),
    path("task/<str:id>/delegate", task.TaskDelegate.as_view()),
    path("task/<str:id>/resolve", task.TaskResolve.as_view()),
    path("task/<str:id>/complete", task.TaskComplete.as_view()),
    path("task/<str:id>/submit-form", task.TaskComplete.as_view()),
    path("task/<str:id>/bpmnError", task.TaskBpmnError.as_view()),
    path("task/<str:id>/bpmnEscalation", task.TaskBpmnEscalation.as_view()),
    path("task/<str:id>/form", task.TaskForm.as_view()),
    path("task/<str:id>/form-variables", task.TaskFormVariables.as_view()),
    path("task/<str:id>/variables", task.TaskVariables.as_view()),
    path("task/<str:id>/variables/<str:name>", task.TaskVariable.as_view()),
    path("task/<str:id>/localVariables", task.TaskLocalVariables.as_view()),
    path("task/<str:id>/localVariables/<str:name>", task.TaskLocalVariable.as_view()),
    path("task/<str:id>/identity-links", task.TaskIdentityLinks.as_view()),
    path("task/<str:id>/identity-links/delete", task.TaskIdentityLinksDelete.as_view()),
    # external tasks
    path("external-task", external_task.ExternalTasks.as_view()),
    path("external-task/count", external_task.ExternalTaskCount.as_view()),
    path("external-task/fetchAndLock", external_task.FetchAndLock.as_view()),
    path("external-task/topic-names", external_task.TopicNames.as_view()),
    path("external-task/retries", external_task.ManyExternalTaskRetries.as_view()),
    path("external-task/<str:id>", external_task.ExternalTaskView.as_view()),
    path("external-task/<str:id>/errorDetails", external_task.ExternalTaskErrorDetails.as_view()),
    path("external-task/<str:id>/complete", external_task.ExternalTaskComplete.as_view()),
    path("external-task/<str:id>/failure", external_task.ExternalTaskFailure.as_view()),
    path("external-task/<str:id>/bpmnError", external_task.ExternalTaskBpmnError.as_view()),
    path("external-task/<str:id>/lock", external_task.ExternalTaskLock.as_view()),
    path("external-task/<str:id>/extendLock", external_task.ExternalTaskExtendLock.as_view()),
    path("external-task/<str:id>/unlock", external_task.ExternalTaskUnlock.as_view()),
    path("external-task/<str:id>/retries", external_task.ExternalTaskRetries.as_view()),
    path("external-task/<str:id>/priority", external_task.ExternalTaskPriority.as_view()),
    # what belongs to them
    path("variable-instance", variable_instance.VariableInstances.as_view()),
    path("variable-instance/count", variable_instance.VariableInstanceCount.as_view()),
    path("variable-instance/<str:id>", variable_instance.VariableInstanceView.as_view()),
    path("incident", incident.Incidents.as_view()),
    path("incident/count", incident.IncidentCount.as_view()),
    path("incident/<str:id>", incident.IncidentView.as_view()),
    path("job", job.Jobs.as_view()),
    path("job/count", job.JobCount.as_view()),
    path("job/suspended", job.ManyJobsSuspended.as_view()),
    path("job/<str:id>", job.JobView.as_view()),
    path("job/<str:id>/execute", job.JobExecute.as_view()),
    path("job/<str:id>/stacktrace", job.JobStacktrace.as_view()),
    path("job/<str:id>/retries", job.JobRetries.as_view()),
    path("job/<str:id>/duedate", job.JobDueDate.as_view()),
    path("job/<str:id>/duedate/recalculate", job.JobDueDateRecalculation.as_view()),
    path("job/<str:id>/priority", job.JobPriority.as_view()),
    path("job/<str:id>/suspended", job.JobSuspended.as_view()),
    path("job-definition", job.JobDefinitions.as_view()),
    path("job-definition/count", job.JobDefinitionCount.as_view()),
    path("job-definition/<str:id>", job.JobDefinitionView.as_view()),
    path("event-subscription", event_subscription.EventSubscriptions.as_view()),
    path("event-subscription/count", event_subscription.EventSubscriptionCount.as_view()),
    path("message", message.Message.as_view()),
    path("signal", signal.Signal.as_view()),
    path("condition", condition.Condition.as_view()),
    # history
    path("history/process-instance", history_process_instance.HistoricProcessInstances.as_view()),
    path("history/process-instance/count", history_process_instance.HistoricProcessInstanceCount.as_view()),
    path("history/process-instance/<str:id>", history_process_instance.HistoricProcessInstanceView.as_view()),
    path("history/activity-instance", history_activity_instance.HistoricActivityInstances.as_view()),
    path("history/activity-instance/count", history_activity_instance.HistoricActivityInstanceCount.as_view()),
    path("history/activity-instance/<str:id>", history_activity_instance.HistoricActivityInstanceView.as_view()),
    path("history/variable-instance", history_variable_instance.HistoricVariableInstances.as_view()),
    path("history/variable-instance/count", history_variable_instance.HistoricVariableInstanceCount.as_view()),
    path("history/variable-instance/<str:id>", history_variable_instance.HistoricVariableInstanceView.as_view()),
    path("history/incident", history_incident.HistoricIncidents.as_view()),
    path("history/incident/count", history_incident.HistoricIncidentCount.as_view()),
    path("history/task", history_task.HistoricTasks.as_view()),
    path("history/process-definition/<str:id>/statistics", history_statistics.HistoricActivityStatisticsView.as_view()),
    path("history/task/count", history_task.HistoricTaskCount.as_view()),
]

urlpatterns = [
    path(f"engine/{engine.ENGINE_NAME}/", include(resources)),
    *resources,
    re_path(r"", engine.NoSuchResource.as_view()),
]
