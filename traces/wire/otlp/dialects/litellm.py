"""LiteLLM's OpenTelemetry callback, beside the conventions that gen_ai.py reads."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.providers import provider_of
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import decoded, mapping, text, without_blanks
from traces.wire.otlp.vendor_usage import usage_of
from traces.wire.otlp.words import Dialect, Said, Usage

RAW_REQUEST = "raw_gen_ai_request"
"""The span of the HTTP request that LiteLLM puts below the one that tells what was asked."""
_KINDS = {
    "completion": SpanKind.LLM,
    "text_completion": SpanKind.LLM,
    "responses": SpanKind.LLM,
    "embedding": SpanKind.EMBEDDING,
    "rerank": SpanKind.RETRIEVER,
}
_METADATA = "metadata."
_USAGE = "metadata.usage_object"
_OWN_METADATA = ("metadata.user_api_key_", _USAGE)


def kind_of(call_type: str | None) -> SpanKind | None:
    """ "acompletion" is "completion", called asynchronously."""
    word = call_type or ""
    return _KINDS.get(word) or _KINDS.get(word.removeprefix("a"))


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    is_raw = span.name == RAW_REQUEST
    if not is_raw and "litellm.call_id" not in a and span.scope_name != "litellm":
        return Said()
    provider, _, _ = (text(a, "litellm.provider.model") or "").rpartition("/")
    return Said(
        kind=SpanKind.HTTP if is_raw else kind_of(text(a, "llm.request.type", "gen_ai.operation.name")),
        provider=provider_of(provider),
        usage=_usage(a),
        metadata=without_blanks(_metadata(a)),
        user=text(a, "metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id"),
    )


def _usage(a: Attributes) -> Usage | None:
    """The vendor's usage, the only place that tells of the cache, as Python prints a dictionary of numbers."""
    printed = text(a, _USAGE) or ""
    return usage_of(mapping(printed.replace("'", '"').replace("None", "null")))


def _metadata(a: Attributes) -> dict[str, Any]:
    """Without what belongs to the proxy's key: hash, budget, spend."""
    return {
        name.removeprefix(_METADATA): decoded(value)
        for name, value in a.items()
        if name.startswith(_METADATA) and not name.startswith(_OWN_METADATA)
    }


DIALECT = Dialect(read, frozenset({"litellm", "llm", "metadata"}))
