"""The WSGI entry point, for `manage.py up` and for any other server."""

import os
from collections.abc import Sequence
from typing import Any, cast

import django
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from django.utils.http import parse_header_parameters
from django.utils.module_loading import import_string

from tracen.lib.storage_trouble import let_go_if_dead
from tracen.middleware import is_api_path
from tracen.server.bridge import TAKES_TURNS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracen.settings")
_BRIEF_BYTES = 64 * 1024
_MOST_KNOWN = 64
"""More than there are; a pattern that takes anything would fill the memory."""
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

    _known: dict[str, ResolverMatch]

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        self._known = {}
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

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The API's addresses that have no id in them are the same few each time."""
        known = self._known.get(request.path_info)
        if known is None:
            known = super().resolve_request(request)
            if not known.kwargs and is_api_path(request.path_info) and len(self._known) < _MOST_KNOWN:
                self._known[request.path_info] = known
        request.resolver_match = known
        return known


class Application(ShortWayToTheApi, WSGIHandler):
    request_class = Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """What Django's handler does, without its signals for a request that takes turns.

        Their receivers close what a request in a thread of its own may leave open. Here that is only the connection,
        which those that come at once go on with, unless something went wrong with it.
        """
        if TAKES_TURNS not in environ:
            return super().__call__(environ, start_response)
        try:
            response = self.get_response(self.request_class(environ))
        finally:
            if connection.errors_occurred:
                let_go_if_dead()
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [b"".join(response)]


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
