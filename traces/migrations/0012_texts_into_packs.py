"""The texts of stored spans go into packs: trace by trace, so that a database of any size is moved in little memory.

How a pack is written and read stands here once more, as traces/packs.py had it when this was made.
"""

import json
from itertools import islice

from django.db import migrations

from tracen.lib.overwriting import overwriting
from tracen.lib.zstd import expand, squeeze

_TEXTS = ("input", "output", "error", "raw")
_MOST_SPANS, _MOST_CHARACTERS = 64, 65_536
_TRACES_AT_ONCE, _SPANS_AT_ONCE, _PACKS_AT_ONCE = 2_000, 200, 16


def move(apps, schema_editor):
    _take_time(schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        # A server of the version before, on another host, waits until it meets the new tables.
        schema_editor.execute("LOCK TABLE traces_spanpayload IN EXCLUSIVE MODE", params=None)
    stored = apps.get_model("traces", "SpanPack")
    _empty(stored)
    packs = (stored(**values) for values in _packs(apps.get_model("traces", "Trace"), apps.get_model("traces", "Span")))
    while some := list(islice(packs, _PACKS_AT_ONCE)):
        stored.objects.bulk_create(some)


def move_back(apps, schema_editor):
    _take_time(schema_editor)
    spans, payload = apps.get_model("traces", "Span").objects, apps.get_model("traces", "SpanPayload")
    _empty(payload)
    for pack in apps.get_model("traces", "SpanPack").objects.order_by("pk").iterator(chunk_size=_PACKS_AT_ONCE):
        places = dict(spans.filter(trace=pack.trace_id).values_list("ordinal", "pk"))
        payload.objects.bulk_create(
            payload(span_id=places[ordinal], **dict(zip(_TEXTS, texts, strict=False)))
            for ordinal, texts in enumerate(_read(bytes(pack.packed)), pack.first_ordinal)
            if texts
        )
    _empty(apps.get_model("traces", "SpanPack"))


def _empty(model):
    """One of the two tables holds the texts, whatever was begun before."""
    with overwriting():
        model.objects.all()._raw_delete(model.objects.db)


def _take_time(schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET LOCAL statement_timeout = 0", params=None)


def _packs(trace, span):
    """The values of each pack; of a trace whose spans have no texts there is none."""
    columns = ("ordinal", *(f"payload__{name}" for name in _TEXTS))
    for trace_id in trace.objects.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=_TRACES_AT_ONCE):
        spans = span.objects.filter(trace=trace_id).order_by("ordinal").values_list(*columns)
        for first, entries in _cut(spans.iterator(chunk_size=_SPANS_AT_ONCE)):
            if any(entries):
                yield {"trace_id": trace_id, "first_ordinal": first, "packed": _write(entries)}


def _write(entries):
    lengths = [[None if text is None else len(text) for text in entry] or None for entry in entries]
    said = "".join(text for entry in entries for text in entry if text)
    return squeeze(f"{json.dumps(lengths, separators=(',', ':'))}\n{said}".encode())


def _read(packed):
    head, _, said = expand(packed).decode().partition("\n")
    at = 0
    for lengths in json.loads(head):
        texts = []
        for length in lengths or ():
            texts.append(None if length is None else said[at : at + length])
            at += length or 0
        yield texts


def _cut(spans):
    first, entries, size = 0, [], 0
    for ordinal, *texts in spans:
        length = sum(len(text) for text in texts if text)
        is_next = ordinal == first + len(entries)
        if not is_next or len(entries) == _MOST_SPANS or size + length > _MOST_CHARACTERS:
            yield first, entries
            entries, size = [], 0
        first = first if entries else ordinal
        entries.append(_without_end(texts))
        size += length
    yield first, entries


def _without_end(texts):
    while texts and texts[-1] is None:
        texts.pop()
    return texts


class Migration(migrations.Migration):
    dependencies = [("traces", "0011_packs")]
    operations = [migrations.RunPython(move, move_back)]
