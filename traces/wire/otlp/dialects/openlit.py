"""OpenLIT's instrumentations, beside the conventions that gen_ai.py reads."""

from traces.wire.otlp.span import OtlpSpan
from traces.wire.otlp.values import decoded, text
from traces.wire.otlp.words import Dialect, Said


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    return Said(
        input=lambda: decoded(a.get("gen_ai.tool.args")) if a.get("gen_ai.operation.name") == "execute_tool" else None,
        environment=text(a, "gen_ai.environment"),
        agent=text(a, "gen_ai.application_name"),
    )


DIALECT = Dialect(read, frozenset({"gen_ai"}))
