"""Decodes an OTLP export in JSON, as the specification has it and as clients write it; export.py is the caller.

"trace_id and span_id are hex strings, enumerations are integers, 64-bit integers are decimal strings, keys are
lowerCamelCase" (OTLP, JSON Protobuf Encoding). Seen besides: base64 ids, names of enumerations, integers as numbers,
snake_case keys, attributes as one object. All of these are read.
"""

import json
import re
from typing import Any

from tracen.lib.json_body import repair_value
from traces.wire.otlp import checks
from traces.wire.otlp.span import Attributes, BadSpan, Event, Export, Link, MalformedExport, OtlpSpan

NOT_JSON = "The body is not JSON."
NOT_AN_EXPORT = "The body has no resourceSpans."
_MAX_COMMAS = 1_000_000
"""20 MiB of `[],[],` would cost gigabytes; an export of that size has half as many."""
_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUSES = {"ok": 1, "error": 2}
_NUMBER = re.compile(r"-?\d{1,30}")


def decode_json(body: bytes) -> Export:
    value = load(body)
    groups = _get(value, "resourceSpans", "resource_spans") if isinstance(value, dict) else None
    if not isinstance(groups, list) and value != {}:
        raise MalformedExport(NOT_AN_EXPORT)
    export = Export()
    for group in _objects(groups):
        resource = _resource(group.get("resource"))
        for of_scope in _objects(_get(group, "scopeSpans", "scope_spans", "instrumentationLibrarySpans")):
            _add_spans(export, of_scope, resource)
    return export


def load(body: bytes) -> Any:
    """The JSON value in a body, its texts repaired; raises MalformedExport."""
    # What is not UTF-8 becomes U+FFFD: in JSON, unlike in protobuf, the rest of the text stays readable.
    text = body.decode("utf-8-sig", "replace")
    if text.count(",") > _MAX_COMMAS:
        raise MalformedExport(f"The body has more than {_MAX_COMMAS} values.")
    try:
        value = _DECODER.decode(text)
        return repair_value(value) if "\\u0000" in text or "\\ud" in text or "\\uD" in text else value
    except RecursionError:
        raise MalformedExport("The body is nested too deeply.") from None
    except ValueError:
        raise MalformedExport(NOT_JSON) from None


def _integer(digits: str) -> int | str:
    return checks.whole(int(digits)) if len(digits) <= 20 else digits


_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=lambda digits: checks.finite(float(digits)), parse_constant=str
)


def _add_spans(export: Export, of_scope: dict[str, Any], resource: Attributes) -> None:
    scope = of_scope.get("scope") or of_scope.get("instrumentationLibrary")
    scope = scope if isinstance(scope, dict) else {}
    spans = of_scope.get("spans")
    for sent in spans if isinstance(spans, list) else []:
        try:
            span = _span(sent)
        except BadSpan as bad:
            export.reject(str(bad))
        else:
            span.resource, span.scope_name, span.scope_version = resource, _text(scope, "name"), _text(scope, "version")
            export.spans.append(span)


def _resource(sent: Any) -> Attributes:
    """A resource that cannot be read is worth less than the spans that name it."""
    try:
        return attributes_of(sent.get("attributes")) if isinstance(sent, dict) else {}
    except BadSpan:
        return {}


def _span(sent: Any) -> OtlpSpan:
    if not isinstance(sent, dict):
        raise BadSpan("A span is not an object.")
    started = _whole(_get(sent, "startTimeUnixNano", "start_time_unix_nano"))
    ended = _whole(_get(sent, "endTimeUnixNano", "end_time_unix_nano"))
    events, links = _objects(sent.get("events")), _objects(sent.get("links"))
    checks.check_times(started, ended)
    checks.check_sizes((), events, links)
    status = sent.get("status")
    status = status if isinstance(status, dict) else {"code": status}
    return OtlpSpan(
        checks.trace_id(checks.hex_of(_text(sent, "traceId", "trace_id"))),
        checks.span_id(checks.hex_of(_text(sent, "spanId", "span_id"))),
        checks.parent_id(checks.hex_of(_text(sent, "parentSpanId", "parent_span_id"))),
        checks.span_name(_text(sent, "name")),
        started,
        ended,
        _enumerated(sent.get("kind"), "span_kind_", _KINDS),
        attributes_of(sent.get("attributes")),
        [_event(event, started) for event in events],
        [_link(link) for link in links],
        _enumerated(status.get("code"), "status_code_", _STATUSES),
        _text(status, "message"),
    )


