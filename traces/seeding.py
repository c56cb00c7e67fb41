"""A believable month of an account, the same at every run; called by the seed_demo command only.

The one place beside ingest that touches a stored trace: `received_at` becomes what it would have been, since ingest
stamps the server's own time and a chart of one minute shows nothing.
"""

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Account
from traces.demo import PRICED_ON, cost_of, demo_trace
from traces.ingest import record_trace
from traces.models import Trace
from traces.records import Source, SpanKind, SpanRecord, SpanStatus, TraceRecord, TraceStatus
from traces.rollups import forget_hours
from traces.sharing import share

DAYS = 30
RUNS_A_DAY = (18, 34)
BUSY_HOURS = (8, 9, 10, 10, 11, 11, 13, 14, 14, 15, 16, 17, 20)
LARGE_TRACE_SPANS = 3_000

_SAME_EVERY_TIME = 20261122
_MODEL = "claude-sonnet-4-5"
_QUESTIONS = (
    "Where is my order 4711?",
    "How do I change the delivery address?",
    "Can I return an opened package?",
    "Why was I charged twice in October?",
    "متى يصل طلبي؟",
    "La facture de novembre ne s'ouvre pas 🧾",
)
_ERRORS = (
    "ConnectError: connection refused by orders.internal:8443",
    "429 from the model provider after 3 attempts: rate limit of 90,000 tokens a minute reached",
    'ValueError: expected a date, got "soon"',
    "PermissionError: the token has no scope to read invoices",
)


def seed(account: Account, now: datetime) -> int:
    """Fill the account with a month of runs that ends at `now`; returns how many traces it stored."""
    dice = random.Random(_SAME_EVERY_TIME)  # noqa: S311 - the same month every time is the point
    runs = list(month_of_runs(dice, now))
    for record in runs:
        received_at = record.ended_at or record.started_at
        with transaction.atomic():
            record_trace(account, record)
            Trace.objects.filter(pk=record.id).update(received_at=received_at)
            forget_hours([(account.pk, received_at)])
    share(Trace.objects.get(pk=runs[-1].id), timedelta(days=30))
    return len(runs)


def month_of_runs(dice: random.Random, now: datetime) -> Iterator[TraceRecord]:
    """Ordinary days first; then one run of each kind that is hard to show, the failed research last."""
    ordinary = [_answer_support] * 10 + [_check_prices] * 3 + [_translate] * 2 + [_call_once] * 3 + [_reconcile]
    for day in range(DAYS, -1, -1):
        for _ in range(dice.randint(*RUNS_A_DAY)):
            hour, minute, second = dice.choice(BUSY_HOURS), dice.randrange(60), dice.randrange(60)
            start = (now - timedelta(days=day)).replace(hour=hour, minute=minute, second=second, microsecond=0)
            if start < now - timedelta(minutes=20):
                yield dice.choice(ordinary)(dice, start)
    yield _index_everything(dice, now - timedelta(hours=5))
    yield _time_out(dice, now - timedelta(hours=2))
    yield _still_running(dice, now - timedelta(minutes=2))
    yield _research(dice, now - timedelta(hours=19))


