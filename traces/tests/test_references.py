"""The exact bodies of both public references, replayed from files, and what the references say comes back."""

import re
import uuid

import pytest
from django.conf import settings

from tests.api import NEXUS, REFERENCES, TRACES, Api

pytestmark = pytest.mark.django_db


def raw(name: str) -> bytes:
    return (REFERENCES / f"{name}.json").read_bytes()


def test_the_tracen_reference_body_gives_its_id_and_public_address(alice):
    answer = alice.api.post(TRACES, raw=raw("tracen_post"))

    assert answer.status_code == 200
    trace_id = answer.json()["trace_id"]
    assert answer.json() == {"trace_id": trace_id, "url": f"{settings.BASE_URL}/traces/{trace_id}"}
    assert uuid.UUID(trace_id).version == 4


def test_the_tracen_reference_headers_work(alice):
    answer = Api(None).post(TRACES, raw=raw("tracen_post"), headers={"X-Tracen-Key": alice.api.key})

    assert answer.status_code == 200


def test_the_nexus_reference_from_create_to_read(alice):
    created = alice.api.post(NEXUS, raw=raw("nexus_create"))
    assert created.status_code == 201
    trace_id = created.json()["trace_id"]
    assert created.json() == {"trace_id": trace_id}

    added = alice.api.post(f"{NEXUS}/{trace_id}/spans", raw=raw("nexus_span"))
    assert added.status_code == 201
    span_id = added.json()["span_id"]
    assert added.json() == {"span_id": span_id}

    finalised = alice.api.patch(f"{NEXUS}/{trace_id}", raw=raw("nexus_finalize"))
    assert (finalised.status_code, finalised.json()) == (200, {"ok": True})

    read = alice.api.get(f"{NEXUS}/{trace_id}")
    assert read.status_code == 200
    assert read.json() == {
        "id": trace_id,
        "agent_id": "my-assistant",
        "name": "user-query-2026-04-06",
        "status": "success",
        "started_at": "2026-04-06T12:00:00Z",
        "ended_at": "2026-04-06T12:00:05Z",
        "metadata": {"user_id": "u_123"},
        "spans": [
            {
                "id": span_id,
                "name": "llm-call",
                "status": "ok",
                "started_at": "2026-04-06T12:00:01Z",
                "ended_at": "2026-04-06T12:00:02Z",
                "input": {"prompt": "Summarize this..."},
                "output": {"text": "Here is a summary..."},
                "error": None,
                "parent_span_id": None,
            }
        ],
    }


def test_the_keys_come_in_the_documented_order(alice):
    trace_id = alice.api.create_trace()
    alice.api.add_span(trace_id)

    text = alice.api.get(f"{NEXUS}/{trace_id}").content.decode()

    trace_keys = ["id", "agent_id", "name", "status", "started_at", "ended_at", "metadata", "spans"]
    assert list(alice.api.trace(trace_id)) == trace_keys
    span_keys = ["id", "name", "status", "started_at", "ended_at", "input", "output", "error", "parent_span_id"]
    in_spans = re.findall(r'"(\w+)":', text.split('"spans":[', 1)[1])
    assert [key for key in in_spans if key not in ("prompt", "text")] == span_keys


@pytest.mark.parametrize("name", ["nexus_create", "nexus_create_curl"])
def test_each_documented_create_body_is_accepted(alice, name):
    assert alice.api.post(NEXUS, raw=raw(name)).status_code == 201


@pytest.mark.parametrize("name", ["nexus_span", "nexus_span_curl"])
def test_each_documented_span_body_is_accepted(alice, name):
    assert alice.api.post(f"{NEXUS}/{alice.api.create_trace()}/spans", raw=raw(name)).status_code == 201


def test_the_documented_errors(alice):
    assert alice.api.post(NEXUS, {"name": "n", "status": "running", "started_at": "2026-04-06T12:00:00Z"}).json() == {
        "error": "Validation failed",
        "fields": {"agent_id": "Required"},
    }
    assert Api(None).post(NEXUS).json() == {"error": "Invalid API key"}
    assert alice.api.get(f"{NEXUS}/{uuid.uuid4()}").json() == {"error": "Trace not found"}


def test_health_is_exactly_as_documented():
    answer = Api(None).get("/health")

    assert (answer.status_code, answer.content) == (200, b'{"status":"ok"}')
