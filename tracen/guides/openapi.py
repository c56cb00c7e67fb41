"""The API as an OpenAPI 3.1 document, built from the code's own limits and examples; served at /api/schema.

Hand-built: our validators are not serializers, so a generator that reads serializers would see nothing of them.
"""

from typing import Any

from tracen.guides import examples
from tracen.guides.examples import Example
from traces import limits
from traces.records import SpanStatus, TraceStatus

Schema = dict[str, Any]

_TIME: Schema = {"type": "string", "format": "date-time"}
_ID: Schema = {"type": "string", "format": "uuid"}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": limits.MAX_NAME_LENGTH}
_TEXT: Schema = {"type": "string"}


def document(base_url: str) -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tracen",
            "version": "1",
            "description": "Send what an LLM agent did, step by step or at once, and read it back.",
        },
        "servers": [{"url": base_url}],
        "security": [{"bearer": []}, {"header": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Tracen-Key"},
                "exporterHeader": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "basic": {"type": "http", "scheme": "basic", "description": "The key is the password."},
            },
            "schemas": _schemas(),
            "responses": _responses(),
            "parameters": {
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "schema": {"type": "string", "minLength": 1, "maxLength": limits.MAX_IDEMPOTENCY_KEY_LENGTH},
                    "description": f"The same key and body get the same answer for {limits.IDEMPOTENCY_HOURS} hours.",
                },
                "TraceId": {"name": "trace_id", "in": "path", "required": True, "schema": _ID},
            },
        },
    }


def _paths() -> Schema:
    one = "/api/v1/traces/{trace_id}"
    id_parameter = {"parameters": [{"$ref": "#/components/parameters/TraceId"}]}
    return {
        "/api/traces": {"post": _operation(examples.TRACEN_POST, "TracenTrace", "Created", "429", "422")},
        "/api/v1/traces": {
            "get": _operation(examples.NEXUS_LIST, None, "TraceList") | {"parameters": _list_parameters()},
            "post": _operation(examples.NEXUS_CREATE, "NexusTrace", "TraceId", "403", "429", "422"),
        },
        one: id_parameter
        | {
            "get": _operation(examples.NEXUS_GET, None, "Trace", "404"),
            "patch": _operation(examples.NEXUS_PATCH, "NexusEnd", "Ok", "404"),
        },
        f"{one}/spans": id_parameter | {"post": _operation(examples.NEXUS_SPAN, "NexusSpan", "SpanId", "404", "422")},
        "/v1/traces": {"post": _otlp_operation()},
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "Whether the service is up",
                "security": [],
                "responses": {"200": {"description": "It is.", **_json({"const": {"status": "ok"}})}},
            }
        },
    }


def _operation(example: Example, body: str | None, answer: str, *more_errors: str) -> Schema:
    errors = ("400", "401", "500", "503", *more_errors, *(("413", "415") if body else ()))
    operation: Schema = {
        "operationId": example.slug,
        "summary": example.title,
        "tags": [example.dialect],
        "responses": {
            str(example.status): {"description": "Done.", **_json(_ref(answer), example.answer)},
            **{status: {"$ref": f"#/components/responses/E{status}"} for status in sorted(errors)},
        },
    }
    if body:
        operation["requestBody"] = {"required": True, **_json(_ref(body), example.body)}
    if example.method == "POST":
        operation["parameters"] = [{"$ref": "#/components/parameters/IdempotencyKey"}]
    return operation


def _otlp_operation() -> Schema:
    """Exporters repeat a batch themselves, so there is no Idempotency-Key, and no trouble of ours is a 500."""
    example = examples.OTLP_EXPORT
    protobuf: Schema = {"application/x-protobuf": {"schema": {"type": "string", "format": "binary"}}}
    errors = ("400", "401", "413", "415", "503")
    return {
        "operationId": example.slug,
        "summary": example.title,
        "tags": [example.dialect],
        "security": [{name: []} for name in ("bearer", "header", "exporterHeader", "basic")],
        "requestBody": {
            "required": True,
            "content": _json(_ref("OtlpExport"), example.body)["content"] | protobuf,
        },
        "responses": {
            "200": {
                "description": "Stored, but for what partialSuccess names.",
                "content": _json(_ref("OtlpAnswer"), example.answer)["content"] | protobuf,
            },
            **{status: {"$ref": f"#/components/responses/E{status}"} for status in errors},
        },
    }


