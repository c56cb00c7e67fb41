"""What a share link leaves out of a run, by hand-made values."""

from dataclasses import replace

import pytest

from traces.reading.publishing import published_parameters, published_run, published_span, published_tool
from traces.records import Source
from traces.tests.runs import failed, run

SAID = "401 for sk-abcdefgh1234 in /home/alice/app.py"
SHOWN = "401 for ••• in ~/app.py"


@pytest.mark.parametrize(
    "name", ["temperature", "top_p", "topP", "max_tokens", "maxOutputTokens", "choice.count", "seed"]
)
def test_known_parameters_are_shown_however_they_are_spelled(name):
    assert published_parameters({name: 1}) == {name: 1}


@pytest.mark.parametrize(
    "name", ["base_url", "api_key", "authorization", "extra_headers", "user", "api_base", "metadata"]
)
def test_other_parameters_are_not(name):
    assert published_parameters({name: "x", "n": 1}) == {"n": 1}


def test_of_an_object_only_the_members_that_name_its_kind_are_shown():
    given = {"response_format": {"type": "json_schema", "json_schema": {"a": 1}}, "reasoning": {"effort": "low"}}
    assert published_parameters(given) == {"response_format": {"type": "json_schema"}, "reasoning": {"effort": "low"}}
    assert published_parameters({"stop": ["a", {"api_key": "b"}], "thinking": {"api_key": "x"}}) == {"stop": ["a"]}


def test_of_a_tool_what_the_model_was_told_is_shown():
    remote = {"type": "mcp", "name": "docs", "headers": {"a": "b"}, "authorization": "x", "server_url": "https://in"}
    assert published_tool(remote) == {"type": "mcp", "name": "docs"}
    assert published_tool({"function": {"name": "f", "parameters": {}, "key": 1}, "url": "x"}) == {
        "function": {"name": "f", "parameters": {}}
    }


@pytest.mark.parametrize("source", Source)
def test_the_errors_of_every_run_are_masked(source):
    assert published_run(run(source=source, error=SAID)).error == SHOWN


@pytest.mark.parametrize("raw", [None, "{}"])
def test_the_errors_of_every_span_are_masked(raw):
    assert published_span(failed("a", error=SAID, raw=raw)).error == SHOWN


def test_a_key_that_is_cut_off_is_masked_all_the_same():
    error = published_span(failed("a", error="x" * 190 + " sk-abcdefgh1234", raw="{}")).error
    assert error == "x" * 190 + " •••"


def test_a_run_without_an_error_stays_as_it_is():
    record = run()
    assert published_run(record) == replace(record)
