"""OpenTelemetry's conventions for generative AI, current and former: `gen_ai.*` attributes and events.

Messages were events first, then flattened below `gen_ai.prompt.N` (OpenLLMetry's way), and are one attribute now.
"""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.failures import first_token_ms
from traces.wire.otlp.messages import Message, are_messages, conversation_or_value, join_messages, messages_of
from traces.wire.otlp.providers import provider_of
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import (
    below,
    decoded,
    dollars,
    first,
    flattened,
    has_below,
    milliseconds,
    objects,
    text,
    texts,
    whole,
    without_blanks,
)
from traces.wire.otlp.vendor_usage import told_usage
from traces.wire.otlp.words import Dialect, Said, Usage

_KINDS = {
    **dict.fromkeys(
        ("chat", "text_completion", "generate_content", "completion", "generate", "response", "responses"), SpanKind.LLM
    ),
    **dict.fromkeys(("llm_call", "llm_request"), SpanKind.LLM),
    **dict.fromkeys(("embeddings", "embedding"), SpanKind.EMBEDDING),
    **dict.fromkeys(("retrieval", "vector_db_retrieve"), SpanKind.RETRIEVER),
    **dict.fromkeys(("execute_tool", "tool_call"), SpanKind.TOOL),
    **dict.fromkeys(("invoke_agent", "create_agent", "agent_call"), SpanKind.AGENT),
    **dict.fromkeys(("invoke_workflow", "plan", "agent_step", "chain", "execute_task"), SpanKind.CHAIN),
}
_NAMES = {
    SpanKind.TOOL: "gen_ai.tool.name",
    SpanKind.AGENT: "gen_ai.agent.name",
    SpanKind.CHAIN: "gen_ai.workflow.name",
}
_DETAILS = "gen_ai.client.inference.operation.details"
_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_FINISH_REASONS = ("gen_ai.response.finish_reason", "gen_ai.response.stop_reason", "anthropic.message.stop_reason")
_SWITCHES = {"com.anthropic.sdk.python": "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE=content"}
"""Of the libraries that write by the conventions, those with a switch of their own."""


def read(span: OtlpSpan) -> Said:
    a = _with_details(span)
    kind = _KINDS.get(str(a.get("gen_ai.operation.name")))
    reasons = texts(a.get("gen_ai.response.finish_reasons"))
    return Said(
        kind=kind,
        name=text(a, _NAMES[kind]) if kind in _NAMES else None,
        provider=provider_of(text(a, "gen_ai.provider.name", "gen_ai.system")),
        model=text(a, "gen_ai.response.model"),
        model_requested=text(a, "gen_ai.request.model"),
        parameters=lambda: _parameters(a),
        input=lambda: _input(span, a),
        output=lambda: _output(span, a),
        tools=lambda: objects(a.get("gen_ai.tool.definitions")) or None,
        documents=lambda: objects(a.get("gen_ai.retrieval.documents")) or None,
        usage=_usage(a),
        reported_cost=dollars(first(a, "gen_ai.usage.cost", "gen_ai.cost.total_cost")),
        finish_reason=reasons[0] if reasons else text(a, *_FINISH_REASONS),
        response_id=text(a, "gen_ai.response.id"),
        first_token_ms=lambda: _first_token_ms(span, a),
        session=text(a, "gen_ai.conversation.id"),
        user=text(a, "gen_ai.user"),
        agent=text(a, "gen_ai.agent.name"),
        content_switch=_SWITCHES.get(span.scope_name),
    )


def messages_of_events(events: list[tuple[str, Attributes]]) -> tuple[list[Message] | None, list[Message] | None]:
    """Input and output from events named `gen_ai.<role>.message` and `gen_ai.choice`, with their attributes or bodies."""
    asked, answered = [], []
    for name, said in events:
        if name == "gen_ai.choice":
            answered.append(_choice(said))
        elif role := _EVENT_ROLES.get(name):
            asked.append(messages_of([{**said, "role": role, "content": decoded(said.get("content"))}]))
    return join_messages(*asked), join_messages(*answered)


