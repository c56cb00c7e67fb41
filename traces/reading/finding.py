"""Which spans of a trace say something: the search field's second half, beside the names that are in the page already."""

import json

from django.db.models import Q

from tracen.lib.json_body import repair_text
from traces.models import Span, Trace

MAX_WORDS = 200
"""Characters of the searched text that count."""


def spans_with(trace: Trace, text: str) -> list[str]:
    """The ids of the spans whose input, output or error has the text in it, whatever the case of ASCII letters."""
    wanted = repair_text(text.strip())[:MAX_WORDS]
    if not wanted:
        return []
    # Stored JSON has quotes and line breaks escaped, so they are looked for that way.
    escaped = json.dumps(wanted, ensure_ascii=False)[1:-1]
    said = Q(payload__input__icontains=escaped) | Q(payload__output__icontains=escaped)
    found = Span.objects.filter(said | Q(payload__error__icontains=wanted), trace=trace)
    return [str(span_id) for span_id in found.order_by("started_at", "ordinal").values_list("id", flat=True)]
