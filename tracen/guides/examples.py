"""One working request for each call of the API: the reference, the playground and the schema show them, tests send them."""

import json
from dataclasses import dataclass
from typing import Any

TRACE_ID = "TRACE_ID"
"""Stands in a path for the id of a trace of one's own."""
AGENT = "my-assistant"


@dataclass(frozen=True, slots=True)
class Example:
    """A call as it is sent and what comes back; `body` None sends none. Paths are the part behind BASE_URL.

    What fits into `width` characters of the body stays on one line.
    """

    slug: str
    title: str
    dialect: str
    method: str
    path: str
    body: dict[str, Any] | None
    status: int
    answer: Any
    width: int = 0

    @property
    def body_text(self) -> str:
        return "" if self.body is None else _laid_out(self.body, self.width)

    @property
    def answer_text(self) -> str:
        return json.dumps(self.answer, indent=2, ensure_ascii=False)

    def curl(self, base_url: str, key: str = "YOUR_KEY") -> str:
        """The request for a shell; the body's single quotes are written the way POSIX shells want them."""
        lines = [f"curl -X {self.method} {base_url}{self.path}", f'-H "Authorization: Bearer {key}"']
        if self.body is not None:
            quoted = self.body_text.replace("'", "'\\''")
            lines += ['-H "Content-Type: application/json"', f"-d '{quoted}'"]
        return " \\\n  ".join(lines)


def _laid_out(value: Any, width: int, margin: str = "") -> str:
    """JSON with an indent of two, but for what fits into `width` characters."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= width or not isinstance(value, dict | list) or not value:
        return text
    inner = f"{margin}  "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(name)}: {_laid_out(one, width, inner)}" for name, one in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
    return "[\n" + ",\n".join(f"{inner}{_laid_out(one, width, inner)}" for one in value) + f"\n{margin}]"


def _attribute(name: str, text: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": text}}


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


_CREATED = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
_SPAN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
_TRACE = {
    "id": _CREATED,
    "agent_id": AGENT,
    "name": "user-query-2026-04-06",
    "status": "success",
    "started_at": "2026-04-06T12:00:00Z",
    "ended_at": "2026-04-06T12:00:05Z",
    "metadata": {"user_id": "u_123"},
    "spans": [
        {
            "id": _SPAN,
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

TRACEN_POST = Example(
    slug="tracen-post",
    title="Send a finished run",
    dialect="Tracen",
    method="POST",
    path="/api/traces",
    body={
        "prompt": "Summarise this text: ...",
        "response": "Here is a summary: ...",
        "provider": "openai",
        "model": "gpt-4o",
        "steps": [{"name": "llm_call", "timestamp": "2024-01-15T10:30:00.000Z", "latency_ms": 1240}],
        "input_tokens": 120,
        "output_tokens": 45,
        "total_latency_ms": 1240,
        "status": "success",
        "error_message": None,
    },
    status=200,
    answer={
        "trace_id": "550e8400-e29b-41d4-a716-446655440000",
        "url": "https://tracen.example/traces/550e8400-e29b-41d4-a716-446655440000",
    },
)
NEXUS_CREATE = Example(
    slug="nexus-create",
    title="Create a trace",
    dialect="Nexus v1",
    method="POST",
    path="/api/v1/traces",
    body={
        "agent_id": AGENT,
        "name": "user-query-2026-04-06",
        "status": "running",
        "started_at": "2026-04-06T12:00:00Z",
        "ended_at": None,
        "metadata": {"user_id": "u_123"},
    },
    status=201,
    answer={"trace_id": _CREATED},
)
NEXUS_SPAN = Example(
    slug="nexus-span",
    title="Add a span",
    dialect="Nexus v1",
    method="POST",
    path=f"/api/v1/traces/{TRACE_ID}/spans",
    body={
        "name": "llm-call",
        "status": "ok",
        "started_at": "2026-04-06T12:00:01Z",
        "ended_at": "2026-04-06T12:00:02Z",
        "input": {"prompt": "Summarize this..."},
        "output": {"text": "Here is a summary..."},
        "error": None,
        "parent_span_id": None,
    },
    status=201,
    answer={"span_id": _SPAN},
)
NEXUS_PATCH = Example(
    slug="nexus-finalize",
    title="Finalize a trace",
    dialect="Nexus v1",
    method="PATCH",
    path=f"/api/v1/traces/{TRACE_ID}",
    body={"status": "success", "ended_at": "2026-04-06T12:00:05Z"},
    status=200,
    answer={"ok": True},
)
NEXUS_GET = Example(
    slug="nexus-get",
    title="Read a trace",
    dialect="Nexus v1",
    method="GET",
    path=f"/api/v1/traces/{TRACE_ID}",
    body=None,
    status=200,
    answer=_TRACE,
)
NEXUS_LIST = Example(
    slug="nexus-list",
    title="List traces",
    dialect="Nexus v1",
    method="GET",
    path="/api/v1/traces?limit=10",
    body=None,
    status=200,
    answer=[
        {
            "id": _CREATED,
            "agent_name": AGENT,
            "agent_id": AGENT,
            "name": "user-query-2026-04-06",
            "status": "success",
            "started_at": "2026-04-06T12:00:00Z",
            "ended_at": "2026-04-06T12:00:05Z",
            "duration_ms": 5000,
            "span_count": 1,
            "metadata": {"user_id": "u_123"},
        }
    ],
)
OTLP_EXPORT = Example(
    slug="otlp-export",
    title="Send spans",
    dialect="OTLP",
    method="POST",
    path="/v1/traces",
    body={
        "resourceSpans": [
            {
                "resource": {"attributes": [_attribute("service.name", AGENT)]},
                "scopeSpans": [
                    {
                        "scope": {"name": "by-hand"},
                        "spans": [
                            {
                                "traceId": "5b8efff798038103d269b633813fc60c",
                                "spanId": "eee19b7ec3c1b174",
                                "name": "chat gpt-4o",
                                "kind": "SPAN_KIND_CLIENT",
                                "startTimeUnixNano": "1775476801000000000",
                                "endTimeUnixNano": "1775476802240000000",
                                "attributes": [
                                    _attribute("gen_ai.operation.name", "chat"),
                                    _attribute("gen_ai.provider.name", "openai"),
                                    _attribute("gen_ai.request.model", "gpt-4o"),
                                    _attribute("gen_ai.input.messages", _messages("user", "Summarise this text: ...")),
                                    _attribute("gen_ai.output.messages", _messages("assistant", "Here is a summary")),
                                    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "120"}},
                                    {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "45"}},
                                ],
                                "status": {"code": "STATUS_CODE_OK"},
                            }
                        ],
                    }
                ],
            }
        ]
    },
    status=200,
    answer={},
    width=90,
)
EXAMPLES = (TRACEN_POST, NEXUS_CREATE, NEXUS_SPAN, NEXUS_PATCH, NEXUS_GET, NEXUS_LIST)
"""What the playground sends; an exporter sends the other."""
