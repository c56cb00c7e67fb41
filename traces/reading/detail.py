"""One span, made ready for the detail panel: facts, error, what went in and came out; called by page.py.

The values are strangers' data of any shape. Each part is built on its own, so that the worst of them costs one
sentence ("cannot be displayed"), and all parts share one budget of HTML.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from tracen.lib.wording import bytes_text, count_text, duration_text
from traces.reading.conversation import Message, Part, messages_of, text_of
from traces.reading.error_text import ErrorText, read_error
from traces.reading.jsontree import Budget, render_tree
from traces.reading.looks import RUNNING, SPAN_STATUSES, Look, kind_look
from traces.reading.payload import read_value
from traces.reading.texts import FoldedText, first_sentence, fold_text
from traces.records import SpanKind, SpanRecord
from traces.timeline import NOTES

PANEL_BUDGET = 150_000
MAX_RAW = 24_000
SHOWN_MESSAGES = 40
_HEADINGS = {SpanKind.TOOL: ("Arguments", "Result"), SpanKind.HTTP: ("Request", "Response")}
_NOTHING = SafeString()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a header; `exact` is what hovering tells more, `moment` makes it a time."""

    label: str
    value: str
    exact: str = ""
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A piece of a message: `kind` is text, reasoning, call, result, image or data."""

    kind: str
    text: FoldedText | None = None
    name: str = ""
    note: str = ""
    tree: SafeString = _NOTHING


@dataclass(frozen=True, slots=True)
class ShownMessage:
    role: str
    tone: str
    parts: tuple[ShownPart, ...]
    preview: str = ""
    """Not empty for a message that is folded: what it begins with."""
    characters: int = 0

    @property
    def length(self) -> str:
        return f"{self.characters:,} characters"


@dataclass(frozen=True, slots=True)
class Section:
    """What went in or came out: one of messages, text or tree; `raw` names the raw part that its copy button takes."""

    heading: str
    messages: tuple[ShownMessage, ...] = ()
    earlier: int = 0
    """How many messages before these are left to the download."""
    text: FoldedText | None = None
    tree: SafeString = _NOTHING
    raw: str = ""
    is_empty: bool = False
    is_whole_talk: bool = False
    """Its messages are all there is, so that it needs no heading."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A payload as it is stored, for copying; `is_cut` where it is too long to be copied from here."""

    id: str
    heading: str
    text: str
    size: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class SpanDetail:
    id: str
    name: str
    kind: Look
    status: Look
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    error: ErrorText | None
    blamed: tuple[str, str] | None
    """Id and name of the child whose error this span passed on."""
    sections: tuple[Section, ...]
    raw: tuple[Raw, ...]


def build_detail(
    span: SpanRecord,
    *,
    origin: datetime,
    is_trace_running: bool,
    is_orphan: bool = False,
    blamed: tuple[str, str] | None = None,
) -> SpanDetail:
    """The panel of one span; `origin` is where the axis of its trace begins."""
    budget = Budget(PANEL_BUDGET)
    raw = tuple(_raw(span))
    return SpanDetail(
        id=str(span.id),
        name=span.name,
        kind=kind_look(span.kind),
        status=RUNNING if is_trace_running and span.ended_at is None else SPAN_STATUSES[span.status],
        facts=tuple(_facts(span, origin, is_trace_running)),
        notes=tuple(_notes(span, is_trace_running, is_orphan)),
        error=read_error(span.error) if span.error else None,
        blamed=blamed if span.status == "error" else None,
        sections=_sections(span, budget, {part.id for part in raw if not part.is_cut}),
        raw=raw,
    )


def _facts(span: SpanRecord, origin: datetime, is_trace_running: bool) -> list[Fact]:
    start = (span.started_at - origin).total_seconds() * 1000
    facts = [Fact("Starts at", f"+{duration_text(start)}" if start else "0 ms", "", span.started_at)]
    facts.append(Fact("Duration", _duration(span, is_trace_running)))
    if span.model or span.provider:
        facts.append(Fact("Model", " / ".join(filter(None, (span.provider, span.model)))))
    if span.input_tokens is not None or span.output_tokens is not None:
        counts = ((span.input_tokens, "in"), (span.output_tokens, "out"))
        known = [(count, way) for count, way in counts if count is not None]
        short = ", ".join(f"{count_text(count)} {way}" for count, way in known)
        facts.append(Fact("Tokens", short, ", ".join(f"{count:,} {way}" for count, way in known)))
    return facts


def _duration(span: SpanRecord, is_trace_running: bool) -> str:
    if span.ended_at is None:
        return "running" if is_trace_running else "no end"
    return duration_text(max((span.ended_at - span.started_at).total_seconds() * 1000, 0))


