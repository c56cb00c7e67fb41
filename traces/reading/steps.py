"""What is new in one call of a model, and what became of the tool calls in it; detail.py and around.py are the callers.

An agent sends the whole conversation with each call. Whoever reads the calls one after the other wants of each only
what an earlier one has not shown, and the answer of a tool beside the call that it belongs to. Pure.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from traces.reading.conversation import Message, Part

Messages = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a span from the other spans of its trace."""

    earlier: tuple[tuple[Messages, Messages], ...] = ()
    """What went into the calls that were over before this one began, and what came out of each."""
    answers: Mapping[str, Part] = field(default_factory=dict)
    """Results by the ids of the calls that they belong to."""


ALONE = Around()


def known_before(asked: Messages, around: Around) -> int:
    """How many messages, from the first one on, an earlier call has shown; the last one always counts as new."""
    keys = [_key(message) for message in asked]
    known = max((_common(asked, keys, *call) for call in around.earlier), default=0)
    known = min(known, len(asked) - 1)
    # The instructions alone make no conversation, and they are folded anyway.
    return known if any(message.role != "System" for message in asked[:known]) else 0


def with_answers(messages: Messages, answers: Mapping[str, Part]) -> Messages:
    """The messages with each result beside its call, if both are there; other calls take theirs from `answers`."""
    found = {part.id: part for part in results_in(messages)}
    calls = {part.id for message in messages for part in message.parts if part.kind == "call"}
    paired = found.keys() & calls
    joined = (_joined(message, {**answers, **found}, paired) for message in messages)
    return tuple(message for message in joined if message is not None)


def results_in(messages: Iterable[Message]) -> Iterable[Part]:
    return (part for message in messages for part in message.parts if part.kind == "result" and part.id)


def _joined(message: Message, answers: Mapping[str, Part], paired: set[str]) -> Message | None:
    """The message with answers beside its calls; None if it only held answers that stand elsewhere now."""
    parts = tuple(
        replace(part, answer=answers.get(part.id)) if part.kind == "call" and part.id else part
        for part in message.parts
        if not (part.kind == "result" and part.id in paired)
    )
    return replace(message, parts=parts) if parts or not message.parts else None


def _common(asked: Messages, keys: Sequence[Any], sent: Messages, got: Messages) -> int:
    """How many messages the call has from an earlier one, its answer included; 0 if it is another conversation."""
    if len(sent) > len(keys) or any(_key(message) != key for message, key in zip(sent, keys, strict=False)):
        return 0
    known = len(sent)
    for message in got:
        if known < len(keys) and (_key(message) == keys[known] or _call_ids(message) & _call_ids(asked[known])):
            known += 1
    return known


def _key(message: Message) -> tuple[str, str]:
    """What makes two messages the same: not the reasoning, which is not sent again, nor ids, which some make anew."""
    said = [_said(part) for part in message.parts if part.kind != "reasoning"]
    return message.role, json.dumps(said, sort_keys=True, default=str)


def _said(part: Part) -> Any:
    return part.text.strip() or [part.name if part.kind == "call" else "", part.value]


def _call_ids(message: Message) -> set[str]:
    return {part.id for part in message.parts if part.kind == "call" and part.id}
