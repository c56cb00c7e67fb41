"""Fills the bench's account for the reads: many runs of ten spans, one of 2,000 that is public, one of 10,000.

Asked with a number of runs, it answers what the reads need: a session, a key, addresses, and how much was sent.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import uuid4

from bench.inside import BENCH_EMAIL, answer

SPANS_A_RUN = 10
LARGE, LARGEST = 2_000, 10_000
PATTERNS = 1_000
"""Different sets of ten steps; the texts of a run itself are never alike, since the search index stands on them."""
THREADS = 32
SLICE = 2_000


def fill(runs: int) -> dict[str, Any]:
    from django.db import connection

    from accounts.api_keys import mint_key
    from accounts.plans import UNLIMITED
    from accounts.signup import account_of_email
    from tracen.lib.checkpoints import empty_log
    from tracen.lib.migrating import migrate_pending
    from traces.models import Trace

    migrate_pending()
    account = account_of_email(BENCH_EMAIL)
    account.plan_slug = UNLIMITED.slug
    account.save()
    started = time.perf_counter()
    told = _store(account, runs)
    took = time.perf_counter() - started
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    if connection.vendor == "sqlite":
        empty_log()
    deep = Trace.objects.filter(account=account).order_by("-received_at", "-id")[runs * 2 // 3]
    return told | {
        "cookie": _session(),
        "key": mint_key(account, "reads")[1],
        "deep": str(deep.pk),
        "agent": "agent-7",
        "seconds": took,
        "bytes": _size(),
    }


def _store(account: Any, runs: int) -> dict[str, Any]:
    """By the ingest function from many threads, the rare word in three of all; the two large ones last."""
    from bench.inside.records import payload_bytes, run
    from traces.ingest import record_trace

    dice = random.Random(3)
    waiting, sent = _runs(dice, runs), 0
    with ThreadPoolExecutor(THREADS) as threads:
        # A slice at a time: map() would make all of them at once.
        while some := list(islice(waiting, SLICE)):
            sent += sum(threads.map(lambda record: _send(account, record), some))
    large, largest = run(dice, LARGE, is_public=True, is_tree=True), run(dice, LARGEST, is_tree=True)
    for record in (large, largest):
        record_trace(account, record)
        sent += payload_bytes(record)
    return {"large": str(large.id), "largest": str(largest.id), "sent": sent}


def _runs(dice: random.Random, runs: int) -> Iterator[Any]:
    from bench.inside.records import RARE_WORD, run, spans

    patterns = [spans(dice, SPANS_A_RUN) for _ in range(PATTERNS)]
    rare = {runs // 5, runs // 2, runs - 3}
    for number in range(runs):
        steps = tuple(replace(span, id=uuid4()) for span in dice.choice(patterns))
        record = replace(run(dice, 0), spans=steps)
        yield replace(record, prompt=f"{record.prompt} {RARE_WORD}") if number in rare else record


def _send(account: Any, record: Any) -> int:
    from bench.inside.records import payload_bytes
    from traces.ingest import record_trace

    record_trace(account, record)
    return payload_bytes(record)


def _session() -> str:
    from django.conf import settings
    from django.test import Client

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.get(email=BENCH_EMAIL), settings.AUTHENTICATION_BACKENDS[0])
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def _size() -> int:
    """Of the whole database on disk."""
    from pathlib import Path

    from django.conf import settings
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(str(settings.DATABASES["default"]["NAME"])).stat().st_size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    answer(fill)
