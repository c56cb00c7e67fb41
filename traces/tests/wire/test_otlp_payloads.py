"""What real clients sent (tests/otlp_payloads), read: their kinds, conversations, and tokens counted once.

Each client ran the same story against the same stand-in of a model: a question about the weather, a tool call with
1200 tokens of which 1024 were cached, and an answer with 1280 of which 1152 were cached.
"""

import json

import pytest

from traces.records import SpanKind
from traces.tests.wire.otlp_spans import PAYLOADS, counted_among, says, sent_by
from traces.wire.otlp.words import Failure, Usage

QUESTION = says("user", "What is the weather in Paris? Do I need an umbrella?")
SYSTEM = says("system", "You answer questions about the weather.")
ANSWER = says("assistant", "It is 14 °C and raining in Paris. Take an umbrella.")
FIRST = Usage(1200, 52, 1024, None, 32)
SECOND = Usage(1280, 78, 1152, None, 64)
EMBEDDING = Usage(12)
CALL = {"type": "tool_call", "name": "get_weather", "arguments": {"city": "Paris"}}
TOOL_RESULTS = {"vercel-ai": {"city": "Paris", "weather": "14 °C, rain"}}

SAME_STORY = [
    "langfuse",
    "langsmith",
    "litellm-generic",
    "litellm-otel",
    "openai-agents-chat",
    "openinference-langchain",
    "openinference-openai",
    "openllmetry",
    "opentelemetry-js-json",
    "opentelemetry-js-proto",
    "opentelemetry-openai-v2",
    "opentelemetry-sdk",
    "vercel-ai",
]


def llm_calls(client):
    return [reading for _, reading in sent_by(client) if reading.kind is SpanKind.LLM and reading.output is not None]


def kinds_of(client):
    return {(span.name, str(reading.kind)) for span, reading in sent_by(client)}


def bare(messages):
    """The messages without what only some clients tell."""
    return [{"role": message["role"], "parts": message["parts"]} for message in messages]


def counted_of(client):
    return [tuple(count or 0 for count in reading.usage) for reading in counted_among(sent_by(client))]


@pytest.mark.parametrize("client", SAME_STORY)
def test_the_first_call_asks_for_the_tool(client):
    call = next(call for call in llm_calls(client) if bare(call.output)[0]["parts"][0]["type"] == "tool_call")
    [message] = bare(call.output)
    assert message["role"] == "assistant"
    assert [{name: part[name] for name in CALL} for part in message["parts"]] == [CALL]
    assert QUESTION in bare(call.input)


@pytest.mark.parametrize("client", SAME_STORY)
def test_the_second_call_knows_what_the_tool_said_and_answers(client):
    call = next(
        call
        for call in llm_calls(client)
        if [message["role"] for message in call.input][-2:] == ["assistant", "tool"] and bare(call.output) == [ANSWER]
    )
    [result] = call.input[-1]["parts"]
    assert (result["type"], result["response"]) == ("tool_call_response", TOOL_RESULTS.get(client, "14 °C, rain"))


@pytest.mark.parametrize(
    ("client", "usages"),
    [
        ("langfuse", [FIRST, SECOND, Usage(20, 4)]),
        ("langsmith", [FIRST, SECOND]),
        ("litellm-generic", [EMBEDDING, FIRST, SECOND]),
        ("litellm-otel", [EMBEDDING, FIRST, SECOND]),
        ("logfire", [FIRST, SECOND]),
        ("openai-agents", [FIRST, SECOND]),
        ("openai-agents-chat", [FIRST, SECOND]),
        ("openinference-anthropic", [Usage(1120, 41, None, 1024), Usage(1174, 19, 1024)]),
        ("openinference-langchain", [FIRST, SECOND]),
        ("openinference-openai", [EMBEDDING, FIRST, SECOND, SECOND]),
        ("openllmetry", [EMBEDDING, FIRST, SECOND._replace(reasoning=None)]),
        ("opentelemetry-js-json", [FIRST._replace(reasoning=None), SECOND._replace(reasoning=None)]),
        ("opentelemetry-js-proto", [FIRST._replace(reasoning=None), SECOND._replace(reasoning=None)]),
        ("opentelemetry-openai-v2", [EMBEDDING, Usage(1200, 52), Usage(1280, 78)]),
        ("opentelemetry-sdk", [FIRST, SECOND]),
        ("pydantic-ai", [Usage(61, 5), Usage(62, 9)]),
        ("vercel-ai", [EMBEDDING, FIRST, SECOND, SECOND]),
    ],
)
def test_tokens_are_counted_once(client, usages):
    assert sorted(counted_of(client)) == sorted(tuple(count or 0 for count in usage) for usage in usages)


@pytest.mark.parametrize("client", [path.stem for path in sorted(PAYLOADS.glob("*.json"))])
def test_every_reading_can_be_stored_as_json(client):
    for _, reading in sent_by(client):
        json.dumps([reading.input, reading.output, reading.tools, reading.documents, reading.metadata], allow_nan=False)


