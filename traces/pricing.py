"""What a call of a model costs, by the price list of the genai-prices package; ingest and the API are the callers.

Offline: the list is the one in the installed package, and nothing here asks a network. A model that the list does not
know has no price, which is not a price of zero. The package costs about 25 MB and a third of a second to import,
so that a process pays for it with the first call that it prices. The sums are our own, with the package's prices:
3 microseconds a call instead of 55, and the same to the nanodollar (a test compares them).
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from traces.limits import MAX_NANODOLLARS

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

LISTED_ON = date(2026, 11, 10)
"""When the installed version of the price list was published; a test holds it to LIST_VERSION."""
LIST_VERSION = "0.2.3"
_MILLION = 1_000_000
_NANODOLLARS_PER_MILLIONTH = 1000


class TokenCounts(Protocol):
    """Tokens of one call, as traces.wire.otlp.words.Usage has them: the input includes the cache."""

    @property
    def input(self) -> int | None: ...
    @property
    def output(self) -> int | None: ...
    @property
    def cache_read(self) -> int | None: ...
    @property
    def cache_write(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Price:
    nanodollars: int
    priced_on: date
    """The day from which this price holds, where the list says so, else the day of the list."""
    provider_id: str
    model_id: str


def price_of(provider: str | None, model: str | None, usage: TokenCounts, at: datetime) -> Price | None:
    """The price of a call at a moment; None if the model or the tokens are unknown, or nobody can have used so many."""
    if not model or (usage.input is None and usage.output is None):
        return None
    found = _find(provider or "", model)
    if found is None:
        return None
    of_provider, of_model = found
    prices, since = _prices_at(of_model, at)
    millionths = _price(prices, usage)
    if millionths is None:
        return None
    nanodollars = int((millionths * _NANODOLLARS_PER_MILLIONTH).to_integral_value(ROUND_HALF_EVEN))
    if nanodollars > MAX_NANODOLLARS:
        return None
    return Price(nanodollars, since or LISTED_ON, of_provider.id, of_model.id)


@lru_cache(maxsize=4096)
def _find(provider: str, model: str) -> tuple[Provider, ModelInfo] | None:
    """The model by its provider, or by its name alone where no provider is told: "gpt-4o", "openai/gpt-4o".

    A provider that the list lacks has no prices: a model that somebody runs at home costs nothing by the token.
    """
    if not provider and "/" in model:
        provider, model = model.split("/", 1)
    try:
        return _price_list().find_provider_model(model, None, provider or None, None)
    except LookupError:
        return None


@lru_cache(maxsize=1)
def _price_list() -> DataSnapshot:
    from genai_prices.data_snapshot import get_snapshot

    prices = get_snapshot()
    # It stays to the end. Looking through all of it for garbage would stop every request for 20 ms, again and again.
    gc.freeze()
    return prices


def _prices_at(model: ModelInfo, at: datetime) -> tuple[ModelPrice | None, date | None]:
    """The prices that hold at a moment, and the day since when; the list's later entries go before earlier ones."""
    from genai_prices.types import ModelPrice, StartDateConstraint

    if isinstance(model.prices, ModelPrice):
        return model.prices, None
    for entry in reversed(model.prices):
        if entry.constraint is None:
            return entry.prices, None
        if entry.constraint.active(at):
            return entry.prices, entry.constraint.start_date if isinstance(
                entry.constraint, StartDateConstraint
            ) else None
    return (model.prices[0].prices, None) if model.prices else (None, None)


def _price(prices: ModelPrice | None, usage: TokenCounts) -> Decimal | None:
    """Millionths of dollars; None if the list has the model, but no price for tokens of it."""
    told = prices.__dict__ if prices is not None else {}
    asked, answered = told.get("input_mtok"), told.get("output_mtok")
    if asked is None and answered is None:
        return None
    total = usage.input or 0
    # A sender may count more cache than input; what is left of the input is never negative.
    read = min(usage.cache_read or 0, total)
    written = min(usage.cache_write or 0, total - read)
    return (
        (total - read - written) * _rate(asked, total)
        + read * _rate(told.get("cache_read_mtok", asked), total)
        + written * _rate(told.get("cache_write_mtok", asked), total)
        + (usage.output or 0) * _rate(answered, total)
        + _rate(told.get("requests_kcount"), total) * _MILLION / 1000
    )


def _rate(price: Decimal | TieredPrices | None, total_input: int) -> Decimal:
    """Dollars for a million tokens; a long input may lift all of a call into a dearer tier."""
    if price is None:
        return Decimal()
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in reversed(price.tiers) if total_input > tier.start), price.base)
