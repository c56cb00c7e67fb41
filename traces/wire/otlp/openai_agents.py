"""Decodes what the OpenAI Agents SDK's own exporter sends: traces and spans as JSON; traces/api is the caller.

`{"data": [{"object": "trace", "id", "workflow_name", "group_id", "metadata"}, {"object": "trace.span", "id",
"trace_id", "parent_id", "started_at", "ended_at", "span_data": {"type", …}, "error"}]}`. Spans get the attributes of
OpenTelemetry's conventions, so that they are read as any others.
"""

from typing import Any

from traces.wire.otlp import checks
from traces.wire.otlp.foreign import as_object, foreign_id, nanoseconds, usage_attributes
from traces.wire.otlp.otlp_json import load
from traces.wire.otlp.span import Attributes, BadSpan, Export, MalformedExport, OtlpSpan
from traces.wire.otlp.values import text
from traces.wire.otlp.vendor_usage import usage_of

SCOPE = "openai-agents"
_OPERATIONS = {
    "agent": "invoke_agent",
    "function": "execute_tool",
    "mcp_tools": "execute_tool",
    "generation": "chat",
    "response": "chat",
    "custom": "invoke_workflow",
    "handoff": "invoke_workflow",
}
_TRACE_ID, _SPAN_ID = 32, 16
_UNNAMED = "Agent workflow"
"""What the SDK calls a workflow that its user did not name."""


def decode_openai_agents(body: bytes) -> Export:
    """The batch's spans; a trace says who ran and in which session, and is no span itself."""
    items = as_object(load(body)).get("data")
    if not isinstance(items, list):
        raise MalformedExport("The body has no data.")
    objects = [item for item in items if isinstance(item, dict)]
    agents = _first_agents(objects)
    traces = {str(item.get("id")): _trace_says(item, agents) for item in objects if item.get("object") == "trace"}
    export = Export()
    for item in objects:
        if item.get("object") != "trace.span":
            continue
        try:
            export.spans.append(_span(item, traces.get(str(item.get("trace_id")), {})))
        except BadSpan as bad:
            export.reject(str(bad))
    return export


def _trace_says(trace: dict[str, Any], agents: dict[str, str]) -> Attributes:
    workflow = trace.get("workflow_name")
    return {
        # Whoever names no workflow has named an agent at least.
        "service.name": (agents.get(str(trace.get("id"))) or workflow) if workflow == _UNNAMED else workflow,
        "gen_ai.conversation.id": trace.get("group_id"),
        "metadata": as_object(trace.get("metadata")),
    }


def _first_agents(objects: list[dict[str, Any]]) -> dict[str, str]:
    """By trace, the name of the first agent in it that has one."""
    agents: dict[str, str] = {}
    for item in objects:
        data = as_object(item.get("span_data"))
        if data.get("type") == "agent" and (name := text(data, "name")):
            agents.setdefault(str(item.get("trace_id")), name)
    return agents


def _span(sent: dict[str, Any], trace: Attributes) -> OtlpSpan:
    checks.check_value(sent)
    data, error = as_object(sent.get("span_data")), as_object(sent.get("error"))
    started, ended = nanoseconds(sent.get("started_at")), nanoseconds(sent.get("ended_at"))
    checks.check_times(started, ended)
    kind = text(data, "type") or "span"
    parent = sent.get("parent_id")
    return OtlpSpan(
        trace_id=foreign_id(sent.get("trace_id"), _TRACE_ID, "trace id"),
        span_id=foreign_id(sent.get("id"), _SPAN_ID, "id"),
        parent_id=foreign_id(parent, _SPAN_ID, "parent id") if parent else None,
        name=checks.span_name(_name(kind, data, trace)),
        started_ns=started,
        ended_ns=ended,
        attributes=_attributes(kind, data, {name: value for name, value in trace.items() if name != "service.name"}),
        status_code=2 if error else 0,
        status_message=text(error, "message") or "",
        resource={"service.name": trace.get("service.name")},
        scope_name=SCOPE,
    )


def _name(kind: str, data: dict[str, Any], trace: Attributes) -> str:
    """The SDK's own frames are called "task" and "turn", whatever the workflow and however many turns there are."""
    own = as_object(data.get("data"))
    frame = text(own, "sdk_span_type")
    if frame == "task":
        return text(trace, "service.name") or text(own, "name") or frame
    if frame == "turn" and isinstance(own.get("turn"), int):
        return f"turn {own['turn']}"
    return text(data, "name") or kind


def _attributes(kind: str, data: dict[str, Any], trace: Attributes) -> Attributes:
    is_model, is_tool = kind in ("generation", "response"), _OPERATIONS.get(kind) == "execute_tool"
    usage = usage_of(as_object(data.get("usage"))) if is_model else None
    said = {
        **trace,
        **{f"openai_agents.{name}": value for name, value in data.items() if name not in ("input", "output", "usage")},
        "gen_ai.operation.name": _OPERATIONS.get(kind),
        "gen_ai.provider.name": "openai" if is_model else None,
        "gen_ai.request.model": text(data, "model") or text(as_object(data.get("response")), "model"),
        "gen_ai.response.id": text(data, "response_id"),
        "gen_ai.agent.name": text(data, "name") if kind == "agent" else None,
        "gen_ai.tool.name": text(data, "name") if is_tool else None,
        "input": data.get("input"),
        "output": data.get("output", data.get("response")),
        **{f"gen_ai.request.{name}": value for name, value in as_object(data.get("model_config")).items()},
        **usage_attributes(usage),
    }
    return {name: value for name, value in said.items() if value not in (None, {})}
