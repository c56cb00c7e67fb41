"""Runs to store: the standard span is an LLM call with 512 bytes in and 512 bytes out; the other programs use them."""

import random
from datetime import UTC, datetime, timedelta

from traces.records import Source, SpanKind, SpanRecord, SpanStatus, TraceRecord, TraceStatus

PAYLOAD_BYTES = 512
COMMON_WORD, RARE_WORD = "refund", "zweihundertvierzig"
AGENTS = tuple(f"agent-{number}" for number in range(20))

_WORDS = ("order", "invoice", "customer", "delivery", "address", "payment", "status", "parcel", "answer", "question")
_STARTED = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def spans(dice: random.Random, count: int, *, is_tree: bool = False) -> tuple[SpanRecord, ...]:
    """`count` steps one after another; as a tree each tenth is the parent of the nine behind it."""
    made: list[SpanRecord] = []
    parent: SpanRecord | None = None
    for number in range(count):
        is_parent = is_tree and number % 10 == 0
        made.append(_span(dice, number, None if is_parent else parent))
        parent = made[-1] if is_parent else parent
    return tuple(made)


def run(dice: random.Random, span_count: int, *, is_public: bool = False, is_tree: bool = False) -> TraceRecord:
    """A run with a prompt that has the common word nine times out of ten."""
    prompt = text(dice, 300) + (f" {COMMON_WORD}" if dice.random() < 0.9 else "")
    status = TraceStatus.ERROR if dice.random() < 0.02 else TraceStatus.SUCCESS
    return TraceRecord(
        source=Source.NEXUS,
        name=f"Answer a customer about {dice.choice(_WORDS)}",
        agent=dice.choice(AGENTS),
        status=status,
        started_at=_STARTED,
        ended_at=_STARTED + timedelta(seconds=4),
        metadata=f'{{"customer": {dice.randrange(10_000)}}}',
        prompt=prompt,
        response=text(dice, 300),
        spans=spans(dice, span_count, is_tree=is_tree),
        is_public=is_public,
    )


def text(dice: random.Random, size: int) -> str:
    """Words and numbers: what a real text compresses to, and no two alike."""
    words: list[str] = []
    while sum(map(len, words)) + len(words) < size:
        words.append(dice.choice(_WORDS) if dice.random() < 0.7 else f"{dice.getrandbits(32):x}")
    return " ".join(words)[:size]


def payload_bytes(record: TraceRecord) -> int:
    """What of the run somebody sent to be kept: its texts and its steps' texts."""
    own = sum(len(said or "") for said in (record.name, record.metadata, record.prompt, record.response, record.error))
    return own + sum(len(span.name) + len(span.input or "") + len(span.output or "") for span in record.spans)


def _span(dice: random.Random, number: int, parent: SpanRecord | None) -> SpanRecord:
    start = _STARTED + timedelta(milliseconds=number)
    return SpanRecord(
        name=f"llm_call {number}",
        kind=SpanKind.LLM,
        status=SpanStatus.OK,
        started_at=start,
        ended_at=start + timedelta(milliseconds=dice.randint(1, 900)),
        input=_json_text(dice),
        output=_json_text(dice),
        parent_id=parent.id if parent else None,
        model="gpt-4o",
        provider="openai",
        input_tokens=120,
        output_tokens=45,
    )


def _json_text(dice: random.Random) -> str:
    frame = '{"text":""}'
    return f"{frame[:-2]}{text(dice, PAYLOAD_BYTES - len(frame))}{frame[-2:]}"
