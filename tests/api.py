"""The API as a client in the same process sees it, and the references' bodies; used by every API test."""

import json
from pathlib import Path
from typing import Any

from django.test import Client
from django.test import client as django_client

from tracen.wsgi import Request, ShortWayToTheApi


class _Handler(ShortWayToTheApi, django_client.ClientHandler):
    """The test client's handler, with the product's own way to the API, which reads every streamed answer to its end.

    A test that looks at the status only would leave it half read, with its cursor open in the test's own connection. The
    garbage collector would close that at any later moment, also while the same thread holds the connection's lock, and
    then wait for itself for ever.
    """

    def __call__(self, environ: dict[str, Any]) -> Any:
        answer: Any = super().__call__(environ)
        if answer.streaming:
            answer.streaming_content = [b"".join(answer.streaming_content)]
        return answer


# Django's test client makes plain requests; the product's are of its own class, and so is its handler.
vars(django_client).update(WSGIRequest=Request, ClientHandler=_Handler)

TRACES = "/api/traces"
NEXUS = "/api/v1/traces"
REFERENCES = Path(__file__).parent / "references"


def reference(name: str) -> dict[str, Any]:
    """A body of the public references, as a value to vary."""
    return json.loads((REFERENCES / f"{name}.json").read_text())


def tracen_body(**changes: Any) -> dict[str, Any]:
    return reference("tracen_post") | changes


def nexus_body(**changes: Any) -> dict[str, Any]:
    return reference("nexus_create") | changes


def span_body(**changes: Any) -> dict[str, Any]:
    return reference("nexus_span") | changes


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


class Api:
    """Requests with a key. An exception in a view arrives as the 500 it would be, so a test sees what a user sees."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self._client = Client(raise_request_exception=False)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ):
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        answer = self._client.generic(method, path, data, content_type, headers=sent | (headers or {}))
        if answer.streaming:
            vars(answer)["json"] = lambda: json.loads(answer.getvalue())
        return answer

    def post(self, path: str, body: Any = None, **options: Any):
        return self.send("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any):
        return self.send("PATCH", path, body, **options)

    def get(self, path: str, **options: Any):
        return self.send("GET", path, **options)

    def create_trace(self, **changes: Any) -> str:
        """The id of a new Nexus trace."""
        return self.post(NEXUS, nexus_body(**changes)).json()["trace_id"]

    def add_span(self, trace_id: str, **changes: Any) -> str:
        return self.post(f"{NEXUS}/{trace_id}/spans", span_body(**changes)).json()["span_id"]

    def trace(self, trace_id: str) -> dict[str, Any]:
        return self.get(f"{NEXUS}/{trace_id}").json()
