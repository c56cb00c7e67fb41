"""How the texts of many spans are kept in one row. Pure; traces/span_texts.py puts packs into the database and reads them.

A pack holds the texts of spans of one trace that came one after the other: of the span with the ordinal `first_ordinal`
and those that follow it without a gap. It is the JSON text of a list, with null for a span that has no texts and else
[input, output, error, raw] without the nulls at its end, squeezed by tracen/lib/zstd.py. A pack ends after 64 spans or
64 K characters, so that whoever wants one span does not read a whole trace; only a single span may be longer. Packs of
a trace do not overlap: the texts of a span are in the pack with the largest `first_ordinal` that is not above its
ordinal, if they are anywhere. A pack in which nothing would stand is not stored.

Why: a row for each span cost more than the texts in it (its head, its key, its share of an index, room that is left on
a page), and texts of one run are so alike that together they take a third. docs/decisions/0017 has the numbers.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tracen.lib.zstd import expand, squeeze

MOST_SPANS = 64
MOST_CHARACTERS = 65_536
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Texts(NamedTuple):
    """What went into and came out of a span: `input` and `output` as JSON text, `error` as plain text.

    A span that came by OTLP is kept as it came, in `raw`, and has no `input` and `output` of its own: they are read out
    of it (traces/archive.py), so that nothing is stored twice and what we learn to read is read in old traces too.
    """

    input: str | None = None
    output: str | None = None
    error: str | None = None
    raw: str | None = None


NO_TEXTS = Texts()


class DamagedPack(Exception):
    """A pack that is not what was stored: none of its texts can be told."""


def pack(spans: Iterable[tuple[int, Texts]]) -> Iterator[tuple[int, bytes]]:
    """The packs of spans of one trace, each with its `first_ordinal`; the spans come with their ordinals."""
    first, texts, size = 0, list[Texts](), 0
    for ordinal, own in spans:
        length = sum(len(text) for text in own if text)
        is_next = ordinal == first + len(texts)
        if not is_next or len(texts) == MOST_SPANS or size + length > MOST_CHARACTERS:
            yield from _closed(first, texts)
            texts, size = [], 0
        first = first if texts else ordinal
        texts.append(own)
        size += length
    yield from _closed(first, texts)


def unpack(packed: bytes) -> list[Texts]:
    """The texts of the spans from `first_ordinal` on. Raises DamagedPack."""
    try:
        return [Texts(*entry) if entry else NO_TEXTS for entry in json.loads(expand(packed))]
    except (TypeError, ValueError) as damage:
        raise DamagedPack("The texts of some spans are damaged.") from damage


def _closed(first: int, texts: Sequence[Texts]) -> Iterator[tuple[int, bytes]]:
    entries = [_entry(own) for own in texts]
    if any(entries):
        yield first, squeeze(_to_json(entries).encode())


def _entry(texts: Texts) -> list[str | None] | None:
    values = list(texts)
    while values and values[-1] is None:
        values.pop()
    return values or None
