"""How the texts of many spans are kept in one row. Pure; traces/span_texts.py puts packs into the database and reads them.

A pack holds the texts of spans of one trace that came one after the other: of the span with the ordinal `first_ordinal`
and those that follow it without a gap. Its first line is the JSON text of a list, with null for a span that has no texts and
else the lengths of [input, output, error, raw], null for one that is missing, without the nulls at its end. Behind it
stand all these texts as they are, and the whole is squeezed by tracen/lib/zstd.py. A pack ends after 64 spans or 64 K
characters, so that whoever wants one span does not read a whole trace; only a single span may be longer. Packs of
a trace do not overlap: the texts of a span are in the pack with the largest `first_ordinal` that is not above its
ordinal, if they are anywhere. A pack in which nothing would stand is not stored.

Why: a row for each span cost more than the texts in it (its head, its key, its share of an index, room that is left on
a page), and texts of one run are so alike that together they take a third. docs/decisions/0017 has the numbers.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from tracen.lib.zstd import expand, squeeze

MOST_SPANS = 64
MOST_CHARACTERS = 65_536
_to_json = json.JSONEncoder(separators=(",", ":")).encode

Lengths: TypeAlias = list[int | None] | None
"""Of a span's texts, without those that are missing at the end."""


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
    first, lengths, said, size = 0, list[Lengths](), list[str](), 0
    for ordinal, own in spans:
        texts = [text for text in own if text]
        length = sum(map(len, texts))
        is_next = ordinal == first + len(lengths)
        if not is_next or len(lengths) == MOST_SPANS or size + length > MOST_CHARACTERS:
            yield from _closed(first, lengths, said)
            lengths, said, size = [], [], 0
        first = first if lengths else ordinal
        lengths.append(_lengths(own))
        said += texts
        size += length
    yield from _closed(first, lengths, said)


def unpack(packed: bytes) -> list[Texts]:
    """The texts of the spans from `first_ordinal` on. Raises DamagedPack."""
    try:
        head, _, said = expand(packed).decode().partition("\n")
        found, at = list[Texts](), 0
        for lengths in json.loads(head):
            own: list[str | None] = []
            for length in lengths or ():
                own.append(None if length is None else said[at : at + length])
                at += length or 0
            found.append(Texts(*own))
        if at != len(said):
            raise ValueError("There is more or less than the first line says.")
    except (TypeError, ValueError, RecursionError) as damage:
        raise DamagedPack("The texts of some spans are damaged.") from damage
    return found


def _closed(first: int, lengths: Sequence[Lengths], said: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    if any(lengths):
        yield first, squeeze(f"{_to_json(lengths)}\n{''.join(said)}".encode())


def _lengths(texts: Texts) -> Lengths:
    lengths = [None if text is None else len(text) for text in texts]
    while lengths and lengths[-1] is None:
        lengths.pop()
    return lengths or None
