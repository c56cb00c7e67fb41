"""The WSGI entry point, for `manage.py up` and for any other server."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracen.settings")


class Request(WSGIRequest):
    """A request whose query and forms are UTF-8, whatever it says.

    Django decodes them by the charset of the Content-Type header. A client may say "hex" or "rot13" there, which Python
    knows as codecs but not of text, and the request would end in an error before any of our code sees it.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Application(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Application()
