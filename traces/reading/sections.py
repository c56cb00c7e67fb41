"""What went in and came out of a span, as messages, text or a tree; detail.py calls `sections_of`."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from tracen.lib.wording import bytes_text
from traces.reading.around import talk_of
from traces.reading.conversation import Message, Part, messages_of, text_of
from traces.reading.jsontree import Budget, render_tree
from traces.reading.payload import read_value
from traces.reading.steps import Around, known_before, with_answers
from traces.reading.texts import FoldedText, first_sentence, fold_text
from traces.records import SpanKind, SpanRecord

SHOWN_MESSAGES = 40
_HEADINGS = {SpanKind.TOOL: ("Arguments", "Result"), SpanKind.HTTP: ("Request", "Response")}
_NOTHING = SafeString()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A piece of a message: `kind` is text, reasoning, call, result, image or data."""

    kind: str
    text: FoldedText | None = None
    name: str = ""
    note: str = ""
    tree: SafeString = _NOTHING
    answer: "ShownPart | None" = None
    """The result of a call, to stand beside it."""
    span_id: str = ""
    """The step that gave the result."""


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
    known: tuple[ShownMessage, ...] = ()
    """Messages before these that an earlier call has shown: they are folded."""
    earlier: int = 0
    """How many messages before all of these are left to the download."""
    text: FoldedText | None = None
    tree: SafeString = _NOTHING
    raw: str = ""
    is_empty: bool = False
    is_whole_talk: bool = False
    """Its messages are all there is, so that it needs no heading."""


def sections_of(span: SpanRecord, around: Around, budget: Budget, copyable: set[str]) -> tuple[Section, ...]:
    """One conversation, or what went in and what came out. `copyable` are the raw parts that a button can copy."""
    sent_heading, got_heading = _HEADINGS.get(span.kind, ("Input", "Output"))
    talk = _one_talk(span, around, budget)
    if talk:
        return (talk,)
    sections = []
    if span.input is not None:
        sections.append(_section(sent_heading, span.input, budget, "raw-input" if "raw-input" in copyable else ""))
    if span.output is not None:
        sections.append(_section(got_heading, span.output, budget, "raw-output" if "raw-output" in copyable else ""))
    elif sections and span.ended_at is not None:
        sections.append(Section(got_heading, is_empty=True))
    return tuple(sections)


def _one_talk(span: SpanRecord, around: Around, budget: Budget) -> Section | None:
    """What went in and what came out as one conversation, if that is what they are."""
    try:
        asked, answered = talk_of(span)
        if not asked:
            return None
        known = known_before(asked, around)
        new = with_answers((*asked[known:], *answered), around.answers)
        section = _talk_section("Messages", new, budget)
        shown = _drawn(with_answers(asked[:known], around.answers), budget)
        left_out = section.earlier + (known - len(shown) if not shown else 0)
        return replace(section, known=shown, earlier=left_out, is_whole_talk=True)
    except Exception:  # noqa: BLE001 - whatever shape only half looks like a conversation is shown as a tree
        _log.exception("a span could not be read as a conversation")
        return None


def _section(heading: str, stored: str, budget: Budget, raw: str) -> Section:
    value = read_value(stored)
    try:
        talk, text = messages_of(value), text_of(value)
        if talk:
            return _talk_section(heading, with_answers(talk, {}), budget)
        if text is not None:
            return Section(heading, text=fold_text(text, budget), raw=raw, is_empty=not text)
    except Exception:  # noqa: BLE001 - the tree below shows any value
        _log.exception("a payload could not be read as a conversation")
    return Section(heading, tree=render_tree(value, budget), raw=raw)


def _talk_section(heading: str, messages: Sequence[Message], budget: Budget) -> Section:
    shown = _drawn(messages, budget)
    return Section(heading, messages=shown, earlier=len(messages) - len(shown))


def _drawn(messages: Sequence[Message], budget: Budget) -> tuple[ShownMessage, ...]:
    """The last messages matter most, so they are drawn first and take the budget first."""
    shown: list[ShownMessage] = []
    for message in reversed(messages[-SHOWN_MESSAGES:]):
        if budget.is_spent:
            break
        shown.append(_shown_message(message, budget))
    return tuple(reversed(shown))


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
    answer = _shown_part(part.answer, budget) if part.answer else None
    shown = ShownPart(part.kind, name=part.name, note=_size(part), answer=answer, span_id=part.span_id)
    if isinstance(part.value, str):
        return replace(shown, text=fold_text(part.value, budget))
    return replace(shown, tree=render_tree(part.value, budget))


def _size(part: Part) -> str:
    if part.kind != "result":
        return ""
    text = part.value if isinstance(part.value, str) else json.dumps(part.value, ensure_ascii=False, default=str)
    return f"result, {bytes_text(len(text.encode(errors='replace')))}"
