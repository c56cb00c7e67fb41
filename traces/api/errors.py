"""Turns whatever goes wrong in an API view into its JSON answer; named by settings.REST_FRAMEWORK.

Every error is `{"error": …, "fields"?: {…}}` (contract §3), and a 500 tells the client nothing but that.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from rest_framework.exceptions import APIException, MethodNotAllowed, NotAuthenticated
from rest_framework.response import Response

from accounts.authentication import INVALID_KEY
from tracen.lib import json_body
from tracen.lib.storage_trouble import RETRY_SECONDS, UNAVAILABLE, is_storage_trouble
from traces import errors
from traces.wire.otlp.span import MalformedExport

BILLING_PAGE = "/dashboard/billing"
_RETRY_SECONDS = str(RETRY_SECONDS)
log = logging.getLogger(__name__)


def answer_error(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to any exception at all; it never raises and never returns None, so Django's HTML pages stay out."""
    for kind, answer in _ANSWERS:
        if isinstance(error, kind):
            return answer(error)
    if is_storage_trouble(error):
        log.warning("Answered 503: %s", error)
        return unavailable()
    log.error("Unexpected error in %s", type(context.get("view")).__name__, exc_info=error)
    return Response({"error": "Internal server error"}, 500)


def sentence_of(error: Exception) -> str:
    """What an API client is told about it, where the answer as a whole is another."""
    return str(answer_error(error, {}).data["error"])


def _fields(error: errors.InvalidFields) -> Response:
    return Response({"error": error.error, "fields": error.fields}, 400)


def _invalid_json(error: json_body.InvalidJson) -> Response:
    body: dict[str, Any] = {"error": "Invalid JSON body"}
    if error.detail:
        body["detail"] = error.detail
    if error.limit is not None:
        body["limit"] = error.limit
    return Response(body, 400)


def _monthly_limit(error: errors.MonthlyLimitReached) -> Response:
    advice = " Upgrade to Pro." if error.can_upgrade else ""
    body = {
        "error": f"Monthly trace limit reached.{advice}",
        "limit": error.limit,
        "current": error.current,
        "upgrade_url": BILLING_PAGE,
    }
    return Response(body, 429, headers={"Retry-After": str(error.retry_after)})


def _agent_limit(error: errors.AgentLimitReached) -> Response:
    agents = "1 agent" if error.limit == 1 else f"{error.limit} agents"
    return Response({"error": f"{error.plan} plan limited to {agents}", "upgrade_url": BILLING_PAGE}, 403)


def _rate_limit(error: errors.RateLimited) -> Response:
    sentence = f"Rate limit exceeded. {error.limit} requests per hour per API key."
    body = {"error": sentence, "limit": error.limit, "retry_after": error.retry_after}
    return Response(body, 429, headers={"Retry-After": str(error.retry_after)})


def _invalid_idempotency_key(_: Exception) -> Response:
    fields = {"Idempotency-Key": "Must have 1 to 255 printable ASCII characters"}
    return Response({"error": "Validation failed", "fields": fields}, 400)


def _in_progress(_: Exception) -> Response:
    sentence = "A request with this Idempotency-Key is still running"
    return Response({"error": sentence}, 409, headers={"Retry-After": _RETRY_SECONDS})


def unavailable() -> Response:
    """Try again: nothing was stored."""
    return Response(UNAVAILABLE, 503, headers={"Retry-After": _RETRY_SECONDS})


def _unauthorised(_: Exception) -> Response:
    return Response({"error": INVALID_KEY}, 401, headers={"WWW-Authenticate": "Bearer"})


def _rest_framework(error: APIException) -> Response:
    # AuthenticationFailed arrives here too: DRF calls it a 403 unless told otherwise, we do not.
    if error.status_code in (401, 403):
        return _unauthorised(error)
    return Response({"error": str(error.detail)}, error.status_code)


_ANSWERS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Response]], ...] = (
    (errors.InvalidFields, _fields),
    (errors.KeyRevoked, _unauthorised),
    (errors.TraceNotFound, lambda _: Response({"error": "Trace not found"}, 404)),
    # Django's own refusals, such as a query of a thousand names.
    (SuspiciousOperation, lambda _: Response({"error": "Bad request"}, 400)),
    (Http404, lambda _: Response({"error": "Not found"}, 404)),
    (json_body.InvalidJson, _invalid_json),
    (MalformedExport, lambda error: Response({"error": "Invalid OTLP body", "detail": str(error)}, 400)),
    (json_body.NotAnObject, lambda _: Response({"error": "Body must be a JSON object"}, 400)),
    (json_body.BodyTooLarge, lambda error: Response({"error": json_body.TOO_LARGE, "limit": error.limit}, 413)),
    (json_body.UnsupportedBody, lambda error: Response({"error": str(error)}, 415)),
    (
        errors.SpanLimitReached,
        lambda error: Response({"error": "Span limit per trace reached", "limit": error.limit}, 400),
    ),
    (errors.MonthlyLimitReached, _monthly_limit),
    (errors.AgentLimitReached, _agent_limit),
    (errors.RateLimited, _rate_limit),
    (errors.InvalidIdempotencyKey, _invalid_idempotency_key),
    (
        errors.IdempotencyKeyReused,
        lambda _: Response({"error": "This Idempotency-Key came before with another body"}, 422),
    ),
    (errors.RequestInProgress, _in_progress),
    (MethodNotAllowed, lambda _: Response({"error": "Method not allowed"}, 405)),
    (NotAuthenticated, _unauthorised),
    (APIException, _rest_framework),
)
