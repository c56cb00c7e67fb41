"""Spans written by hand as OpenTelemetry's GenAI conventions say, over OTLP's http/protobuf exporter."""

import json

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from story import AGENT, DESCRIPTION, MODEL, PARAMETERS, QUESTION, SESSION, SYSTEM, TOOLS, get_weather

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("weather", "1.0.0")
client = OpenAI()

SYSTEM_PARTS = json.dumps([{"type": "text", "content": SYSTEM}])
OFFERED = json.dumps(
    [{"type": "function", "name": "get_weather", "description": DESCRIPTION, "parameters": PARAMETERS}]
)
USER = {"role": "user", "parts": [{"type": "text", "content": QUESTION}]}


def chat(spoken: list[dict], sent: list[dict]) -> object:
    """One call of the model; `spoken` is the conversation in the conventions' words, `sent` in OpenAI's."""
    with tracer.start_as_current_span(f"chat {MODEL}", kind=SpanKind.CLIENT) as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": MODEL,
                "gen_ai.request.max_tokens": 500,
                "gen_ai.system_instructions": SYSTEM_PARTS,
                "gen_ai.tool.definitions": OFFERED,
                "gen_ai.input.messages": json.dumps(spoken, ensure_ascii=False),
            }
        )
        answer = client.chat.completions.create(model=MODEL, messages=sent, tools=TOOLS, max_completion_tokens=500)
        note_answer(span, answer)
        return answer.choices[0].message


def note_answer(span: Span, answer: object) -> None:
    choice, usage = answer.choices[0], answer.usage
    said = {"role": "assistant", "parts": parts(choice.message), "finish_reason": choice.finish_reason}
    span.set_attributes(
        {
            "gen_ai.response.id": answer.id,
            "gen_ai.response.model": answer.model,
            "gen_ai.response.finish_reasons": [choice.finish_reason],
            "gen_ai.output.messages": json.dumps([said], ensure_ascii=False),
            "gen_ai.usage.input_tokens": usage.prompt_tokens,
            "gen_ai.usage.output_tokens": usage.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.prompt_tokens_details.cached_tokens,
            "gen_ai.usage.reasoning.output_tokens": usage.completion_tokens_details.reasoning_tokens,
        }
    )


def parts(message: object) -> list[dict]:
    if not message.tool_calls:
        return [{"type": "text", "content": message.content}]
    return [
        {
            "type": "tool_call",
            "id": call.id,
            "name": call.function.name,
            "arguments": json.loads(call.function.arguments),
        }
        for call in message.tool_calls
    ]


def call_tool(call: object) -> str:
    name = call.function.name
    with tracer.start_as_current_span(f"execute_tool {name}") as span:
        result = get_weather(**json.loads(call.function.arguments))
        span.set_attributes(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": name,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.description": DESCRIPTION,
                "gen_ai.tool.call.id": call.id,
                "gen_ai.tool.call.arguments": call.function.arguments,
                "gen_ai.tool.call.result": json.dumps(result, ensure_ascii=False),
            }
        )
        return result


def write_log() -> None:
    """A step that fails, and whose failure the agent survives."""
    with tracer.start_as_current_span("execute_tool write_log") as span:
        span.set_attributes({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "write_log"})
        problem = PermissionError("The log is read-only.")
        span.record_exception(problem)
        span.set_attribute("error.type", "PermissionError")
        span.set_status(Status(StatusCode.ERROR, str(problem)))


def main() -> None:
    sent = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    with tracer.start_as_current_span(f"invoke_agent {AGENT}") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.provider.name": "openai",
                "gen_ai.agent.name": AGENT,
                "gen_ai.conversation.id": SESSION,
            }
        )
        asked = chat([USER], sent)
        (call,) = asked.tool_calls
        result = call_tool(call)
        answered = {"type": "tool_call_response", "id": call.id, "response": result}
        spoken = [USER, {"role": "assistant", "parts": parts(asked)}, {"role": "tool", "parts": [answered]}]
        sent += [asked.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": result}]
        chat(spoken, sent)
        write_log()


main()
provider.shutdown()
