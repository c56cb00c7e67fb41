"""Calls by the Model Context Protocol: `mcp.*`."""

from traces.records import SpanKind
from traces.wire.otlp.span import OtlpSpan
from traces.wire.otlp.values import decoded, first, text
from traces.wire.otlp.words import Dialect, Said


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    return Said(
        kind=SpanKind.TOOL if "mcp.method.name" in a else None,
        name=text(a, "mcp.tool.name", "gen_ai.tool.name"),
        input=lambda: decoded(first(a, "mcp.request.argument", "mcp.request.arguments")),
        output=lambda: decoded(a.get("mcp.response.value")),
        session=text(a, "mcp.session.id"),
    )


DIALECT = Dialect(read, frozenset({"mcp"}))
