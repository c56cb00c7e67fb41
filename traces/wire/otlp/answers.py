"""What a receiver of OTLP answers, in either encoding; traces/api is the caller. Pure."""

import json

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse


def protobuf(rejected: int, reason: str) -> bytes:
    """An ExportTraceServiceResponse; no bytes at all if everything was stored and there is nothing to say."""
    response = ExportTraceServiceResponse()
    if rejected or reason:
        response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = reason
    return bytes(response.SerializeToString())


def json_text(rejected: int, reason: str) -> str:
    """The same by protobuf's JSON mapping, in which 64-bit integers are strings."""
    if not rejected and not reason:
        return "{}"
    return json.dumps({"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": reason}})


def project_info(name: str, url: str) -> dict[str, str]:
    """Logfire's `GET /v1/info`: the project that a token is of, and the page that its SDK tells the user to open."""
    return {"project_name": name, "project_url": url}
