"""LangSmith's OpenTelemetry export: `langsmith.*` beside the conventions that gen_ai.py reads."""

from traces.records import SpanKind
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import below, identifier, mapping, text, texts, without_blanks
from traces.wire.otlp.vendor_usage import usage_of
from traces.wire.otlp.words import Dialect, Said

_KINDS = {
    "llm": SpanKind.LLM,
    "chain": SpanKind.CHAIN,
    "tool": SpanKind.TOOL,
    "retriever": SpanKind.RETRIEVER,
    "embedding": SpanKind.EMBEDDING,
    "prompt": SpanKind.OTHER,
    "parser": SpanKind.OTHER,
}
_OWN_METADATA = ("LANGSMITH_", "ls_", "usage_metadata", "session_id", "thread_id", "conversation_id", "user_id")
"""Not what a developer said of the run: the sender's environment, or what has a place of its own."""
_THREADS = ("session_id", "thread_id", "conversation_id")


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    metadata = below(a, "langsmith.metadata.")
    return Said(
        kind=_KINDS.get(str(a.get("langsmith.span.kind")).lower()),
        name=text(a, "langsmith.trace.name"),
        session=identifier(metadata, *_THREADS),
        user=identifier(metadata, "user_id"),
        tags=texts(a.get("langsmith.span.tags")),
        usage=usage_of(mapping(metadata.get("usage_metadata"))),
        agent=_project(a),
        metadata=without_blanks(
            {name: value for name, value in metadata.items() if not name.startswith(_OWN_METADATA)}
        ),
    )


def _project(a: Attributes) -> str | None:
    """LangSmith calls a project a session; "default" is where runs go that named none."""
    project = text(a, "langsmith.trace.session_name")
    return project if project != "default" else None


DIALECT = Dialect(read, frozenset({"langsmith"}))
