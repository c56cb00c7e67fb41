"""What a call of a model used and cost, for dialects that have no fields for it; the dialects are the callers. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from traces.limits import MAX_NAME_LENGTH
from traces.pricing import price_of
from traces.records import SpanRecord
from traces.wire.otlp.values import mapping, text
from traces.wire.otlp.vendor_usage import usage_of
from traces.wire.otlp.words import Usage


def with_usage(span: SpanRecord, given: Any, got: Any) -> SpanRecord:
    """The span with what the vendor's own answer says, if that is what came out of it: model, tokens and price."""
    answer = mapping(got)
    usage = usage_of(mapping(answer.get("usage")))
    model = text(answer, "model") or text(mapping(given), "model")
    if usage is None or not model:
        return span
    price = price_of(None, model, usage, span.started_at)
    return replace(
        span,
        model=model[:MAX_NAME_LENGTH],
        provider=price.provider_id if price else "",
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        reasoning_tokens=usage.reasoning,
        cost_nanodollars=price.nanodollars if price else None,
        priced_on=price.priced_on if price else None,
    )


def cost_of(provider: str, model: str, input_tokens: int | None, output_tokens: int | None, at: datetime) -> int | None:
    """What a run's tokens cost at that moment, in nanodollars, if its model has a price."""
    price = price_of(provider, model, Usage(input_tokens, output_tokens), at)
    return price.nanodollars if price else None
