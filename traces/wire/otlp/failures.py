"""Whether and how a span failed, and how soon its first token came, as OpenTelemetry records both. Pure."""

from traces.wire.otlp.span import Event, OtlpSpan
from traces.wire.otlp.values import milliseconds_between, text
from traces.wire.otlp.words import Failure

_CHUNKS = {
    "First Token Stream Event",
    "gen_ai.content.completion.chunk",
    "llm.content.completion.chunk",
    "ai.stream.firstChunk",
    "gen_ai.response.first_chunk",
}
_NUMBERED_CHUNKS = "mlflow.chunk.item."
_EXCEPTIONS = ("exception", "gen_ai.client.operation.exception")


def failure_of(span: OtlpSpan) -> Failure | None:
    """The span's failure by its status, its error.type or an exception that left it."""
    exception = _last_exception(span.events)
    kind = text(span.attributes, "error.type")
    has_failed = span.status_code == 2 or (kind is not None and span.status_code != 1)
    if not has_failed and not (exception and str(exception.attributes.get("exception.escaped")).lower() == "true"):
        return None
    told = exception.attributes if exception else {}
    return Failure(
        type=text(told, "exception.type") or kind or "",
        message=text(told, "exception.message") or span.status_message or text(span.attributes, "error.message") or "",
        stacktrace=text(told, "exception.stacktrace") or "",
    )


def first_token_ms(span: OtlpSpan) -> int | None:
    """From the span's start to the first of the events that mark chunks of a streamed answer."""
    at = min((event.at_ns for event in span.events if is_chunk(event)), default=None)
    return None if at is None else milliseconds_between(span.started_ns, at)


def is_chunk(event: Event) -> bool:
    """Whether an event only says that a chunk arrived: there is one for each token, and none is worth storing."""
    return event.name in _CHUNKS or event.name.startswith(_NUMBERED_CHUNKS)


def events_to_keep(span: OtlpSpan) -> list[Event]:
    """The span's events without chunks, and each exception once although two instrumentations recorded it."""
    seen, kept = set(), []
    for event in span.events:
        if is_chunk(event):
            continue
        if event.name in _EXCEPTIONS:
            key = (str(event.attributes.get("exception.type")), str(event.attributes.get("exception.message")))
            if key in seen:
                continue
            seen.add(key)
        kept.append(event)
    return kept


def _last_exception(events: list[Event]) -> Event | None:
    """The exception that ended the span: earlier ones were followed by another try."""
    return next((event for event in reversed(events) if event.name in _EXCEPTIONS), None)
