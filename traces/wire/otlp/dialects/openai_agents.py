"""The OpenAI Agents SDK, whose exports `openai_agents.py` decodes into the conventions that gen_ai.py reads."""

from traces.wire.otlp.span import OtlpSpan
from traces.wire.otlp.words import Dialect, Said

_SWITCH = 'set_default_openai_api("chat_completions"): of the Responses API the SDK exports no content'


def read(span: OtlpSpan) -> Said:
    return Said(content_switch=_SWITCH if span.attributes.get("openai_agents.type") == "response" else None)


DIALECT = Dialect(read, frozenset({"openai_agents"}))
