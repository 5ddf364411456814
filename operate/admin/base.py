"""What the pages on the engine's rows share: nothing is added, changed or deleted by hand, and nothing is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from operate.admin.paging import BY_KEY, KeySlice, Order
from operate.admin.reasons import Reasons
from operate.forms.filters import ListFilter
from operate.workspaces import Access, Forbidden, Right, visible_to

View = Callable[..., HttpResponseBase]


class EngineModelAdmin(ModelAdmin):
    """A list and a page for each row of one table, narrowed to the workspaces that the user may see."""

    right: ClassVar[Right] = Right.VIEW
    filter_form: ClassVar[type[ListFilter]] = ListFilter
    list_template: ClassVar[str]
    page_size: ClassVar[int] = 50
    show_full_result_count = False

    # -- permissions

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return Access.of(request.user).may_anywhere(self.right)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(self.model._default_manager.all(), request.user, self.right)

    def visible(
        self, request: HttpRequest, key: int, also: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    ) -> Any:
        """The row with this key, with what is read `also`; 404 if there is none or the user may not see it."""
        rows = self.get_queryset(request)
        found = (rows if also is None else also(rows)).filter(pk=key).first()
        if found is None:
            raise Http404(
                _("There is no %(verbose_name)s with key '%(key)s' that you may see.")
                % {"verbose_name": self.model._meta.verbose_name, "key": key}
            )
        return found

    # -- addresses

    def get_urls(self) -> list[URLPattern]:
        """The list, and what `pages` adds; no page of Django's own that could write."""
        return [*self.pages(), self.page("", "changelist", require_safe(self.changelist_view))]

    def pages(self) -> list[URLPattern]:
        """More pages of this table, made with `page`."""
        return []

    def page(self, route: str, name: str, view: View) -> URLPattern:
        """A page for logged-in staff, named after the table like those of Django."""
        meta = self.model._meta

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except Forbidden as refusal:
                return no_access(request, self.admin_site, refusal.message)

        return path(route, self.admin_site.admin_view(guarded), name=f"{meta.app_label}_{meta.model_name}_{name}")

    # -- the list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        filters = self.filters_of(request)
        rows = filters.narrow(self.get_queryset(request))
        found = KeySlice.of(rows, request, self.page_size, self.order_of(filters))
        context = {
            "filters": filters,
            "slice": found,
            "rows": self.decorated(request, found.rows),
            **(extra_context or {}),
        }
        return self.render(request, self.list_template, str(self.model._meta.verbose_name_plural).capitalize(), context)

    def filters_of(self, request: HttpRequest) -> Any:
        """The filters in the address, read once a request."""
        known: ListFilter | None = getattr(request, "fettle_filters", None)
        if known is None:
            known = request.fettle_filters = self.filter_form(request.GET, user=request.user)  # type: ignore[attr-defined]
            known.is_valid()
        return known

    def order_of(self, filters: Any) -> Order:
        """What the rows that these filters find are ordered by."""
        return BY_KEY

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows of one page with what the template shows besides; at most some queries for all of them."""
        return rows

    def render(
        self, request: HttpRequest, template: str, title: str, context: dict[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        """A page inside the frame of the back office."""
        if not self.has_view_permission(request):
            return no_access(request, self.admin_site)
        return TemplateResponse(
            request,
            f"admin/fettle/{template}",
            {
                **self.admin_site.each_context(request),
                "title": title,
                "opts": self.model._meta,
                "is_fullwidth": "1",
                "reasons": Reasons.of(request),
                **context,
            },
            status=status,
        )


def no_access(request: HttpRequest, site: admin.AdminSite, why: str = "") -> TemplateResponse:
    """The page for somebody who may not be here: says why, and whom to ask."""
    context = {**site.each_context(request), "title": _("No access"), "is_fullwidth": "1", "why": why}
    return TemplateResponse(request, "admin/fettle/no_access.html", context, status=403)