def _json(schema: Schema, example: Any = None) -> Schema:
    content: Schema = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"content": {"application/json": content}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, *optional: str) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _whole(largest: int) -> Schema:
    return {"type": "integer", "minimum": 0, "maximum": largest}


def _schemas() -> Schema:
    metadata = _or_null({"type": "object"})
    status = {"enum": list(TraceStatus)}
    span = {
        "name": _NAME,
        "status": {"enum": list(SpanStatus)},
        "started_at": _TIME,
        "ended_at": _or_null(_TIME),
        "input": {},
        "output": {},
        "error": _or_null(_TEXT),
        "parent_span_id": _or_null(_ID),
    }
    trace = {"name": _NAME, "status": status, "started_at": _TIME, "ended_at": _or_null(_TIME), "metadata": metadata}
    tokens, latency = _whole(limits.MAX_TOKENS), _whole(limits.MAX_LATENCY_MS)
    return {
        "TracenTrace": _object(
            {
                "prompt": _TEXT | {"minLength": 1},
                "response": _TEXT,
                "provider": _NAME,
                "model": _NAME,
                "steps": {
                    "type": "array",
                    "maxItems": limits.MAX_STEPS_PER_POST,
                    "items": _object({"name": _NAME, "timestamp": _TEXT, "latency_ms": latency}),
                },
                "status": {"enum": ["success", "error"]},
                "input_tokens": _or_null(tokens),
                "output_tokens": _or_null(tokens),
                "total_latency_ms": _or_null(latency),
                "error_message": _or_null(_TEXT),
            },
            *("input_tokens", "output_tokens", "total_latency_ms", "error_message"),
        ),
        "Created": _object({"trace_id": _ID, "url": {"type": "string", "format": "uri"}}),
        "NexusTrace": _object({"agent_id": _NAME, **trace}, "ended_at", "metadata"),
        "NexusSpan": _object(span, "ended_at", "input", "output", "error", "parent_span_id"),
        "NexusEnd": _object({"status": status, "ended_at": _or_null(_TIME)}, "status", "ended_at"),
        "TraceId": _object({"trace_id": _ID}),
        "SpanId": _object({"span_id": _ID}),
        "Ok": _object({"ok": {"const": True}}),
        "Trace": _object(
            {"id": _ID, "agent_id": _or_null(_NAME), **trace}
            | {"spans": {"type": "array", "items": _object({"id": _ID, **span})}}
        ),
        "TraceList": {
            "type": "array",
            "items": _object(
                {"id": _ID, "agent_name": _or_null(_NAME), "agent_id": _or_null(_NAME), **trace}
                | {"duration_ms": _or_null({"type": "integer"}), "span_count": {"type": "integer"}}
            ),
        },
        "OtlpExport": _object({"resourceSpans": {"type": "array", "items": {"type": "object"}, "minItems": 1}}),
        "OtlpAnswer": _object(
            {"partialSuccess": _object({"rejectedSpans": _TEXT, "errorMessage": _TEXT})}, "partialSuccess"
        ),
        "Error": _object(
            {"error": _TEXT, "fields": {"type": "object", "additionalProperties": _TEXT}, "limit": {"type": "integer"}},
            *("fields", "limit"),
        ),
    }


def _responses() -> Schema:
    said = {
        "400": "Not JSON, not an object, or fields that are not as they should be; `fields` names each.",
        "401": "The key is missing, malformed, unknown or revoked.",
        "403": "The plan's limit of agents is reached.",
        "404": "No such trace in this account.",
        "413": f"More than {limits.MAX_BODY_BYTES} bytes; for OTLP {limits.MAX_OTLP_BODY_BYTES}.",
        "415": "Only JSON is read, and protobuf where it says so.",
        "422": "The Idempotency-Key came before with another body.",
        "429": "The plan's traces of this month, or the key's requests of this hour, are used up; see Retry-After.",
        "500": "Something broke on our side.",
        "503": "Storage is away for a moment; see Retry-After.",
    }
    return {f"E{status}": {"description": text, **_json(_ref("Error"))} for status, text in said.items()}


def _list_parameters() -> list[Schema]:
    schemas: dict[str, Schema] = {
        "agent_id": _TEXT,
        "status": {"enum": ["ok", *TraceStatus]},
        "since": _TIME,
        "until": _TIME,
        "q": _TEXT,
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": limits.LIST_LIMIT_MAX,
            "default": limits.LIST_LIMIT_DEFAULT,
        },
        "after": _ID,
    }
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]
