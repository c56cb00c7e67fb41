"""Reads what the other spans of a trace tell about one call of a model; page.py is the caller.

Few of them are read, for each may have megabytes of payload: the calls just before and after, and the tools after it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from traces.archive import stored_span
from traces.models import Span, Trace
from traces.reading.conversation import Message, Part, messages_of, text_of
from traces.reading.payload import read_value
from traces.reading.publishing import published_span
from traces.reading.steps import ALONE, Around, results_in
from traces.records import SpanKind, SpanRecord
from traces.span_texts import with_texts

_CALL_IDS = ("gen_ai.tool.call.id", "ai.toolCall.id", "tool_call.id")
"""How a tool's span names the call that asked for it."""
CALLS_BEFORE, CALLS_AFTER, TOOLS_AFTER = 6, 2, 12


def around_stored(trace: Trace, span: SpanRecord, *, is_public: bool = False) -> Around:
    """What is known of a stored span; of one that is no call of a model, nothing is asked."""
    if span.kind != SpanKind.LLM:
        return ALONE
    others = Span.objects.filter(trace=trace).exclude(id=span.id)
    calls = others.filter(kind=SpanKind.LLM)
    before = list(calls.filter(started_at__lt=span.started_at).order_by("-started_at", "-ordinal")[:CALLS_BEFORE])
    behind = others.filter(started_at__gte=span.started_at).order_by("started_at", "ordinal")
    after = list(behind.filter(kind=SpanKind.LLM)[:CALLS_AFTER])
    tools = list(behind.filter(kind=SpanKind.TOOL)[:TOOLS_AFTER])
    records = [stored_span(*read) for read in with_texts([*before, *after, *tools])]
    earlier, later = len(before), len(before) + len(after)
    return _around(span, records[:earlier], records[earlier:later], records[later:], is_public=is_public)


def around_record(span: SpanRecord, spans: Iterable[SpanRecord]) -> Around:
    """The same for a run that is not stored."""
    if span.kind != SpanKind.LLM:
        return ALONE
    others = [other for other in spans if other.id != span.id]
    calls = [other for other in others if other.kind == SpanKind.LLM]
    before = [other for other in calls if other.started_at < span.started_at]
    after = [other for other in calls if other.started_at >= span.started_at]
    return _around(span, before, after, [other for other in others if other.kind == SpanKind.TOOL])


def talk_of(span: SpanRecord) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The messages that went into a call and those that came out; both are empty if that is no conversation."""
    sent, got = read_value(span.input), read_value(span.output)
    asked = messages_of(sent)
    if not asked:
        return (), ()
    answered = messages_of(got)
    if answered is None:
        answer = text_of(got)
        if got and answer is None:
            return (), ()
        answered = (Message("Assistant", (Part("text", answer),)),) if answer else ()
    return asked, answered


def _around(
    span: SpanRecord,
    before: Iterable[SpanRecord],
    after: Iterable[SpanRecord],
    tools: Iterable[SpanRecord],
    *,
    is_public: bool = False,
) -> Around:
    answers: dict[str, Part] = {}
    for call in after:
        for result in results_in(talk_of(call)[0]):
            answers.setdefault(result.id, result)
    for call_id, result in _tool_results(tools, is_public=is_public):
        # What the tool itself recorded leads to it; what the model was told is what the model knew.
        known = answers.get(call_id, result)
        answers[call_id] = replace(known, span_id=result.span_id)
    return Around(tuple(talk_of(call) for call in before if not _covers(call, span)), answers)


def _covers(call: SpanRecord, span: SpanRecord) -> bool:
    """Whether it is the same call, recorded once more round it, and no earlier one."""
    return call.ended_at is None or (span.ended_at is not None and call.ended_at >= span.ended_at)


def _tool_results(tools: Iterable[SpanRecord], *, is_public: bool) -> Iterator[tuple[str, Part]]:
    for tool in tools:
        sent = read_value(tool.raw)
        attributes = sent.get("attributes", {}) if isinstance(sent, dict) else {}
        for call_id in (attributes[key] for key in _CALL_IDS if isinstance(attributes.get(key), str)):
            error = published_span(tool).error if is_public else tool.error
            answer = read_value(tool.output) if error is None else error
            yield call_id, Part("result", name=tool.name, value=answer, id=call_id, span_id=str(tool.id))
