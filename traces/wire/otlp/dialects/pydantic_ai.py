"""Pydantic AI, beside the conventions that gen_ai.py reads: whole runs, and messages as a list of events."""

from typing import Any

from traces.wire.otlp.dialects.gen_ai import messages_of_events
from traces.wire.otlp.messages import conversation_or_value, join_messages, messages_of
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import decoded, dollars, first, objects, text
from traces.wire.otlp.words import Dialect, Said


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    return Said(
        model_requested=text(a, "model_name") if "gen_ai.operation.name" not in a and "agent_name" in a else None,
        input=lambda: _of_events(a)[0] or _run(a) or decoded(a.get("tool_arguments")),
        output=lambda: _of_events(a)[1] or _result(a),
        reported_cost=dollars(a.get("operation.cost")),
        agent=text(a, "agent_name"),
        content_switch="InstrumentationSettings(include_content=True)",
    )


def _of_events(a: Attributes) -> tuple[Any, Any]:
    events = objects(first(a, "events", "all_messages_events"))
    return messages_of_events([(str(event.get("event.name")), event) for event in events])


def _run(a: Attributes) -> Any:
    """All messages of a run: its instructions, the question, and what the agent and its tools said after it."""
    messages = messages_of(a.get("pydantic_ai.all_messages"))
    instructions = a.get("gen_ai.system_instructions")
    system = messages_of([{"role": "system", "content": decoded(instructions)}]) if messages and instructions else None
    return join_messages(system, messages)


def _result(a: Attributes) -> Any:
    if "final_result" in a:
        return conversation_or_value(a["final_result"], "assistant")
    return decoded(a.get("tool_response"))


DIALECT = Dialect(
    read,
    frozenset(
        {
            "pydantic_ai",
            "events",
            "all_messages_events",
            "final_result",
            "tool_arguments",
            "tool_response",
            "agent_name",
        }
    ),
)
