"""Batches of spans through the ingest function, and raw rows of the same size into the same database.

Both come in hundreds and in thousands. Hundreds come from several threads, which share their commits. Asked with
{"seconds", "threads"}, it answers rows a second for each way, and the CPU seconds of this process.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from bench.inside import BENCH_EMAIL, answer

FEW, MANY = 100, 1_000
RECORDS_MADE = 40


def measure(job: dict[str, Any]) -> dict[str, float]:
    from tracen.lib.migrating import migrate_pending

    migrate_pending()
    measured = _ingest(job["seconds"] / 2, job["threads"], FEW) | _ingest(job["seconds"] / 2, 1, MANY)
    for rows in (FEW, MANY):
        measured[f"raw rows/s, {rows} a transaction"] = _raw(job["seconds"] / 2, rows)
    return measured


def _ingest(seconds: float, threads: int, spans: int) -> dict[str, float]:
    """Each thread stores prepared runs under fresh ids until the time is over; the making of them is not measured."""
    from accounts.plans import UNLIMITED
    from accounts.signup import account_of_email
    from bench.inside.records import run
    from traces.ingest import record_trace
    from traces.models import Span

    account = account_of_email(BENCH_EMAIL)
    account.plan_slug = UNLIMITED.slug
    account.save()
    dice = random.Random(1)
    prepared = [run(dice, spans) for _ in range(RECORDS_MADE)]
    counts = [0] * threads
    end = time.perf_counter() + seconds

    def work(number: int) -> None:
        while time.perf_counter() < end:
            record = replace(prepared[(number + counts[number]) % RECORDS_MADE], id=uuid4())
            record_trace(account, record)
            counts[number] += 1

    stored_before, started, cpu = Span.objects.count(), time.perf_counter(), time.process_time()
    _together(work, threads)
    took, used = time.perf_counter() - started, time.process_time() - cpu
    acknowledged = sum(counts) * spans
    stored = Span.objects.count() - stored_before
    way = f"{spans} a call, {threads} thread{'s' if threads > 1 else ''}"
    return {
        f"spans/s, {way}": acknowledged / took,
        f"CPU s per 1,000 spans, {way}": used / acknowledged * 1e3,
        f"lost, {way}": acknowledged - stored,
    }


def _together(work: Callable[[int], None], threads: int) -> None:
    workers = [threading.Thread(target=work, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _raw(seconds: float, at_once: int) -> float:
    """The limit: one client, one table, a key, an index on the trace and 1.1 KB a row; COPY, or SQLite's executemany."""
    from django.db import connection

    from bench.inside.records import text

    dice = random.Random(2)
    texts = [text(dice, 512) for _ in range(200)]
    is_sqlite = connection.vendor == "sqlite"
    uuid, write = ("TEXT", _executemany) if is_sqlite else ("uuid", _copy)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS raw_rows")
        cursor.execute(
            f"CREATE TABLE raw_rows (id {uuid} PRIMARY KEY, trace_id {uuid}, name text, started text, ended text,"
            " tokens_in int, tokens_out int, said text, answered text)"
        )
        cursor.execute("CREATE INDEX raw_rows_trace ON raw_rows (trace_id)")
    batches = [[_raw_row(texts, number) for number in range(at_once)] for _ in range(int(seconds * 100_000 / at_once))]
    written, started = 0, time.perf_counter()
    while batches and time.perf_counter() - started < seconds:
        batch = batches.pop()
        write(batch)
        written += len(batch)
    took = time.perf_counter() - started
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE raw_rows")
    return written / took


def _raw_row(texts: list[str], number: int) -> tuple[object, ...]:
    times = ("2026-01-15 10:30:00", "2026-01-15 10:30:01")
    said, answered = texts[number % len(texts)], texts[(number + 7) % len(texts)]
    return (uuid4().hex, uuid4().hex, "llm_call", *times, 120, 45, said, answered)


def _executemany(rows: list[tuple[object, ...]]) -> None:
    from django.db import connection, transaction

    with transaction.atomic():
        # The driver itself: Django's cursor would be part of what is measured.
        connection.connection.executemany("INSERT INTO raw_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _copy(rows: list[tuple[object, ...]]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor, cursor.cursor.copy("COPY raw_rows FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


if __name__ == "__main__":
    answer(measure)
