"""Dialects of which no payload of a real client is at hand, by the table of attributes; and rules across dialects."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.records import SpanKind
from traces.tests.wire.otlp_spans import make_event, make_span, read, says
from traces.wire.otlp.dialects import DIALECTS
from traces.wire.otlp.failures import events_to_keep
from traces.wire.otlp.reading import read_span
from traces.wire.otlp.words import Failure, Reading, Usage

LLM, TOOL, AGENT, CHAIN = SpanKind.LLM, SpanKind.TOOL, SpanKind.AGENT, SpanKind.CHAIN


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"langfuse.observation.type": "retriever", "openinference.span.kind": "LLM"}, SpanKind.RETRIEVER),
        ({"openinference.span.kind": "RERANKER", "gen_ai.operation.name": "chat"}, SpanKind.RETRIEVER),
        ({"openinference.span.kind": "UNKNOWN", "gen_ai.operation.name": "chat"}, LLM),
        ({"gen_ai.operation.name": "invoke_agent", "traceloop.span.kind": "task"}, AGENT),
        ({"gen_ai.operation.name": "vector_db_retrieve"}, SpanKind.RETRIEVER),
        ({"gen_ai.operation.name": "agent_step"}, CHAIN),
        ({"langsmith.span.kind": "chain"}, CHAIN),
        ({"lmnr.span.type": "LLM"}, LLM),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, LLM),
        ({"traceloop.span.kind": "workflow"}, CHAIN),
        ({"genkit:metadata:subtype": "tool"}, TOOL),
        ({"operation.name": "ai.generateText.doGenerate fn1"}, LLM),
        ({"ai.operationId": "ai.streamObject"}, CHAIN),
        ({"span.type": "claude_code.hook"}, SpanKind.OTHER),
        ({"mcp.method.name": "tools/call"}, TOOL),
        ({"gen_ai.tool.name": "search"}, TOOL),
        ({"gen_ai.tool.name": "search", "gen_ai.operation.name": "chat"}, LLM),
        ({"gen_ai.request.model": "gpt-5"}, LLM),
        ({"db.system": "pinecone"}, SpanKind.RETRIEVER),
        ({"db.system": "postgresql"}, SpanKind.OTHER),
        ({"http.request.method": "GET"}, SpanKind.HTTP),
        ({"logfire.span_type": "log"}, SpanKind.EVENT),
        ({"anything": 1}, SpanKind.OTHER),
    ],
)
def test_the_first_dialect_that_knows_the_kind_says_it(attributes, kind):
    assert read(attributes).kind is kind


def test_every_kind_has_a_word_in_every_dialect_that_is_listed_once():
    assert len(DIALECTS) == len({dialect.read.__module__ for dialect in DIALECTS})


@pytest.mark.parametrize(
    ("told", "provider"),
    [
        ("openai.chat", "openai"),
        ("OpenAI", "openai"),
        ("gcp.gemini", "google"),
        ("aws.bedrock", "aws"),
        ("Langchain", None),
    ],
)
def test_a_provider_is_one_word(told, provider):
    assert read({"gen_ai.system": told}).provider == provider


# --- gen_ai, former conventions -------------------------------------------------------------------------------------


def test_messages_as_events_are_read():
    reading = read(
        {"gen_ai.operation.name": "chat"},
        make_event("gen_ai.system.message", {"content": "be short"}),
        make_event("gen_ai.user.message", {"content": "hi"}),
        make_event("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": '{"content": "hello"}'}),
    )
    assert reading.input == [says("system", "be short"), says("user", "hi")]
    assert reading.output == [{**says("assistant", "hello"), "finish_reason": "stop"}]


def test_the_event_with_the_details_of_a_call_is_read():
    details = {"gen_ai.input.messages": [says("user", "hi")], "gen_ai.output.messages": [says("assistant", "hello")]}
    reading = read({"gen_ai.operation.name": "chat"}, make_event("gen_ai.client.inference.operation.details", details))
    assert (reading.input, reading.output) == ([says("user", "hi")], [says("assistant", "hello")])


def test_flattened_messages_that_start_at_1_are_read():
    reading = read(
        {
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": "hi",
            "gen_ai.prompt.10.role": "user",
            "gen_ai.prompt.10.content": "still there?",
            "gen_ai.prompt.2.role": "assistant",
            "gen_ai.prompt.2.content": "hello",
            "gen_ai.completion.0.content": "yes",
        }
    )
    assert reading.input == [says("user", "hi"), says("assistant", "hello"), says("user", "still there?")]
    assert reading.output == [says("assistant", "yes")]


def test_former_names_of_tokens_are_read():
    usage = read({"gen_ai.usage.prompt_tokens": 12, "gen_ai.usage.completion_tokens": "3"}).usage
    assert usage == Usage(12, 3)


def test_an_input_smaller_than_its_cache_is_the_rest_without_it():
    usage = read({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 90}).usage
    assert usage == Usage(100, None, 90)


def test_the_sum_that_an_agent_reports_is_not_its_usage():
    assert read({"gen_ai.aggregated_usage.input_tokens": 12}).usage is None


@pytest.mark.parametrize(
    ("attributes", "milliseconds"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, 250),
        ({"gen_ai.server.time_to_first_token": "0.5"}, 500),
        ({"ai.response.msToFirstChunk": 12.4}, 12),
        ({"span.type": "llm_request", "ttft_ms": 31}, 31),
    ],
)
def test_the_time_to_the_first_token_is_in_milliseconds(attributes, milliseconds):
    assert read(attributes, name="claude_code.llm_request").first_token_ms == milliseconds


def test_tokens_without_content_bring_the_switch():
    note = read({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5}).note
    assert note == (
        "The sender left the content out. To send it: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY "
        "and OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental."
    )


@pytest.mark.parametrize(
    ("attributes", "scope", "switch"),
    [
        (
            {"gen_ai.operation.name": "chat"},
            "com.anthropic.sdk.python",
            "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE=content",
        ),
        ({"gen_ai.operation.name": "chat", "traceloop.workflow.name": "w"}, "", "TRACELOOP_TRACE_CONTENT=true"),
        (
            {"ai.operationId": "ai.generateText.doGenerate"},
            "ai",
            "experimental_telemetry: { recordInputs: true, recordOutputs: true }",
        ),
        (
            {"openinference.span.kind": "LLM"},
            "",
            "OPENINFERENCE_HIDE_INPUTS=false and OPENINFERENCE_HIDE_OUTPUTS=false",
        ),
    ],
)
def test_the_switch_is_that_of_the_library(attributes, scope, switch):
    note = read({**attributes, "gen_ai.usage.input_tokens": 5, "llm.token_count.prompt": 5}, scope_name=scope).note
    assert note == f"The sender left the content out. To send it: {switch}."


def test_content_brings_no_switch():
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5, "gen_ai.prompt": "hi"}
    assert read(attributes).note is None


# --- other dialects, by the table -----------------------------------------------------------------------------------


def test_mlflow_is_read():
    reading = read(
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.llm.model": '"gpt-5"',
            "mlflow.spanInputs": json.dumps({"messages": [{"role": "user", "content": "hi"}]}),
            "mlflow.spanOutputs": '"hello"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}',
            "mlflow.trace.session": '"s1"',
        }
    )
    assert (reading.kind, reading.model, reading.usage, reading.session) == (LLM, "gpt-5", Usage(5, 2), "s1")
    assert (reading.input, reading.output) == ([says("user", "hi")], [says("assistant", "hello")])


def test_laminar_is_read():
    reading = read(
        {
            "lmnr.span.type": "TOOL",
            "lmnr.span.input": '{"city": "Paris"}',
            "lmnr.span.output": '"rain"',
            "lmnr.association.properties.session_id": "s1",
            "lmnr.association.properties.user_id": 7,
            "lmnr.association.properties.metadata.plan": '"free"',
            "gen_ai.usage.input_cost": 0.5,
            "gen_ai.usage.output_cost": 0.25,
        }
    )
    assert (reading.kind, reading.input, reading.output) == (TOOL, {"city": "Paris"}, "rain")
    assert (reading.session, reading.user, reading.metadata) == ("s1", "7", {"plan": "free"})
    assert reading.reported_cost == Decimal("0.75")


def test_openai_s_own_messages_in_the_attributes_of_the_conventions_are_read():
    # Laminar puts them there.
    reading = read(
        {"gen_ai.output.messages": '[{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]'}
    )
    assert reading.output == [{**says("assistant", "hi"), "finish_reason": "stop"}]


def test_claude_code_s_input_leaves_the_cache_out():
    reading = read(
        {
            "span.type": "claude_code.llm_request",
            "model": "claude-sonnet-4-5",
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_read_tokens": 80,
            "cache_creation_tokens": 7,
        }
    )
    assert (reading.kind, reading.provider, reading.model) == (LLM, "anthropic", "claude-sonnet-4-5")
    assert reading.usage == Usage(97, 5, 80, 7)


def test_claude_code_s_tool_is_read_with_the_event_of_its_output():
    event = make_event("tool.output", {"output": "3 files"})
    reading = read(
        {"span.type": "tool", "tool_name": "Bash", "full_command": "ls", "success": False, "error": "exit 1"},
        event,
        name="claude_code.tool",
    )
    assert (reading.kind, reading.name, reading.input, reading.output) == (
        TOOL,
        "Bash",
        {"full_command": "ls"},
        "3 files",
    )
    assert reading.error == Failure(message="exit 1")


def test_a_redacted_prompt_of_claude_code_is_no_content():
    reading = read({"span.type": "claude_code.interaction", "user_prompt": "<REDACTED>"})
    assert reading.input is None


def test_another_span_type_is_not_claude_code_s():
    assert read({"span.type": "web"}).agent is None


def test_genkit_is_read():
    reading = read({"genkit:name": "menu", "genkit:metadata:subtype": "flow", "genkit:input": '{"dish": 1}'})
    assert (reading.kind, reading.name, reading.input) == (CHAIN, "menu", {"dish": 1})


def test_google_s_agent_development_kit_is_read():
    request = {
        "config": {"system_instruction": "be short"},
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
    }
    reading = read({"gcp.vertex.agent.llm_request": json.dumps(request), "gcp.vertex.agent.session_id": "s1"})
    assert (reading.input, reading.session) == ([says("system", "be short"), says("user", "hi")], "s1")


def test_an_mcp_call_is_read():
    reading = read({"mcp.method.name": "tools/call", "mcp.request.argument": '{"a": 1}', "mcp.response.value": "2"})
    assert (reading.kind, reading.input, reading.output) == (TOOL, {"a": 1}, "2")


def test_an_openlit_tool_s_arguments_are_read():
    reading = read({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.args": '{"a": 1}'})
    assert reading.input == {"a": 1}


def test_pydantic_ai_s_former_events_are_read():
    events = [
        {"event.name": "gen_ai.user.message", "content": "hi", "role": "user"},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "hello"}},
    ]
    reading = read({"events": json.dumps(events)})
    assert (reading.input, reading.output) == ([says("user", "hi")], [says("assistant", "hello")])


def test_documents_of_openinference_are_read():
    reading = read(
        {
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.id": "d1",
            "retrieval.documents.0.document.content": "It rains.",
            "retrieval.documents.0.document.score": 0.9,
            "retrieval.documents.0.document.metadata": '{"page": 3}',
        }
    )
    assert reading.documents == [{"id": "d1", "content": "It rains.", "score": 0.9, "metadata": {"page": 3}}]


def test_langfuse_s_own_usage_adds_up():
    details = json.dumps({"input": 100, "input_cached_tokens": 900, "output": 50, "total": 1050})
    usage = read({"langfuse.observation.usage_details": details}).usage
    assert usage == Usage(1000, 50, 900)


def test_langfuse_s_level_is_an_error():
    attributes = {"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "no money"}
    assert read(attributes).error == Failure(message="no money")


# --- errors, events, resources --------------------------------------------------------------------------------------


def test_the_last_exception_of_a_failed_span_is_its_error():
    exceptions = [
        make_event(
            "exception", {"exception.type": name, "exception.message": name.lower(), "exception.stacktrace": "at"}
        )
        for name in ("First", "Last")
    ]
    assert read({}, *exceptions, status_code=2).error == Failure("Last", "last", "at")


def test_an_exception_that_was_handled_is_no_error():
    assert read({}, make_event("exception", {"exception.type": "Handled"})).error is None


def test_an_exception_that_escaped_is_an_error_without_a_status():
    escaped = make_event("exception", {"exception.type": "Escaped", "exception.escaped": "True"})
    assert read({}, escaped).error == Failure("Escaped")


def test_a_failed_request_is_an_error():
    assert read({"http.request.method": "GET", "http.response.status_code": 503}).error == Failure("503")


def test_chunks_and_doubles_of_exceptions_are_not_kept():
    exception = make_event("exception", {"exception.type": "E", "exception.message": "m"})
    chunk, other = make_event("gen_ai.content.completion.chunk"), make_event("retry")
    span = make_span({}, chunk, exception, chunk, other, exception, make_event("mlflow.chunk.item.0"))
    assert events_to_keep(span) == [exception, other]


def test_the_first_chunk_times_the_first_token():
    chunks = [make_event("llm.content.completion.chunk", after_ms=after) for after in (80, 40, 90)]
    assert read({"gen_ai.request.model": "m"}, *chunks).first_token_ms == 40


def test_environment_release_and_service_are_read_from_the_resource():
    resource = {"deployment.environment": "live", "service.version": "1.2", "service.name": "shop"}
    reading = read({}, resource=resource)
    assert (reading.environment, reading.release, reading.agent) == ("live", "1.2", "shop")


def test_a_service_that_named_itself_after_nothing_is_no_agent():
    assert read({}, resource={"service.name": "unknown_service:python"}).agent is None


NAMES = st.sampled_from(
    [
        "langfuse.observation.type",
        "langfuse.observation.input",
        "langfuse.observation.usage_details",
        "langfuse.trace.metadata",
        "langfuse.observation.completion_start_time",
        "langfuse.observation.cost_details",
        "openinference.span.kind",
        "metadata",
        "llm.input_messages.0.message.role",
        "llm.input_messages.0.message.content",
        "llm.input_messages.0.message",
        "llm.input_messages.0.message.contents.0.message_content.image",
        "llm.input_messages.0.message.tool_calls.0.tool_call",
        "llm.output_messages.x",
        "llm.tools.0.tool.json_schema",
        "llm.token_count.prompt",
        "llm.invocation_parameters",
        "input.value",
        "output.value",
        "tag.tags",
        "retrieval.documents.0.document",
        "gen_ai.operation.name",
        "gen_ai.input.messages",
        "gen_ai.prompt",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.definitions",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.cost",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.prompt.0.role",
        "gen_ai.prompt.0",
        "gen_ai.completion.0.content",
        "gen_ai.completion.0.tool_calls.0",
        "gen_ai.usage.raw",
        "traceloop.span.kind",
        "traceloop.entity.input",
        "llm.request.functions.0.parameters",
        "llm.request.type",
        "ai.operationId",
        "ai.prompt.tools",
        "ai.values",
        "ai.response.toolCalls",
        "ai.response.providerMetadata",
        "ai.toolCall.args",
        "ai.settings.x",
        "logfire.json_schema",
        "logfire.level_num",
        "logfire.span_type",
        "logfire.pending_parent_id",
        "return",
        "final_result",
        "events",
        "pydantic_ai.all_messages",
        "mlflow.spanType",
        "mlflow.spanInputs",
        "mlflow.spanOutputs",
        "mlflow.chat.tokenUsage",
        "langsmith.metadata.usage_metadata",
        "langsmith.span.tags",
        "lmnr.span.input",
        "lmnr.association.properties.tags",
        "span.type",
        "input_tokens",
        "user_prompt",
        "success",
        "genkit:input",
        "gcp.vertex.agent.llm_request",
        "mcp.method.name",
        "metadata.usage_object",
        "litellm.call_id",
        "http.response.status_code",
        "session.id",
        "user.id",
        "error.type",
        "openai_agents.type",
    ]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
WORDS = st.sampled_from(
    ["chat", "LLM", "TOOL", "tool", "retriever", "RETRIEVER", "claude_code.tool", "log", "pending_span", "assistant"]
)
KEYS = st.sampled_from(
    [
        "role",
        "content",
        "parts",
        "type",
        "text",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "messages",
        "choices",
        "message",
        "kwargs",
        "data",
        "prompt",
        "system",
        "output",
        "input",
        "kind",
        "args",
        "usage",
        "prompt_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "properties",
        "config",
        "contents",
        "image",
        "image_url",
        "source",
        "update",
        "total",
        "thinking",
        "summary",
        "functionCall",
        "refusal",
        "finish_reason",
        "page_content",
    ]
)
TYPES = st.sampled_from(
    ["text", "image", "tool_use", "tool_result", "reasoning", "function_call", "human", "constructor"]
)
VALUES = st.recursive(
    PLAIN | WORDS | TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)
MAYBE_JSON = VALUES | VALUES.map(json.dumps) | VALUES.map(json.dumps).map(json.dumps)
EVENTS = st.builds(
    make_event,
    st.sampled_from(
        [
            "exception",
            "gen_ai.choice",
            "gen_ai.user.message",
            "gen_ai.client.inference.operation.details",
            "tool.output",
        ]
    ),
    st.dictionaries(
        st.sampled_from(["message", "content", "exception.type", "gen_ai.input.messages", "output"]), MAYBE_JSON
    ),
)


@given(st.dictionaries(NAMES, MAYBE_JSON, max_size=6), st.lists(EVENTS, max_size=3), st.sampled_from([0, 1, 2]))
def test_no_attributes_make_reading_raise(attributes, events, status):
    reading = read_span(make_span(attributes, *events, status_code=status, name="claude_code.tool"))
    assert isinstance(reading, Reading)
    json.dumps([reading.input, reading.output, reading.tools, reading.documents, reading.metadata, reading.parameters])
