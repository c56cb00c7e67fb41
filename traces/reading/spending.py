"""Tokens and cost in words, of a span and of a run; pure, page.py, detail.py and the rows of a timeline call it."""

from dataclasses import dataclass
from decimal import Decimal

from tracen.lib.wording import count_text, money_text
from traces.records import SpanKind, SpanRecord, TraceRecord
from traces.timeline import Timeline

NO_PRICE = "no price"
_WHY_NO_PRICE = "The price list does not have this model, which does not mean that it costs nothing."
_NANODOLLARS = 1_000_000_000
_CALLS = (SpanKind.LLM, SpanKind.EMBEDDING)


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure; `exact` is what hovering tells more, `note` what stands behind it."""

    label: str
    value: str
    exact: str = ""
    note: str = ""


def tokens_of(run: TraceRecord, timeline: Timeline) -> tuple[int | None, int | None]:
    """Tokens in and out: those of the run if it names them, else the sum over its spans that count."""
    sums = timeline.input_tokens, timeline.output_tokens
    own = run.input_tokens, run.output_tokens
    return own if own != (None, None) else sums


def cost_of(run: TraceRecord, timeline: Timeline) -> int | None:
    """Nanodollars: the run's, else the sum over its spans that count."""
    return run.cost_nanodollars if run.cost_nanodollars is not None else timeline.cost_nanodollars


def run_cost(run: TraceRecord, timeline: Timeline) -> Amount | None:
    """What the run cost as far as its calls have a price; None where no tokens are known either."""
    cost, unpriced = cost_of(run, timeline), timeline.unpriced
    if cost is None:
        return Amount("Cost", NO_PRICE, _WHY_NO_PRICE) if any(tokens_of(run, timeline)) else None
    if not unpriced:
        return Amount("Cost", money_text(cost))
    calls = "1 call has" if unpriced == 1 else f"{unpriced:,} calls have"
    return Amount("Cost", f"at least {money_text(cost)}", note=f"{calls} no price")


def dollars(nanodollars: int | None) -> float | None:
    """A cost as a number of US dollars."""
    return None if nanodollars is None else nanodollars / _NANODOLLARS


def span_amounts(span: SpanRecord) -> list[Amount]:
    """Tokens with what of them was cached or reasoning, and the cost with where its price is from."""
    return [amount for amount in (_tokens(span), _cache(span), _reasoning(span), _cost(span)) if amount]


def uncounted_note(span: SpanRecord) -> str:
    """Why the figures of this span are not part of the run's; empty if they are."""
    if span.is_counted:
        return ""
    if span.kind in _CALLS:
        return "Its tokens are reported; counted in the step around it, which recorded the same call."
    return "Its tokens are reported; counted in the steps below."


def reported_note(span: SpanRecord, reported: Decimal | None) -> str:
    """What the sender reckoned, where the price that is shown is another; empty where the two read the same."""
    if reported is None or span.cost_nanodollars is None:
        return ""
    said = money_text(float(reported) * _NANODOLLARS)
    return f"The sender reported {said}." if said != money_text(span.cost_nanodollars) else ""


def row_tokens(tokens: int | None) -> str:
    return count_text(tokens) if tokens else ""


def row_cost(tokens: int | None, nanodollars: int | None) -> str:
    """The cost that a row counts, "no price" for tokens without one."""
    if nanodollars is not None:
        return money_text(nanodollars)
    return NO_PRICE if tokens else ""


def _tokens(span: SpanRecord) -> Amount | None:
    counts = ((span.input_tokens, "in"), (span.output_tokens, "out"))
    known = [(count, way) for count, way in counts if count is not None]
    if not known:
        return None
    short = ", ".join(f"{count_text(count)} {way}" for count, way in known)
    return Amount("Tokens", short, ", ".join(f"{count:,} {way}" for count, way in known))


def _cache(span: SpanRecord) -> Amount | None:
    counts = ((span.cache_read_tokens, "read"), (span.cache_write_tokens, "written"))
    known = [(count, way) for count, way in counts if count]
    if not known:
        return None
    short = ", ".join(f"{count_text(count)} {way}" for count, way in known)
    exact = ", ".join(f"{count:,} {way}" for count, way in known)
    return Amount("Cache", short, f"{exact}, of the tokens in")


def _reasoning(span: SpanRecord) -> Amount | None:
    tokens = span.reasoning_tokens
    return Amount("Reasoning", count_text(tokens), f"{tokens:,} of the tokens out") if tokens else None


def _cost(span: SpanRecord) -> Amount | None:
    if span.cost_nanodollars is not None:
        since = f"priced {span.priced_on.isoformat()}" if span.priced_on else "as reported by the sender"
        return Amount("Cost", money_text(span.cost_nanodollars), note=since)
    if span.is_counted and (span.input_tokens or span.output_tokens):
        return Amount("Cost", NO_PRICE, _WHY_NO_PRICE)
    return None
