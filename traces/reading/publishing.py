"""What of a run that came by OTLP a share link does not show; every way to the public goes through here. Pure.

Instrumentation puts more into a span than its author looks at: the session and the user, headers, keys, the host and
the process, paths in a stack trace. Who shares a run means what was said and done in it, so that is what is shown.
What came by the other two APIs was put there by hand and is shown whole.
"""

from dataclasses import replace

from traces.reading.error_text import read_error
from traces.records import Source, SpanRecord, TraceRecord


def published_run(run: TraceRecord) -> TraceRecord:
    if run.source != Source.OTLP:
        return run
    return replace(run, metadata=None, session="", end_user="", error=_without_stack(run.error))


def published_span(span: SpanRecord) -> SpanRecord:
    return span if span.raw is None else replace(span, raw=None, error=_without_stack(span.error))


def _without_stack(error: str | None) -> str | None:
    return read_error(error).title if error else None
