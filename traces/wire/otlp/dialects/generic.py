"""What any span says, whoever wrote it: the last dialect to be asked, for what no other one said."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.failures import first_token_ms
from traces.wire.otlp.messages import conversation_or_value
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import first, identifier, number, text
from traces.wire.otlp.words import Dialect, Failure, Said

_TOOLS = frozenset({"gen_ai.tool.name", "gen_ai.tool.call.id"})
_MODELS = frozenset(
    {"gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "ai.model.id", "mlflow.llm.model"}
)
_VECTOR_STORES = {"pinecone", "qdrant", "chroma", "weaviate", "milvus", "lancedb", "marqo", "pgvector"}
_HTTP = frozenset({"http.request.method", "http.method", "url.full", "http.url", "rpc.system", "rpc.method"})
_ENVIRONMENTS = ("deployment.environment.name", "deployment.environment")
_SWITCH = (
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY and "
    "OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental"
)
_STATUSES = ("http.response.status_code", "http.status_code")


def read(span: OtlpSpan) -> Said:
    a, resource = span.attributes, span.resource
    return Said(
        kind=_kind(a),
        input=lambda: conversation_or_value(first(a, "input", "prompt")),
        output=lambda: conversation_or_value(first(a, "output", "completion")),
        first_token_ms=lambda: first_token_ms(span) if span.events else None,
        session=identifier(a, "session.id"),
        user=identifier(a, "user.id", "enduser.id"),
        environment=text(a, *_ENVIRONMENTS) or text(resource, *_ENVIRONMENTS),
        release=text(resource, "service.version"),
        error=_http_failure(a, span.status_code),
        content_switch=_SWITCH,
    )


def _kind(a: Attributes) -> SpanKind | None:
    if not _TOOLS.isdisjoint(a):
        return SpanKind.TOOL
    if not _MODELS.isdisjoint(a):
        return SpanKind.LLM
    if str(first(a, "db.system.name", "db.system")).lower() in _VECTOR_STORES:
        return SpanKind.RETRIEVER
    return None if _HTTP.isdisjoint(a) else SpanKind.HTTP


def _http_failure(a: Attributes, status_code: int) -> Failure | None:
    status: Any = number(first(a, *_STATUSES))
    return Failure(type=str(int(status))) if status is not None and status >= 400 and status_code != 1 else None


DIALECT = Dialect(read)
