"""Users and groups, in the style of the back office; only superusers change them."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from procrastinate.contrib.django import admin as _registered  # noqa: F401  (or it would register its pages later)
from procrastinate.contrib.django.models import ProcrastinateJob
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)
# A token is shown once, to its owner; background jobs are looked at with `manage.py procrastinate`.
for model in (TokenProxy, ProcrastinateJob):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class ForSuperusers(ModelAdmin):
    """Not in the index of others, who are not even asked for their permissions: that would cost each page two statements."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ForSuperusers):
    """Who can log in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_superuser"]
    list_filter = ["is_active", "is_superuser", "groups"]
    list_fullwidth = True


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ForSuperusers):
    """Role groups are named after their workspace; others can be given any permissions."""

    list_fullwidth = True
