"""The web server's way in."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = get_wsgi_application()

if os.environ["DJANGO_SETTINGS_MODULE"] == "config.settings.production":
    from config.checks import refuse_demo_administrator

    refuse_demo_administrator()
