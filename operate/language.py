"""In which language pages are: as chosen in the menu, else as the browser asks for. APIs always speak English."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.views.i18n import set_language as remember

from operate.notifications.models import NotificationPreference

APIS = ("/engine-rest/", "/v2/", "/api/")


class LanguageMiddleware(LocaleMiddleware):
    """Django's, but for the APIs: what programs read must not depend on a header that their HTTP library sends."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(APIS):
            translation.activate("en")
            request.LANGUAGE_CODE = "en"
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if request.path_info.startswith(APIS) else super().process_response(request, response)


@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the choice of a language in a cookie, and go back; somebody who logs in may choose already.

    Mails come in the language that was chosen last.
    """
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        NotificationPreference.objects.update_or_create(user=request.user, defaults={"language": language})
    return remember(request)
