"""The WSGI entry point, for `manage.py up` and for any other server."""

import os
from collections.abc import Sequence
from typing import Any, cast

import django
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters
from django.utils.module_loading import import_string

from tracen.middleware import is_api_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracen.settings")
_BRIEF_BYTES = 64 * 1024
_NOT_BRIEF = (b"content-encoding", b"idempotency-key")


class Request(WSGIRequest):
    """A request whose query and forms are UTF-8, whatever it says.

    Django decodes them by the charset of the Content-Type header. A client may say "hex" or "rot13" there, which Python
    knows as codecs but not of text, and the request would end in an error before any of our code sees it.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class ShortWayToTheApi(BaseHandler):
    """A handler that sends the API's requests through API_MIDDLEWARE: sessions, forms and pages are none of theirs."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        to_pages: Any = vars(self)["_middleware_chain"]
        to_api = self._chain(settings.API_MIDDLEWARE)

        def choose(request: HttpRequest) -> HttpResponseBase:
            chain: Any = to_api if is_api_path(request.path_info) else to_pages
            return cast(HttpResponseBase, chain(request))

        self._middleware_chain = choose

    def _chain(self, names: Sequence[str]) -> Any:
        # The innermost handler is the one that Django's own chain ends in; its types know nothing of it.
        handler: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for name in reversed(names):
            handler = convert_exception_to_response(import_string(name)(handler))
        return handler


class Application(ShortWayToTheApi, WSGIHandler):
    request_class = Request


def is_brief(scope: dict[str, Any], length: int) -> bool:
    """Whether a request (an ASGI scope and its body's length) does nothing but store a little, in about a millisecond.

    A packed body may be a thousand times larger than it looks, and an Idempotency-Key takes transactions of its own.
    """
    return (
        length <= _BRIEF_BYTES
        and scope["method"] in ("POST", "PATCH")
        and is_api_path(scope["path"])
        and not any(name in _NOT_BRIEF for name, _ in scope["headers"])
    )


django.setup(set_prefix=False)
application = Application()
