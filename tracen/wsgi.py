"""The WSGI entry point for any server that is not started by `manage.py up`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracen.settings")
application = get_wsgi_application()
