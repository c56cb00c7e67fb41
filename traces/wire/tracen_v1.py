"""The Tracen dialect, `POST /api/traces`: one finished run in one body (shared reference "Tracen API", contract §5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from traces.limits import MAX_LATENCY_MS, MAX_STEPS_PER_POST, MAX_TOKENS
from traces.records import Source, SpanKind, SpanRecord, SpanStatus, TraceRecord, TraceStatus
from traces.wire.calls import cost_of
from traces.wire.fields import FieldReader
from traces.wire.kinds import guess_kind
from traces.wire.titles import shortened, title_of


def parse_trace(body: dict[str, Any]) -> TraceRecord:
    """A public, finished run without an agent; InvalidFields names every bad field.

    "prompt, response, provider, model, steps, status: yes; the others integer | null or string | null."
    """
    fields = FieldReader(body)
    prompt = fields.text("prompt", max_length=None)
    response = fields.text("response", max_length=None, may_be_blank=True)
    provider, model = fields.text("provider"), fields.text("model")
    spans = tuple(_parse_step(step, provider, model) for step in fields.objects("steps", MAX_STEPS_PER_POST))
    input_tokens = fields.optional_whole("input_tokens", MAX_TOKENS)
    output_tokens = fields.optional_whole("output_tokens", MAX_TOKENS)
    total_ms = fields.optional_whole("total_latency_ms", MAX_LATENCY_MS)
    status = fields.word("status", TraceStatus, (TraceStatus.SUCCESS, TraceStatus.ERROR))
    error = fields.optional_text("error_message")
    fields.finish()
    started_at = spans[0].started_at if spans else datetime.now(UTC)
    return TraceRecord(
        source=Source.TRACEN,
        name=_name(prompt, provider, model),
        status=status,
        started_at=started_at,
        ended_at=_end(started_at, total_ms, spans),
        prompt=prompt,
        response=response,
        error=error,
        provider=provider,
        model=model,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_nanodollars=cost_of(provider, model, input_tokens, output_tokens, started_at),
        spans=spans,
        is_public=True,
    )


def render_created(trace_id: object, url: str) -> dict[str, str]:
    """`{"trace_id": …, "url": …}`, "the url is a permanent public page"."""
    return {"trace_id": str(trace_id), "url": url}


def _parse_step(step: FieldReader, provider: str, model: str) -> SpanRecord:
    name = step.text("name")
    started_at = step.time("timestamp", zone_may_be_missing=True)
    latency = timedelta(milliseconds=step.whole("latency_ms", MAX_LATENCY_MS))
    kind = guess_kind(name)
    is_llm = kind is SpanKind.LLM
    return SpanRecord(
        name=name,
        kind=kind,
        status=SpanStatus.OK,
        started_at=started_at,
        ended_at=started_at + latency,
        provider=provider if is_llm else "",
        model=model if is_llm else "",
    )


def _name(prompt: str, provider: str, model: str) -> str:
    """The first line of the prompt that says something, else `provider/model`, within a name's length."""
    return title_of(prompt) or shortened(f"{provider}/{model}")


def _end(started_at: datetime, total_ms: int | None, spans: tuple[SpanRecord, ...]) -> datetime:
    if total_ms is not None:
        return started_at + timedelta(milliseconds=total_ms)
    return max((span.ended_at for span in spans if span.ended_at), default=started_at)
