"""Which spans of a trace say something: the search field's second half, beside the names that are in the page already."""

import json
from dataclasses import dataclass

from tracen.lib.json_body import repair_text
from traces.archive import stored_span
from traces.models import Span, Trace
from traces.packs import Texts
from traces.reading.publishing import published_span
from traces.span_texts import SPANS_AT_ONCE, all_texts, with_texts

MAX_WORDS = 200
"""Characters of the searched text that count."""


def spans_with(trace: Trace, text: str, *, is_public: bool = False) -> list[str]:
    """The ids of the spans whose input, output or error has the text in it, whatever the case of letters.

    Of a span that came by OTLP its owners search all that came, and the public no more than it is shown.
    """
    wanted = repair_text(text.strip())[:MAX_WORDS].casefold()
    if not wanted:
        return []
    # Stored JSON has quotes and line breaks escaped, so they are looked for that way; an attribute may hold JSON itself.
    escaped = _escaped(wanted)
    words = _Words(wanted, escaped, _escaped(escaped))
    ordinals = [ordinal for ordinal, texts in all_texts(trace) if words.are_in(texts)]
    found = Span.objects.filter(trace=trace, ordinal__in=ordinals).order_by("started_at", "ordinal")
    if not is_public:
        return [str(span_id) for span_id in found.values_list("id", flat=True)]
    read = with_texts(found.iterator(chunk_size=SPANS_AT_ONCE))
    spans = (published_span(stored_span(span, texts)) for span, texts in read)
    return [str(span.id) for span in spans if words.are_in(Texts(span.input, span.output, span.error))]


@dataclass(frozen=True, slots=True)
class _Words:
    """What is searched for, case folded: as it is, within JSON, and within JSON that is within JSON."""

    plain: str
    escaped: str
    twice_escaped: str

    def are_in(self, texts: Texts) -> bool:
        given, got, error, raw = ((text or "").casefold() for text in texts)
        return (
            self.plain in error
            or self.escaped in given
            or self.escaped in got
            or self.escaped in raw
            or self.twice_escaped in raw
        )


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
