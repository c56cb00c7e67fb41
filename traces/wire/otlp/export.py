"""Decodes the body of an OTLP export of traces, in either encoding; traces/api is the caller."""

from typing import Literal

from traces.wire.otlp.otlp_json import decode_json
from traces.wire.otlp.protobuf import decode_protobuf
from traces.wire.otlp.span import Export, MalformedExport


def decode_export(body: bytes, content_type: Literal["protobuf", "json"]) -> Export:
    """The export's spans; bad ones are counted and left out. Raises MalformedExport for what is no export at all.

    An empty body is malformed too, although protobuf would read it as an export of nothing: it is what is left of a
    chunked body that a server lost.
    """
    if not body:
        raise MalformedExport("The body is empty.")
    return decode_protobuf(body) if content_type == "protobuf" else decode_json(body)
