"""One request of the corpus and the answer it must get; the corpus' modules write cases, its test sends them.

Paths, headers and bodies name what exists by words in angle brackets, for instance `<my trace>`; the test puts the ids
in. They are listed in tests/test_bad_input.py, where they are made.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body

MY_TRACE = f"{NEXUS}/<my trace>"
MY_SPANS = f"{MY_TRACE}/spans"
WITH_KEY = {"Authorization": "Bearer <my key>", "Content-Type": "application/json"}

INVALID_JSON = {"error": "Invalid JSON body"}
NOT_AN_OBJECT = {"error": "Body must be a JSON object"}
INVALID_KEY = {"error": "Invalid API key"}
NO_TRACE = {"error": "Trace not found"}
NO_ROUTE = {"error": "Not found"}
NO_METHOD = {"error": "Method not allowed"}
REQUIRED = "Required"
NOT_TEXT = "Must be a string"
NOT_INTEGER = "Must be an integer"
NEGATIVE = "Must be 0 or more"
TOO_LONG = "At most 255 characters"
NOT_TIME = "Must be an ISO 8601 timestamp with a time zone"
NOT_STEP_TIME = "Must be an ISO 8601 timestamp"
TRACE_WORDS = "Must be one of: running, success, error, timeout"
NO_PARENT = "Must be the id of a span of this trace"

Body = bytes | Mapping[str, Any] | list[Any] | Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`ref` is the number in the catalogue of bad input; `comes_back` is how the object reads afterwards, in part.

    A body that would be large to keep is given as a function that makes it.
    """

    ref: str
    name: str
    method: str = "POST"
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: WITH_KEY)
    body: Body = b""
    status: int
    answer: Mapping[str, Any] | None = None
    comes_back: Mapping[str, Any] | None = None

    @property
    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body() if callable(self.body) else json.dumps(self.body).encode()

    @property
    def is_api(self) -> bool:
        """Whether even an error is JSON."""
        return self.path.startswith(("/api", "/v1", "/health", "/ready"))

    @property
    def is_kept(self) -> bool:
        """Whether there is something new to read back."""
        return self.is_api and self.status in (200, 201) and self.method in ("POST", "PATCH")


def each(*values: Any) -> tuple[Any, ...]:
    """The values, of whatever types, to make a case of each."""
    return values


def bad_fields(**complaints: str) -> dict[str, Any]:
    """The answer to a body whose fields are wrong."""
    return {"error": "Validation failed", "fields": complaints}


def refused(
    ref: str, name: str, path: str, body: Body, answer: Mapping[str, Any], status: int = 400, **more: Any
) -> Case:
    return Case(ref=ref, name=name, path=path, body=body, status=status, answer=answer, **more)


def run(ref: str, name: str, body: Body, comes_back: Mapping[str, Any] | None = None, **more: Any) -> Case:
    """A Nexus trace that is accepted."""
    return Case(ref=ref, name=name, path=NEXUS, body=body, status=201, comes_back=comes_back, **more)


def span(ref: str, name: str, body: Body, comes_back: Mapping[str, Any] | None = None) -> Case:
    """A span that is accepted."""
    return Case(ref=ref, name=name, path=MY_SPANS, body=body, status=201, comes_back=comes_back)


def post(ref: str, name: str, body: Body, comes_back: Mapping[str, Any] | None = None, **more: Any) -> Case:
    """A Tracen trace that is accepted."""
    return Case(ref=ref, name=name, path=TRACES, body=body, status=200, comes_back=comes_back, **more)


def bad_run(ref: str, name: str, complaints: Mapping[str, str], /, **changes: Any) -> Case:
    return refused(ref, name, NEXUS, nexus_body(**changes), bad_fields(**complaints))


def bad_span(ref: str, name: str, complaints: Mapping[str, str], /, **changes: Any) -> Case:
    return refused(ref, name, MY_SPANS, span_body(**changes), bad_fields(**complaints))


def bad_post(ref: str, name: str, complaints: Mapping[str, str], /, **changes: Any) -> Case:
    return refused(ref, name, TRACES, tracen_body(**changes), bad_fields(**complaints))


def bad_patch(ref: str, name: str, complaints: Mapping[str, str], /, **body: Any) -> Case:
    return refused(ref, name, MY_TRACE, body, bad_fields(**complaints), method="PATCH")