class _Run:
    """Builds one run step by step; each step takes its time and leaves the clock at its end."""

    def __init__(self, dice: random.Random, start: datetime) -> None:
        self.dice, self.start, self.now = dice, start, start
        self.spans: list[SpanRecord] = []
        self.tokens = [0, 0]
        self.nanodollars = 0

    def step(self, name: str, kind: SpanKind, ms: float, parent: SpanRecord | None = None, **more: Any) -> SpanRecord:
        """Add a step. `sent` and `got` are JSON values; `tokens` is (input, output)."""
        tokens = more.pop("tokens", None)
        cost = cost_of(_MODEL, tokens) if tokens else None
        span = SpanRecord(
            id=self.new_id(),
            name=name,
            kind=kind,
            status=SpanStatus.ERROR if "error" in more else SpanStatus.OK,
            started_at=self.now,
            ended_at=self.now + timedelta(milliseconds=ms),
            parent_id=parent.id if parent else None,
            input=_text(more.pop("sent", None)),
            output=_text(more.pop("got", None)),
            error=more.pop("error", None),
            model=_MODEL if kind is SpanKind.LLM else "",
            input_tokens=tokens[0] if tokens else None,
            output_tokens=tokens[1] if tokens else None,
            cost_nanodollars=cost,
            priced_on=PRICED_ON if tokens else None,
            **more,
        )
        self.spans.append(span)
        self.now += timedelta(milliseconds=ms)
        self.nanodollars += cost or 0
        if tokens:
            self.tokens = [self.tokens[0] + tokens[0], self.tokens[1] + tokens[1]]
        return span

    def around(self, span: SpanRecord) -> None:
        """Let `span` last until now: it was open while the steps after it ran."""
        self.spans[self.spans.index(span)] = replace(span, ended_at=self.now)

    def new_id(self) -> uuid.UUID:
        return uuid.UUID(int=self.dice.getrandbits(128), version=4)

    def record(self, name: str, agent: str, status: TraceStatus, **more: Any) -> TraceRecord:
        values = {"source": Source.NEXUS, "ended_at": self.now, "metadata": _text({"seeded": True}), **more}
        return TraceRecord(
            id=self.new_id(),
            name=name,
            agent=agent,
            status=status,
            started_at=self.start,
            input_tokens=self.tokens[0] or None,
            output_tokens=self.tokens[1] or None,
            cost_nanodollars=self.nanodollars or None,
            spans=tuple(self.spans),
            **values,
        )


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _answer_support(dice: random.Random, start: datetime) -> TraceRecord:
    run, question = _Run(dice, start), dice.choice(_QUESTIONS)
    root = run.step("support-bot", SpanKind.AGENT, 0, sent={"question": question})
    asked = [{"role": "system", "content": "Answer from the order system only."}, {"role": "user", "content": question}]
    call = {"id": "call_1", "function": {"name": "find_order", "arguments": '{"id": 4711}'}}
    first = {"role": "assistant", "content": None, "tool_calls": [call]}
    run.step("choose_tool", SpanKind.LLM, dice.uniform(500, 1_800), root, sent=asked, got=first, tokens=(412, 38))
    order = {"id": 4711, "status": "shipped", "carrier": "Example Post", "days": dice.randint(1, 5)}
    if dice.random() < 0.06:
        error = dice.choice(_ERRORS)
        run.step("find_order", SpanKind.TOOL, dice.uniform(900, 4_000), root, sent={"id": 4711}, error=error)
        run.around(root)
        return run.record(question, "support-bot", TraceStatus.ERROR)
    run.step("find_order", SpanKind.TOOL, dice.uniform(60, 400), root, sent={"id": 4711}, got=order)
    told = {"role": "tool", "tool_call_id": "call_1", "content": _text(order)}
    answer = {"role": "assistant", "content": f"It is on its way and should arrive in **{order['days']} days**."}
    more = {"sent": [*asked, first, told], "got": answer, "tokens": (520, dice.randint(40, 220))}
    run.step("write_answer", SpanKind.LLM, dice.uniform(700, 2_900), root, **more)
    run.around(root)
    return run.record(question, "support-bot", TraceStatus.SUCCESS)


