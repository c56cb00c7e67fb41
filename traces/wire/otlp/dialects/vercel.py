"""Vercel's AI SDK up to version 6: `ai.*`, one span for the call of the library and one inside for each step."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.failures import first_token_ms
from traces.wire.otlp.messages import conversation_or_value, messages_of
from traces.wire.otlp.providers import provider_of
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import (
    below,
    decoded,
    first,
    identifier,
    mapping,
    milliseconds,
    text,
    texts,
    whole,
    without_blanks,
)
from traces.wire.otlp.vendor_usage import told_usage
from traces.wire.otlp.words import Dialect, Said, Usage

_METADATA = "ai.telemetry.metadata."
_OWN_METADATA = {"sessionId", "session_id", "userId", "user_id", "tags"}
_CALLS = ("ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject", "ai.embed", "ai.embedMany")


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    metadata = below(a, _METADATA)
    kind = _kind(a)
    return Said(
        kind=kind,
        name=text(a, "ai.toolCall.name") if kind is SpanKind.TOOL else None,
        provider=provider_of(text(a, "ai.model.provider", "aisdk.model.provider")),
        model=text(a, "ai.response.model"),
        model_requested=text(a, "ai.model.id", "aisdk.model.id"),
        parameters=lambda: without_blanks(
            {**below(a, "ai.settings."), "toolChoice": decoded(a.get("ai.prompt.toolChoice"))}
        ),
        input=lambda: _input(a),
        output=lambda: _output(a),
        tools=lambda: _tools(a),
        usage=_usage(a),
        finish_reason=text(a, "ai.response.finishReason", "ai.finishReason"),
        response_id=text(a, "ai.response.id"),
        first_token_ms=lambda: _first_token_ms(span),
        session=identifier(metadata, "sessionId", "session_id"),
        user=identifier(metadata, "userId", "user_id"),
        tags=texts(metadata.get("tags")),
        agent=text(a, "ai.telemetry.functionId"),
        metadata=without_blanks({name: value for name, value in metadata.items() if name not in _OWN_METADATA}),
        content_switch="experimental_telemetry: { recordInputs: true, recordOutputs: true }",
    )


def _kind(a: Attributes) -> SpanKind | None:
    """By the operation, which `operation.name` has too, followed by the function's id."""
    operation = text(a, "ai.operationId") or (text(a, "operation.name") or "").split(" ")[0]
    if not operation.startswith("ai."):
        return None
    if operation.endswith((".doGenerate", ".doStream")):
        return SpanKind.LLM
    if operation.endswith(".doEmbed"):
        return SpanKind.EMBEDDING
    if operation == "ai.toolCall":
        return SpanKind.TOOL
    return SpanKind.CHAIN if operation in _CALLS else None


def _input(a: Attributes) -> Any:
    if (arguments := a.get("ai.toolCall.args")) is not None:
        return decoded(arguments)
    if (asked := first(a, "ai.prompt.messages", "ai.prompt")) is not None:
        return conversation_or_value(asked, "user")
    values = first(a, "ai.values", "ai.value", "ai.documents")
    return [decoded(value) for value in values] if isinstance(values, list) else decoded(values)


def _output(a: Attributes) -> Any:
    if (result := a.get("ai.toolCall.result")) is not None:
        return decoded(result)
    said = first(a, "ai.response.text", "ai.result.text")
    calls = decoded(first(a, "ai.response.toolCalls", "ai.result.toolCalls"))
    reasoning = text(a, "ai.response.reasoning")
    if said or calls or reasoning:
        message = {"role": "assistant", "content": said, "tool_calls": calls, "reasoning": reasoning}
        return messages_of([{**message, "finish_reason": text(a, "ai.response.finishReason", "ai.finishReason")}])
    return decoded(first(a, "ai.response.object", "ai.result.object", "ai.ranking"))


def _tools(a: Attributes) -> list[Any] | None:
    offered = decoded(a.get("ai.prompt.tools"))
    return [decoded(tool) for tool in offered] or None if isinstance(offered, list) else None


def _usage(a: Attributes) -> Usage | None:
    anthropic = mapping(mapping(a.get("ai.response.providerMetadata")).get("anthropic"))
    written = whole(a, "ai.usage.inputTokenDetails.cacheWriteTokens")
    return told_usage(
        whole(a, "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
        whole(a, "ai.usage.outputTokens", "ai.usage.completionTokens"),
        whole(a, "ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
        whole(anthropic, "cacheCreationInputTokens") if written is None else written,
        whole(a, "ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
    )


def _first_token_ms(span: OtlpSpan) -> int | None:
    told = milliseconds(span.attributes.get("ai.response.msToFirstChunk"))
    return first_token_ms(span) if told is None else told


DIALECT = Dialect(read, frozenset({"ai", "aisdk", "operation"}))