def _event(sent: dict[str, Any], started_ns: int) -> Event:
    at_ns = checks.event_time(_whole(_get(sent, "timeUnixNano", "time_unix_nano")), started_ns)
    return Event(_text(sent, "name"), at_ns, attributes_of(sent.get("attributes")))


def _link(sent: dict[str, Any]) -> Link:
    trace_id = checks.hex_of(_text(sent, "traceId", "trace_id"))
    span_id = checks.hex_of(_text(sent, "spanId", "span_id"))
    return Link(trace_id, span_id, attributes_of(sent.get("attributes")))


def attributes_of(sent: Any, depth: int = 1) -> Attributes:
    """Attributes as a list of pairs, or as the object that some clients write instead."""
    pairs = (
        sent.items() if isinstance(sent, dict) else [(_text(pair, "key"), pair.get("value")) for pair in _objects(sent)]
    )
    checks.check_sizes(pairs, (), ())
    return {name: _value(value, depth) for name, value in pairs}


def _value(sent: Any, depth: int) -> Any:
    """What an AnyValue holds; a plain value is taken as it is."""
    if not isinstance(sent, dict | list):
        return sent
    if isinstance(sent, dict) and len(sent) == 1:
        [(name, held)] = sent.items()
        if unwrap := _ANY_VALUES.get(name):
            return unwrap(held, depth)
    checks.check_depth(depth)
    if isinstance(sent, list):
        return [_value(item, depth + 1) for item in sent]
    return {name: _value(item, depth + 1) for name, item in sent.items()}


def _integer_value(held: Any, _: int) -> Any:
    """int64 is a decimal string in JSON, a number from JavaScript."""
    return checks.whole(int(held)) if isinstance(held, str) and _NUMBER.fullmatch(held) else held


def _list_value(held: Any, depth: int) -> Any:
    checks.check_depth(depth)
    values = held.get("values") if isinstance(held, dict) else held
    return [_value(item, depth + 1) for item in values] if isinstance(values, list) else []


def _object_value(held: Any, depth: int) -> Any:
    checks.check_depth(depth)
    return attributes_of(held.get("values") if isinstance(held, dict) else held, depth + 1)


def _scalar(held: Any, depth: int) -> Any:
    if not isinstance(held, dict | list):
        return held
    # A wrapper within a wrapper: nobody means it, and there may be a thousand of them.
    checks.check_depth(depth)
    return _value(held, depth + 1)


_ANY_VALUES = {
    "stringValue": _scalar,
    "string_value": _scalar,
    "boolValue": _scalar,
    "bool_value": _scalar,
    "doubleValue": _scalar,
    "double_value": _scalar,
    "bytesValue": _scalar,
    "bytes_value": _scalar,
    "intValue": _integer_value,
    "int_value": _integer_value,
    "arrayValue": _list_value,
    "array_value": _list_value,
    "kvlistValue": _object_value,
    "kvlist_value": _object_value,
}


def _get(sent: dict[str, Any], *names: str) -> Any:
    return next((sent[name] for name in names if name in sent), None)


def _text(sent: dict[str, Any], *names: str) -> str:
    value = _get(sent, *names)
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    """A time in nanoseconds; -1, which no check lets in, for what is no such number."""
    if value is None:
        return 0
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _enumerated(value: Any, prefix: str, names: dict[str, int]) -> int:
    """The number of an enumeration's word; 0, which is "unspecified" in all of them, for anything unknown."""
    if isinstance(value, str):
        return names.get(value.lower().removeprefix(prefix), 0)
    return value if isinstance(value, int) and value in names.values() else 0


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