def _choice(said: Attributes) -> list[Message] | None:
    message = decoded(said.get("message"))
    finish = {"finish_reason": said.get("finish_reason")}
    if isinstance(message, dict):
        return messages_of([{"role": "assistant", "content": None, **message, **finish}])
    content = message if isinstance(message, str) else decoded(said.get("content"))
    return messages_of([{"role": "assistant", "content": content, "tool_calls": said.get("tool_calls"), **finish}])


def _with_details(span: OtlpSpan) -> Attributes:
    """The attributes together with those of the event that carries the content where it is too long for a span."""
    for event in span.events:
        if event.name == _DETAILS:
            return {**event.attributes, **span.attributes}
    return span.attributes


def _parameters(a: Attributes) -> dict[str, Any] | None:
    asked = below(a, "gen_ai.request.")
    asked.pop("model", None)
    return without_blanks({**asked, "output.type": a.get("gen_ai.output.type")})


def _input(span: OtlpSpan, a: Attributes) -> Any:
    instructions = a.get("gen_ai.system_instructions")
    system = messages_of([{"role": "system", "content": decoded(instructions)}]) if instructions else None
    asked = first(a, "gen_ai.input.messages", "gen_ai.prompt")
    if asked is None and span.events:
        asked = messages_of_events([(event.name, event.attributes) for event in span.events])[0]
        asked = asked or _of_event(span, "gen_ai.content.prompt", "gen_ai.prompt")
    found = conversation_or_value(flattened(a, "gen_ai.prompt.") or None if asked is None else asked, "user")
    if system and (found is None or are_messages(found)):
        return join_messages(system, found)
    return found if found is not None else decoded(_other_input(a))


def _other_input(a: Attributes) -> Any:
    return first(a, "gen_ai.tool.call.arguments", "gen_ai.task.input", "gen_ai.retrieval.query.text", "gen_ai.query")


def _output(span: OtlpSpan, a: Attributes) -> Any:
    answered = first(a, "gen_ai.output.messages", "gen_ai.completion")
    if answered is None and span.events:
        answered = messages_of_events([(event.name, event.attributes) for event in span.events])[1]
        answered = answered or _of_event(span, "gen_ai.content.completion", "gen_ai.completion")
    found = conversation_or_value(answered, "assistant")
    if found is None or (isinstance(found, list) and not are_messages(found)):
        # LiteLLM leaves a call of a tool out of the one and in the other.
        found = _flattened_answers(a) or found
    return decoded(first(a, "gen_ai.tool.call.result", "gen_ai.task.output")) if found is None else found


def _flattened_answers(a: Attributes) -> list[Message] | None:
    answers = flattened(a, "gen_ai.completion.")
    return messages_of([{"role": "assistant", **answer} for answer in answers if isinstance(answer, dict)])


def _of_event(span: OtlpSpan, event_name: str, attribute: str) -> Any:
    return next((event.attributes.get(attribute) for event in span.events if event.name == event_name), None)


def _usage(a: Attributes) -> Usage | None:
    """Input "SHOULD include all types of input tokens, including cached tokens" (gen_ai.usage.input_tokens)."""
    if not has_below(a, "gen_ai.usage."):
        return None
    return told_usage(
        whole(a, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        whole(a, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        whole(
            a,
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "gen_ai.usage.details.cache_read_input_tokens",
        ),
        whole(
            a,
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
            "gen_ai.usage.details.cache_creation_input_tokens",
        ),
        whole(
            a,
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
        ),
    )


def _first_token_ms(span: OtlpSpan, a: Attributes) -> int | None:
    seconds = first(
        a,
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.client.operation.time_to_first_chunk",
        "gen_ai.server.time_to_first_token",
    )
    return milliseconds(seconds, per_unit=1000) if seconds is not None else first_token_ms(span)


DIALECT = Dialect(read, frozenset({"gen_ai"}))