@pytest.mark.parametrize(
    ("client", "kinds"),
    [
        (
            "langfuse",
            {
                ("weather-agent", "agent"),
                ("OpenAI-generation", "llm"),
                ("get_weather", "tool"),
                ("summarise", "llm"),
            },
        ),
        (
            "openllmetry",
            {
                ("weather-question.workflow", "chain"),
                ("weather-agent.agent", "agent"),
                ("openai.embeddings", "embedding"),
                ("openai.chat", "llm"),
                ("get_weather.tool", "tool"),
            },
        ),
        (
            "openinference-langchain",
            {
                ("weather-agent", "agent"),
                ("model", "chain"),
                ("ChatOpenAI", "llm"),
                ("tools", "chain"),
                ("get_weather", "tool"),
            },
        ),
        (
            "pydantic-ai",
            {
                ("invoke_agent weather-agent", "agent"),
                ("chat test", "llm"),
                ("execute_tool get_weather", "tool"),
            },
        ),
        (
            "vercel-ai",
            {
                ("weather-question", "other"),
                ("ai.embed", "chain"),
                ("ai.embed.doEmbed", "embedding"),
                ("ai.generateText", "chain"),
                ("ai.generateText.doGenerate", "llm"),
                ("ai.toolCall", "tool"),
                ("ai.streamText", "chain"),
                ("ai.streamText.doStream", "llm"),
            },
        ),
        (
            "openai-agents-chat",
            {
                ("Weather question", "chain"),
                ("weather-agent", "agent"),
                ("turn 1", "chain"),
                ("turn 2", "chain"),
                ("generation", "llm"),
                ("get_weather", "tool"),
            },
        ),
        (
            "litellm-otel",
            {
                ("weather-agent", "other"),
                ("litellm_request", "llm"),
                ("litellm_request", "embedding"),
                ("raw_gen_ai_request", "http"),
                ("get_weather", "other"),
            },
        ),
    ],
)
def test_kinds_are_told_apart(client, kinds):
    assert kinds_of(client) == kinds


@pytest.mark.parametrize(
    "client", ["langfuse", "openinference-openai", "openinference-langchain", "openllmetry", "vercel-ai", "langsmith"]
)
def test_a_tool_span_has_what_it_was_asked_and_what_it_said(client):
    [tool] = [reading for _, reading in sent_by(client) if reading.kind is SpanKind.TOOL]
    assert tool.input in ("Paris", {"city": "Paris"})
    assert tool.output in ("14 °C, rain", {"output": "14 °C, rain"}, {"city": "Paris", "weather": "14 °C, rain"})


@pytest.mark.parametrize("client", ["langfuse", "openinference-openai", "openllmetry", "vercel-ai"])
def test_session_and_user_are_read(client):
    told = {(reading.session, reading.user) for _, reading in sent_by(client)} - {(None, None)}
    assert told == {("session-42", "user-7")}


@pytest.mark.parametrize("client", ["langfuse", "openinference-openai", "vercel-ai", "litellm-generic"])
def test_tags_are_read(client):
    assert {reading.tags for _, reading in sent_by(client)} - {()} == {("weather", "test")}


@pytest.mark.parametrize(
    ("client", "agent"),
    [
        ("langfuse", "weather-agent"),
        ("openinference-langchain", "weather-agent"),
        ("opentelemetry-sdk", "weather-agent"),
        ("pydantic-ai", "weather-agent"),
        ("litellm-otel", "weather"),
        ("openllmetry", "weather"),
        ("logfire", "weather"),
        ("openai-agents", "Weather question"),
    ],
)
def test_the_root_names_the_agent(client, agent):
    roots = {reading.agent for span, reading in sent_by(client) if span.parent_id is None and not reading.is_pending}
    assert roots == {agent}


def test_two_instrumentations_of_anthropic_are_one_call_with_its_cache():
    calls = sent_by("openinference-anthropic")
    assert [reading.kind for _, reading in calls].count(SpanKind.LLM) == 4
    assert [bare(reading.output)[0]["parts"][0]["type"] for reading in counted_among(calls)] == ["tool_call", "text"]


def test_a_pending_span_of_logfire_names_the_span_it_announces():
    ended = {span.span_id: span.parent_id for span, reading in sent_by("logfire") if not reading.is_pending}
    announced = {
        reading.real_span_id: reading.real_parent_id for _, reading in sent_by("logfire") if reading.is_pending
    }
    assert announced
    assert announced.items() <= ended.items()


def test_a_log_of_logfire_is_an_event():
    [log] = [reading for _, reading in sent_by("logfire") if reading.is_log and reading.kind is SpanKind.EVENT]
    assert log.name == "The log is read-only: weather-agent goes on"


def test_an_exception_is_read_with_its_type():
    [error] = [reading.error for _, reading in sent_by("logfire") if reading.error]
    assert (error.type, error.message) == ("PermissionError", "The log is read-only.")


def test_an_error_without_an_exception_is_read_from_the_status():
    [error] = [reading.error for _, reading in sent_by("opentelemetry-openai-v2") if reading.error]
    assert error == Failure("RateLimitError", "Error code: 429 - The stand-in was asked to fail with 429.")


def test_content_that_the_agents_sdk_keeps_to_itself_is_noted():
    notes = {reading.note for _, reading in sent_by("openai-agents") if reading.kind is SpanKind.LLM}
    switch = 'set_default_openai_api("chat_completions"): of the Responses API the SDK exports no content'
    assert notes == {f"The sender left the content out. To send it: {switch}."}


def test_the_first_token_of_a_stream_is_timed():
    assert all(
        any(reading.first_token_ms for _, reading in sent_by(client))
        for client in ("langfuse", "openinference-openai", "openllmetry", "vercel-ai")
    )


def test_a_run_of_pydantic_ai_is_the_whole_conversation():
    [run] = [reading for _, reading in sent_by("pydantic-ai") if reading.kind is SpanKind.AGENT]
    assert bare(run.input)[:2] == [SYSTEM, QUESTION]
    assert bare(run.output) == [says("assistant", "Take an umbrella.")]


def test_one_call_of_litellm_is_one_trace_with_the_others_of_its_session():
    assert len({span.trace_id for span, _ in sent_by("litellm-generic")}) == 1
