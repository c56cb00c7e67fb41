"""Prices: from the installed list, to the nanodollar, and none where there is none."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

import pytest
from genai_prices import Usage as ListUsage
from genai_prices.data import providers

from traces import pricing
from traces.demo import demo_trace
from traces.pricing import LIST_VERSION, LISTED_ON, Price, price_of
from traces.wire.otlp.words import Usage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_input_and_output_are_priced():
    # $2.50 and $10.00 for a million.
    price = price_of("openai", "gpt-4o", Usage(1000, 100), NOON)
    assert price == Price(2_500_000 + 1_000_000, LISTED_ON, "openai", "gpt-4o")


def test_the_cache_is_a_part_of_the_input_with_its_own_price():
    # Of 1000 tokens 400 were read for $0.30 and 200 written for $3.75; the others cost $3.00.
    price = price_of("anthropic", "claude-sonnet-4-5", Usage(1000, 0, 400, 200), NOON)
    assert price is not None
    assert price.nanodollars == 400 * 3000 + 400 * 300 + 200 * 3750


def test_more_cache_than_input_is_never_a_negative_price():
    price = price_of("openai", "gpt-4o", Usage(10, None, 50), NOON)
    assert price is not None
    assert price.nanodollars == 10 * 1250


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("ollama", "llama3"),
        ("openai", None),
        (None, ""),
        (None, "weather-model"),
        ("", "/"),
    ],
)
def test_an_unknown_model_has_no_price(provider, model):
    assert price_of(provider, model, Usage(1000, 100), NOON) is None


def test_unknown_tokens_have_no_price():
    assert price_of("openai", "gpt-4o", Usage(), NOON) is None


@pytest.mark.parametrize(
    ("provider", "model", "found"),
    [
        (None, "gpt-4o", ("openai", "gpt-4o")),
        (None, "openai/gpt-4o", ("openai", "gpt-4o")),
        ("OpenAI", "gpt-4o-2024-08-06", ("openai", "gpt-4o")),
        ("azure", "gpt-4o", ("azure", "gpt-4o")),
        ("aws", "anthropic.claude-3-haiku-20240307-v1:0", ("aws", None)),
        ("google", "gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("x-ai", "grok-3", ("x-ai", "grok-3")),
    ],
)
def test_a_model_is_found_by_the_names_that_clients_use(provider, model, found):
    price = price_of(provider, model, Usage(1000, 100), NOON)
    assert price is not None
    assert (price.provider_id, found[1] and price.model_id) == found


def test_a_price_that_began_on_a_day_is_dated_by_it():
    dated = [
        (provider.id, model.id, entry.constraint.start_date)
        for provider in providers
        for model in provider.models
        if isinstance(model.prices, list)
        for entry in model.prices[-1:]
        if hasattr(entry.constraint, "start_date") and entry.constraint.start_date <= NOON.date()
    ]
    found = [(price_of(provider, model, Usage(1, 1), NOON), since) for provider, model, since in dated]
    assert found
    assert all(price.priced_on == since for price, since in found if price is not None)


@pytest.mark.parametrize("usage", [Usage(1000, 100, 50), Usage(300_000, 2000, 1000, 500), Usage(5)])
def test_every_price_is_what_the_package_itself_reckons(usage):
    told = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
    }
    list_usage = ListUsage(**{name: count for name, count in told.items() if count is not None})
    for provider in providers:
        for model in provider.models:
            prices, _ = pricing._prices_at(model, NOON)
            ours = pricing._price(prices, usage)
            if ours is not None:
                theirs = model.calc_price(list_usage, provider, genai_request_timestamp=NOON).total_price
                assert ours / Decimal(1_000_000) == theirs


def test_the_date_of_the_list_is_that_of_the_installed_version():
    # Whoever pins another version looks up when it was published.
    assert (version("genai-prices"), LISTED_ON) == (LIST_VERSION, date(2026, 11, 10))


def test_the_list_is_loaded_only_when_something_is_priced():
    program = "import sys, traces.pricing; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_the_demo_costs_what_the_list_says():
    calls = [call for call in demo_trace().spans if call.input_tokens]
    told = [price_of("", call.model, Usage(call.input_tokens, call.output_tokens), call.started_at) for call in calls]
    assert [call.cost_nanodollars for call in calls] == [price.nanodollars for price in told]