def _check_prices(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    for number in range(dice.randint(6, 14)):
        got = {"price": round(dice.uniform(5, 90), 2), "currency": "EUR"}
        run.step(f"GET shop{number}.example/item", SpanKind.HTTP, dice.uniform(90, 900), got=got)
    run.step("compare", SpanKind.LLM, dice.uniform(1_000, 3_000), got={"text": "No change."}, tokens=(1_800, 60))
    return run.record(f"Nightly price check, batch {dice.randint(1, 20)}", "price-watch", TraceStatus.SUCCESS)


def _translate(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    for part in range(1, dice.randint(4, 9)):
        ms, got = dice.uniform(4_000, 16_000), {"text": "Willkommen bei der Einführung."}
        run.step(f"translate_part {part}", SpanKind.LLM, ms, got=got, tokens=(900, 700))
    return run.record("Translate the onboarding guide", "docs-translator", TraceStatus.SUCCESS)


def _call_once(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    run.step("retrieve_context", SpanKind.RETRIEVER, dice.uniform(80, 300))
    run.step("llm_call", SpanKind.LLM, dice.uniform(700, 2_400))
    run.step("format_answer", SpanKind.OTHER, dice.uniform(10, 60))
    tokens = dice.randint(200, 900), dice.randint(40, 300)
    run.tokens, run.nanodollars = [*tokens], cost_of("gpt-4o", tokens)
    prompt = (
        "Summarise this incident report for a customer: what broke, for how long, and what changes\n\nAt 03:12 UTC …"
    )
    texts = {"prompt": prompt, "response": "Uploads failed for 53 minutes. No data was lost.", "metadata": None}
    record = run.record(prompt.splitlines()[0], "", TraceStatus.SUCCESS, **texts)
    return replace(record, source=Source.TRACEN, agent=None, provider="openai", model="gpt-4o", is_public=True)


def _reconcile(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    for line in range(dice.randint(40, 80)):
        batch = run.step(f"match line {line}", SpanKind.CHAIN, 0)
        run.step("lookup", SpanKind.RETRIEVER, dice.uniform(20, 200), batch)
        run.step("decide", SpanKind.LLM, dice.uniform(300, 900), batch, tokens=(310, 20))
        run.around(batch)
    name = (
        "Reconcile the supplier ledger for October against the bank export, line by line, and explain each difference"
    )
    return run.record(name, "ledger-reconciler-for-the-whole-group-of-companies", TraceStatus.SUCCESS)


def _index_everything(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    root = run.step("indexer", SpanKind.AGENT, 0)
    while len(run.spans) < LARGE_TRACE_SPANS - 1:
        page = run.step(f"page {len(run.spans)}", SpanKind.CHAIN, 0, root)
        run.step("read", SpanKind.HTTP, dice.uniform(10, 60), page)
        run.step("embed", SpanKind.EMBEDDING, dice.uniform(5, 40), page, got=[0.1, -0.4, 0.9])
        run.around(page)
    run.step("write_index", SpanKind.TOOL, 2_200, root)
    run.around(root)
    return run.record("Embed the new help articles 📚", "indexer", TraceStatus.SUCCESS)


def _time_out(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    run.step("split", SpanKind.TOOL, 120)
    run.step("translate_chunk", SpanKind.LLM, 300_000, error="timed out after 300 s without a token")
    return run.record("Translate the onboarding guide", "docs-translator", TraceStatus.TIMEOUT)


def _still_running(dice: random.Random, start: datetime) -> TraceRecord:
    run = _Run(dice, start)
    for number in range(12):
        run.step(f"GET shop{number}.example/item", SpanKind.HTTP, dice.uniform(90, 900), got={"price": 9.9})
    open_step = run.step("compare", SpanKind.LLM, 0)
    run.spans[-1] = replace(open_step, ended_at=None)
    return run.record("Nightly price check, batch 14", "price-watch", TraceStatus.RUNNING, ended_at=None)


def _research(dice: random.Random, start: datetime) -> TraceRecord:
    """The landing page's run, moved to another time and kept private."""
    demo, new_id = demo_trace(), uuid.UUID(int=dice.getrandbits(128), version=4)
    shift = start - demo.started_at
    spans = tuple(
        replace(span, started_at=span.started_at + shift, ended_at=span.ended_at + shift if span.ended_at else None)
        for span in demo.spans
    )
    ended_at = demo.ended_at + shift if demo.ended_at else None
    return replace(demo, id=new_id, started_at=start, ended_at=ended_at, spans=spans, is_public=False)
