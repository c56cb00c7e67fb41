"""Decodes an OTLP export in protobuf; export.py is the caller.

protobuf refuses a whole message for one text that is not UTF-8 or one value nested too deep. So the export is first
taken apart with spans left as bytes, then each span is parsed by itself: a third of a microsecond more for each, and
a bad span costs only itself.
"""

import base64
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tracen.lib.json_body import repair_text
from traces.wire.otlp import checks
from traces.wire.otlp.span import Attributes, BadSpan, Event, Export, Link, MalformedExport, OtlpSpan

_UNREADABLE = "A span is not readable protobuf; its texts must be UTF-8."


def decode_protobuf(body: bytes) -> Export:
    envelope = _parse_envelope(body)
    export = Export()
    for of_resource in envelope.resource_spans:
        resource = _resource(of_resource.resource)
        for of_scope in of_resource.scope_spans:
            name, version = _scope(of_scope.scope)
            for raw in of_scope.spans:
                try:
                    span = _span(Span.FromString(raw))
                except DecodeError:
                    export.reject(_UNREADABLE)
                except BadSpan as bad:
                    export.reject(str(bad))
                else:
                    span.resource, span.scope_name, span.scope_version = resource, name, version
                    export.spans.append(span)
    return export


def _parse_envelope(body: bytes) -> Any:
    try:
        envelope = _envelope().FromString(body)
    except DecodeError:
        raise MalformedExport("The body is not an OTLP export in protobuf.") from None
    if not envelope.resource_spans:
        raise MalformedExport("The body has no resource spans.")
    return envelope


@lru_cache(maxsize=1)
def _envelope() -> Any:
    """ExportTraceServiceRequest with the field numbers of opentelemetry/proto/trace/v1/trace.proto, its leaves as bytes."""
    file = FileDescriptorProto(name="tracen/otlp_envelope.proto", package="tracen.otlp", syntax="proto3")
    _add_message(file, "ScopeSpans", scope=(1, ""), spans=(2, "*"))
    _add_message(file, "ResourceSpans", resource=(1, ""), scope_spans=(2, "ScopeSpans"))
    _add_message(file, "Export", resource_spans=(1, "ResourceSpans"))
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("tracen.otlp.Export"))


def _add_message(file: FileDescriptorProto, name: str, **fields: tuple[int, str]) -> None:
    """Each field is a number and a type: "" is bytes, "*" a list of bytes, a name a list of such messages."""
    message = file.message_type.add(name=name)
    for field_name, (number, of_type) in fields.items():
        message.field.add(
            name=field_name,
            number=number,
            label=FieldDescriptorProto.LABEL_REPEATED if of_type else FieldDescriptorProto.LABEL_OPTIONAL,
            type=FieldDescriptorProto.TYPE_BYTES if of_type in ("", "*") else FieldDescriptorProto.TYPE_MESSAGE,
            type_name=None if of_type in ("", "*") else f".tracen.otlp.{of_type}",
        )


def _resource(raw: bytes) -> Attributes:
    """A resource that cannot be read is worth less than the spans that name it."""
    try:
        return _attributes(Resource.FromString(raw).attributes)
    except (DecodeError, BadSpan):
        return {}


def _scope(raw: bytes) -> tuple[str, str]:
    try:
        scope = InstrumentationScope.FromString(raw)
    except DecodeError:
        return "", ""
    return _text(scope.name), _text(scope.version)


def _span(sent: Span) -> OtlpSpan:
    started, ended, status = sent.start_time_unix_nano, sent.end_time_unix_nano, sent.status
    checks.check_times(started, ended)
    checks.check_sizes(sent.attributes, sent.events, sent.links)
    return OtlpSpan(
        checks.trace_id(sent.trace_id.hex()),
        checks.span_id(sent.span_id.hex()),
        checks.parent_id(sent.parent_span_id.hex()),
        checks.span_name(_text(sent.name)),
        started,
        ended,
        sent.kind,
        _attributes(sent.attributes),
        [_event(event, started) for event in sent.events],
        [Link(link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes)) for link in sent.links],
        status.code,
        _text(status.message),
    )


def _event(sent: Span.Event, started_ns: int) -> Event:
    checks.check_sizes(sent.attributes, (), ())
    at_ns = checks.event_time(sent.time_unix_nano, started_ns)
    return Event(_text(sent.name), at_ns, _attributes(sent.attributes))


def _text(text: str) -> str:
    # protobuf has no lone surrogates; NUL is all that can need repair, and looking for it alone is fast.
    return repair_text(text) if "\0" in text else text


def _attributes(pairs: Iterable[Any], depth: int = 1) -> Attributes:
    attributes = {}
    for pair in pairs:
        value = pair.value
        # Most values are texts, and asking for one is cheaper than asking which kind it is.
        text = value.string_value
        attributes[_text(pair.key)] = _text(text) if text else _value(value, depth)
    return attributes


def _value(value: Any, depth: int) -> Any:
    which = value.WhichOneof("value")
    if which == "int_value":
        return value.int_value
    if which == "double_value":
        return checks.finite(value.double_value)
    if which in ("array_value", "kvlist_value"):
        checks.check_depth(depth)
        if which == "kvlist_value":
            return _attributes(value.kvlist_value.values, depth + 1)
        return [_text(item.string_value) or _value(item, depth + 1) for item in value.array_value.values]
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    return getattr(value, which) if which in ("bool_value", "string_value") else None
