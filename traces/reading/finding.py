"""Which spans of a trace say something: the search field's second half, beside the names that are in the page already."""

import json

from django.db.models import Q

from tracen.lib.json_body import repair_text
from traces.archive import stored_span
from traces.models import Span, Trace
from traces.reading.publishing import published_span
from traces.records import SpanRecord

MAX_WORDS = 200
"""Characters of the searched text that count."""


def spans_with(trace: Trace, text: str, *, is_public: bool = False) -> list[str]:
    """The ids of the spans whose input, output or error has the text in it, whatever the case of ASCII letters.

    Of a span that came by OTLP its owners search all that came, and the public no more than it is shown.
    """
    wanted = repair_text(text.strip())[:MAX_WORDS]
    if not wanted:
        return []
    # Stored JSON has quotes and line breaks escaped, so they are looked for that way; an attribute may hold JSON itself.
    escaped = _escaped(wanted)
    said = Q(payload__input__icontains=escaped) | Q(payload__output__icontains=escaped)
    said |= Q(payload__raw__icontains=escaped) | Q(payload__raw__icontains=_escaped(escaped))
    found = Span.objects.filter(said | Q(payload__error__icontains=wanted), trace=trace).order_by(
        "started_at", "ordinal"
    )
    if not is_public:
        return [str(span_id) for span_id in found.values_list("id", flat=True)]
    spans = (published_span(stored_span(span)) for span in found.select_related("payload").iterator(chunk_size=200))
    return [str(span.id) for span in spans if _says(span, wanted.lower(), escaped.lower())]


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _says(span: SpanRecord, plain: str, escaped: str) -> bool:
    texts = ((span.error, plain), (span.input, escaped), (span.output, escaped))
    return any(text is not None and wanted in text.lower() for text, wanted in texts)
