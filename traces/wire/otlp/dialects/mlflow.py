"""MLflow's tracing: `mlflow.*`, every value of which is JSON, texts included."""

from decimal import Decimal
from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.failures import first_token_ms
from traces.wire.otlp.messages import conversation_or_value
from traces.wire.otlp.providers import provider_of
from traces.wire.otlp.span import OtlpSpan
from traces.wire.otlp.values import decoded, dollars, identifier, mapping, objects, text, whole
from traces.wire.otlp.vendor_usage import told_usage
from traces.wire.otlp.words import Dialect, Said, Usage

_KINDS = {
    "LLM": SpanKind.LLM,
    "CHAT_MODEL": SpanKind.LLM,
    "CHAIN": SpanKind.CHAIN,
    "WORKFLOW": SpanKind.CHAIN,
    "TASK": SpanKind.CHAIN,
    "AGENT": SpanKind.AGENT,
    "TOOL": SpanKind.TOOL,
    "RETRIEVER": SpanKind.RETRIEVER,
    "RERANKER": SpanKind.RETRIEVER,
    "EMBEDDING": SpanKind.EMBEDDING,
    "GUARDRAIL": SpanKind.GUARDRAIL,
}


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    kind = _KINDS.get(text(a, "mlflow.spanType") or "")
    return Said(
        kind=kind,
        provider=provider_of(text(a, "mlflow.llm.provider")),
        model=text(a, "mlflow.llm.model"),
        input=lambda: conversation_or_value(a.get("mlflow.spanInputs")),
        output=lambda: conversation_or_value(a.get("mlflow.spanOutputs"), "assistant" if kind is SpanKind.LLM else ""),
        tools=lambda: objects(a.get("mlflow.chat.tools")) or None,
        documents=lambda: _documents(decoded(a.get("mlflow.spanOutputs"))) if kind is SpanKind.RETRIEVER else None,
        usage=_usage(mapping(a.get("mlflow.chat.tokenUsage"))),
        reported_cost=_cost(mapping(a.get("mlflow.llm.cost"))),
        first_token_ms=lambda: first_token_ms(span),
        session=identifier(a, "mlflow.trace.session"),
        user=identifier(a, "mlflow.trace.user"),
    )


def _usage(told: dict[str, Any]) -> Usage | None:
    return told_usage(
        whole(told, "input_tokens"),
        whole(told, "output_tokens"),
        whole(told, "cache_read_input_tokens"),
        whole(told, "cache_creation_input_tokens"),
    )


def _cost(told: dict[str, Any]) -> Decimal | None:
    return dollars(told.get("total_cost"))


def _documents(found: Any) -> list[dict[str, Any]] | None:
    return [
        {"id": item.get("id"), "content": item["page_content"], "metadata": item.get("metadata")}
        for item in objects(found)
        if "page_content" in item
    ] or None


DIALECT = Dialect(read, frozenset({"mlflow"}))
