"""/identity: groups of a user, and whether a password is right."""

from __future__ import annotations

from typing import TypedDict

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import body, text
from operate.workspaces import Right
from operate.workspaces.roles import WORKSPACE_ROLES, group_name
from workflow.engine.errors import Rejected
from workflow.models import Workspace


class GroupAnswer(TypedDict):
    id: str
    name: str


class Person(TypedDict):
    id: str
    firstName: str
    lastName: str
    displayName: str


class GroupsAnswer(TypedDict):
    groups: list[GroupAnswer]
    groupUsers: list[Person]


class VerifiedAnswer(TypedDict):
    authenticatedUser: str
    authenticated: bool


class IdentityGroups(EngineRestView):
    """The groups of a user, and who else is in them."""

    answers = {"GET": GroupsAnswer}
    parameters = {"GET": {"userId": (OpenApiTypes.STR, "Whose groups.")}}

    def get(self, request: Request) -> Response:
        """The groups of a user and their members. Others' are told only to those who manage a workspace."""
        name = request.query_params.get("userId")
        if not name:
            raise Rejected("No user id was supplied")
        if name != request.user.get_username() and not self.access.may_anywhere(Right.MANAGE):
            raise PermissionDenied(
                f"The groups of '{name}' are told to '{name}' and to those who manage a workspace, which you do not."
            )
        groups = list(self._told(name).order_by("name"))
        people = (
            get_user_model().objects.filter(groups__in=groups).exclude(username=name).order_by("username").distinct()
        )
        return Response(
            {
                "groups": [{"id": group.name, "name": group.name} for group in groups],
                "groupUsers": [person(each) for each in people],
            }
        )

    def _told(self, name: str) -> QuerySet[Group]:
        """The groups of the user; of somebody else only the role groups of workspaces that the caller manages."""
        groups = Group.objects.filter(user__username=name)
        managed = self.access.workspaces(Right.MANAGE)
        if managed is None or name == self.request.user.get_username():
            return groups
        slugs = Workspace.objects.filter(pk__in=managed).order_by().values_list("slug", flat=True)
        return groups.filter(name__in=[group_name(slug, role) for slug in slugs for role in WORKSPACE_ROLES])


def person(user: object) -> Person:
    first, last = getattr(user, "first_name", ""), getattr(user, "last_name", "")
    return {
        "id": user.get_username(),
        "firstName": first,
        "lastName": last,
        "displayName": f"{first} {last}".strip(),
    }


class IdentityVerify(EngineRestView):
    """Whether a user has this password."""

    bodies = {
        "POST": body("VerifyIdentity", username=text(required=True), password=text(required=True, max_length=4096))
    }
    answers = {"POST": VerifiedAnswer}

    def post(self, request: Request) -> Response:
        given = self.read()
        if not given["username"] or not given["password"]:
            raise Rejected("Username and password are required")
        found = authenticate(request._request, username=given["username"], password=given["password"])
        return Response({"authenticatedUser": given["username"], "authenticated": found is not None})
