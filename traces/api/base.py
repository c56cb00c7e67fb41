"""What the API's viewsets share: the order of checks, JSON whatever was asked for, one way to read a body."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.api_keys import plans_of_live_keys
from accounts.authentication import ApiKeyAuthentication
from accounts.models import Account, ApiKey
from tracen.lib.json_body import BodyLimits, read_json_object
from traces.errors import KeyRevoked
from traces.idempotency import Answer, read_attempt, run_once
from traces.ingest import Sender
from traces.limits import MAX_BODY_BYTES, MAX_JSON_DEPTH, MAX_JSON_INTEGER, MAX_JSON_VALUES
from traces.wire.fields import json_text

_IDEMPOTENCY_KEY = "HTTP_IDEMPOTENCY_KEY"
_ALLOW: dict[tuple[object, ...], dict[str, str]] = {}
BODY_LIMITS = BodyLimits(MAX_BODY_BYTES, MAX_JSON_DEPTH, MAX_JSON_VALUES, MAX_JSON_INTEGER)


def json_response(text: str, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """An answer whose text is made already. The REST framework's own would ask which form of it the client prefers."""
    return HttpResponse(text, status=status, headers=headers, content_type="application/json")


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever the Accept header says (contract §3)."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> None:
        return None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return next(iter(renderers)), "application/json"


class IngestViewSet(ViewSet):
    """A viewset that answers 405 before 401, and 401 before anything else."""

    content_negotiation_class = AlwaysJson
    authentication_classes = (ApiKeyAuthentication,)
    storing_actions: frozenset[str] = frozenset()
    """Actions that end in ingest, which makes sure of the key in the transaction that stores."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        """`Allow` is the same for all answers of a route: the REST framework looks for nine methods each time."""
        route = (type(self), *self.action_map)
        known = _ALLOW.get(route)
        if known is None:
            known = _ALLOW[route] = super().default_response_headers
        return known

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if (request.method or "").lower() not in self.action_map:
            self.http_method_not_allowed(request)
        request.user  # noqa: B018 - reading it authenticates
        if not self._is_checked_later():
            self._check_key()

    def handle_exception(self, exc: Exception) -> Response:
        """Nothing is told to a key that was revoked since this process saw it, not even what is wrong with its body.

        That the database is away is no secret, and to ask it once more would take as long as it took to find out.
        """
        is_telling = not isinstance(exc, APIException | KeyRevoked | OperationalError | InterfaceError)
        if is_telling and self._is_checked_later():
            try:
                self._check_key()
            except Exception as worse:  # noqa: BLE001 - the key is revoked, or nobody can say whether it is
                exc = worse
        return super().handle_exception(exc)

    @property
    def account(self) -> Account:
        return cast(Account, self.request.user)

    @property
    def api_key(self) -> ApiKey:
        return cast(ApiKey, self.request.auth)

    @property
    def sender(self) -> Sender:
        return Sender(self.account, self.api_key)

    @property
    def is_repeatable(self) -> bool:
        """Whether it has an Idempotency-Key: it may be answered without storing anything."""
        return _IDEMPOTENCY_KEY in self.request.META

    def _is_checked_later(self) -> bool:
        return self.action in self.storing_actions and not self.is_repeatable

    def _check_key(self) -> None:
        if not plans_of_live_keys([self.api_key.pk]):
            raise KeyRevoked

    def read_body(self) -> dict[str, Any]:
        return read_json_object(self.request._request, BODY_LIMITS)

    def answer_once(self, body: dict[str, Any], act: Callable[[], Answer]) -> HttpResponse:
        """Do `act`, or replay what the same Idempotency-Key got before, and send the answer."""
        answer = self.act_once(body, act)
        headers = {"Idempotent-Replayed": "true"} if answer.is_replay else None
        return json_response(json_text(answer.body), answer.status, headers)

    def act_once(self, body: dict[str, Any], act: Callable[[], Answer]) -> Answer:
        """The answer that `answer_once` sends."""
        key = self.request.META.get(_IDEMPOTENCY_KEY)
        return run_once(read_attempt(self.account, self.request.path.rstrip("/").lower(), key, body), act)