def _notes(span: SpanRecord, is_trace_running: bool, is_orphan: bool) -> Iterator[str]:
    if is_orphan:
        yield NOTES["is_orphan"]
    if span.ended_at is None and not is_trace_running:
        yield NOTES["is_unfinished"]
    if span.ended_at is not None and span.ended_at < span.started_at:
        yield NOTES["is_skewed"]


def _sections(span: SpanRecord, budget: Budget, copyable: set[str]) -> tuple[Section, ...]:
    sent_heading, got_heading = _HEADINGS.get(span.kind, ("Input", "Output"))
    sent, got = read_value(span.input), read_value(span.output)
    talk = _one_talk(sent, got, budget)
    if talk:
        return (talk,)
    sections = []
    if span.input is not None:
        sections.append(_section(sent_heading, sent, budget, "raw-input" if "raw-input" in copyable else ""))
    if span.output is not None:
        sections.append(_section(got_heading, got, budget, "raw-output" if "raw-output" in copyable else ""))
    elif sections and span.ended_at is not None:
        sections.append(Section(got_heading, is_empty=True))
    return tuple(sections)


def _one_talk(sent: Any, got: Any, budget: Budget) -> Section | None:
    """What went in and what came out as one conversation, if that is what they are."""
    try:
        talk = _whole_talk(sent, got)
        return replace(_talk_section("Messages", talk, budget), is_whole_talk=True) if talk else None
    except Exception:  # noqa: BLE001 - whatever shape only half looks like a conversation is shown as a tree
        _log.exception("a span could not be read as a conversation")
        return None


def _whole_talk(sent: Any, got: Any) -> tuple[Message, ...]:
    """Messages that went in with the answer that came out, as one conversation; empty if it is none."""
    asked = messages_of(sent)
    if not asked:
        return ()
    answered = messages_of(got)
    if answered is None:
        answer = text_of(got)
        if got is not None and answer is None:
            return ()
        answered = (Message("Assistant", (Part("text", answer),)),) if answer else ()
    return asked + answered


def _section(heading: str, value: Any, budget: Budget, raw: str) -> Section:
    try:
        talk, text = messages_of(value), text_of(value)
        if talk:
            return _talk_section(heading, talk, budget)
        if text is not None:
            return Section(heading, text=fold_text(text, budget), raw=raw, is_empty=not text)
    except Exception:  # noqa: BLE001 - the tree below shows any value
        _log.exception("a payload could not be read as a conversation")
    return Section(heading, tree=render_tree(value, budget), raw=raw)


def _talk_section(heading: str, messages: tuple[Message, ...], budget: Budget) -> Section:
    """The last messages matter most, so they are drawn first and take the budget first."""
    last = messages[-SHOWN_MESSAGES:]
    shown: list[ShownMessage] = []
    for message in reversed(last):
        if budget.is_spent:
            break
        shown.append(_shown_message(message, budget))
    return Section(heading, messages=tuple(reversed(shown)), earlier=len(messages) - len(shown))


def _shown_message(message: Message, budget: Budget) -> ShownMessage:
    parts = tuple(_shown_part(part, budget) for part in message.parts)
    tone = message.role.lower() if message.role in ("System", "User", "Assistant", "Tool") else "other"
    if message.role != "System":
        return ShownMessage(message.role, tone, parts)
    text = " ".join(part.text for part in message.parts)
    return ShownMessage(message.role, tone, parts, preview=first_sentence(text) or "…", characters=len(text))


def _shown_part(part: Part, budget: Budget) -> ShownPart:
    match part.kind:
        case "text":
            return ShownPart("text", text=fold_text(part.text, budget))
        case "reasoning":
            return ShownPart("reasoning", text=fold_text(part.text, budget), note=f"{len(part.text):,} characters")
        case "image":
            return ShownPart("image", note=part.text)
    if isinstance(part.value, str):
        return ShownPart(part.kind, name=part.name, note=_size(part), text=fold_text(part.value, budget))
    return ShownPart(part.kind, name=part.name, note=_size(part), tree=render_tree(part.value, budget))


def _size(part: Part) -> str:
    if part.kind != "result":
        return ""
    text = part.value if isinstance(part.value, str) else json.dumps(part.value, ensure_ascii=False, default=str)
    return f"result, {bytes_text(len(text.encode(errors='replace')))}"


def _raw(span: SpanRecord) -> list[Raw]:
    stored = (("raw-input", "Input", span.input), ("raw-output", "Output", span.output))
    return [_raw_part(name, heading, text) for name, heading, text in stored if text is not None]


def _raw_part(name: str, heading: str, text: str) -> Raw:
    size = bytes_text(len(text.encode(errors="replace")))
    if len(text) > MAX_RAW:
        return Raw(name, heading, text[:MAX_RAW], size, is_cut=True)
    value = read_value(text)
    pretty = text if value == text else json.dumps(value, indent=2, ensure_ascii=False)
    is_short = len(pretty) <= 2 * MAX_RAW
    return Raw(name, heading, pretty if is_short else text, size, is_cut=False)
