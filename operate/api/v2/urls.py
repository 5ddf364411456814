"""Routes below `/v2`."""

from django.urls import path, re_path

from operate.api.v2 import (
    audit_logs,
    cluster,
    creation,
    definitions,
    elements,
    incidents,
    instances,
    jobs,
    messages,
    modification,
    user_tasks,
    variables,
)
from operate.api.v2.openapi import NoSuchAddress, OpenApiDocument

INSTANCE = "process-instances/<str:key>"
ELEMENT = "element-instances/<str:key>"
TASK = "user-tasks/<str:key>"

resources = [
    path("topology", cluster.Topology.as_view()),
    path("status", cluster.Status.as_view()),
    path("license", cluster.License.as_view()),
    path("authentication/me", cluster.Me.as_view()),
    path("deployments", definitions.Deployments.as_view()),
    path("resources/<str:key>/deletion", definitions.ResourceDeletion.as_view()),
    path("process-definitions/search", definitions.ProcessDefinitionSearch.as_view()),
    path("process-definitions/<str:key>", definitions.ProcessDefinitionView.as_view()),
    path("process-definitions/<str:key>/xml", definitions.ProcessDefinitionXml.as_view()),
    path(
        "process-definitions/<str:key>/statistics/element-instances",
        instances.DefinitionStatistics.as_view(),
    ),
    path("process-instances", creation.ProcessInstances.as_view()),
    path("process-instances/search", instances.ProcessInstanceSearch.as_view()),
    path(INSTANCE, instances.ProcessInstanceView.as_view()),
    path(f"{INSTANCE}/cancellation", instances.Cancellation.as_view()),
    path(f"{INSTANCE}/suspension", instances.Suspension.as_view()),
    path(f"{INSTANCE}/resumption", instances.Resumption.as_view()),
    path(f"{INSTANCE}/deletion", instances.Deletion.as_view()),
    path(f"{INSTANCE}/modification", modification.Modification.as_view()),
    path(f"{INSTANCE}/call-hierarchy", instances.CallHierarchy.as_view()),
    path(f"{INSTANCE}/sequence-flows", elements.SequenceFlows.as_view()),
    path(f"{INSTANCE}/statistics/element-instances", elements.InstanceStatistics.as_view()),
    path(f"{INSTANCE}/incidents/search", incidents.InstanceIncidents.as_view()),
    path("element-instances/search", elements.ElementInstanceSearch.as_view()),
    path(ELEMENT, elements.ElementInstanceView.as_view()),
    path(f"{ELEMENT}/variables", variables.ElementInstanceVariables.as_view()),
    path(f"{ELEMENT}/incidents/search", incidents.ElementIncidents.as_view()),
    path("variables/search", variables.VariableSearch.as_view()),
    path("variables/<str:key>", variables.VariableView.as_view()),
    path("jobs/activation", jobs.Activation.as_view()),
    path("jobs/search", jobs.JobSearch.as_view()),
    path("jobs/<str:key>", jobs.JobView.as_view()),
    path("jobs/<str:key>/completion", jobs.Completion.as_view()),
    path("jobs/<str:key>/failure", jobs.Failure.as_view()),
    path("jobs/<str:key>/error", jobs.Error.as_view()),
    path("user-tasks/search", user_tasks.UserTaskSearch.as_view()),
    path(TASK, user_tasks.UserTaskView.as_view()),
    path(f"{TASK}/assignment", user_tasks.Assignment.as_view()),
    path(f"{TASK}/assignee", user_tasks.Assignee.as_view()),
    path(f"{TASK}/completion", user_tasks.Completion.as_view()),
    path(f"{TASK}/variables/search", user_tasks.TaskVariables.as_view()),
    path(f"{TASK}/audit-logs/search", audit_logs.TaskAuditLogs.as_view()),
    path("incidents/search", incidents.IncidentSearch.as_view()),
    path("incidents/<str:key>", incidents.IncidentView.as_view()),
    path("incidents/<str:key>/resolution", incidents.Resolution.as_view()),
    path("messages/publication", messages.Publication.as_view()),
    path("messages/correlation", messages.CorrelationView.as_view()),
    path("message-subscriptions/search", messages.SubscriptionSearch.as_view()),
    path("audit-logs/search", audit_logs.AuditLogSearch.as_view()),
    path("audit-logs/<str:key>", audit_logs.AuditLogView.as_view()),
]
urlpatterns = [
    path("openapi.json", OpenApiDocument.as_view()),
    *resources,
    re_path("", NoSuchAddress.as_view()),
]
