"""`python -m tests.clients.capture CLIENT…`: runs real clients and writes what they send to tests/otlp_payloads/.

An export in protobuf is written as OTLP's JSON, with ids in hex. What tells of the machine is taken out: its names,
paths, processes and ports; all else stays as it came.
"""

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.bring.system import CACHE
from tests.clients.catalogue import CLIENTS, LLM_KEY, run_client
from tests.clients.sink import KEY, Sent, Sink
from tests.llm_stand_in import LlmStandIn

PAYLOADS = Path(__file__).parent.parent / "otlp_payloads"
ROOT = Path(__file__).parent.parent.parent
ID_FIELDS = {"traceId", "spanId", "parentSpanId"}
OF_THE_MACHINE = ("host.", "os.", "process.")
HOST = "llm.example.com"
UNREAD = ("/v1/metrics", "/v1/logs")
"""Where clients send what is not a trace; that they do is recorded, what they send is not."""


def capture(name: str) -> dict[str, Any]:
    """What a client sends, as it is written to its file."""
    with Sink() as sink, LlmStandIn() as llm:
        run_client(name, tracen=sink.url, key=KEY, llm=llm.url)
        requests = [describe(sent) for sent in sink.taken]
    return {"client": name, "versions": CLIENTS[name].versions, "requests": requests}


def describe(sent: Sent) -> dict[str, Any]:
    """A request without what tells of the machine, the key or the moment."""
    seen = {
        "path": sent.path,
        "content_type": sent.content_type,
        "content_encoding": sent.headers.get("content-encoding", ""),
        "is_chunked": "transfer-encoding" in sent.headers,
        "auth": scheme_of(sent.headers),
    }
    return seen if sent.path.endswith(UNREAD) else seen | {"export": clean(_decode(sent))}


def scheme_of(headers: dict[str, str]) -> str:
    """How the key was presented: bearer, basic, raw, x-api-key, or nothing."""
    if headers.get("x-api-key") == KEY:
        return "x-api-key"
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return "basic" if KEY in base64.b64decode(rest).decode() else ""
    return {("bearer", KEY): "bearer", (KEY.lower(), ""): "raw"}.get((scheme.lower(), rest), "")


def _decode(sent: Sent) -> Any:
    if "protobuf" not in sent.content_type:
        return json.loads(sent.body)
    message = ExportTraceServiceRequest.FromString(sent.body)
    return _with_hex_ids(MessageToDict(message, use_integers_for_enums=True))


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_hex_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64decode(one).hex() if name in ID_FIELDS else _with_hex_ids(one) for name, one in value.items()
    }


def clean(value: Any) -> Any:
    """The value with machine, paths and keys replaced, at any depth."""
    if isinstance(value, list):
        return [clean(one) for one in value if not _is_of_the_machine(one)]
    if isinstance(value, dict):
        return _without_port({name: clean(one) for name, one in value.items() if not name.startswith(OF_THE_MACHINE)})
    return _clean_text(value) if isinstance(value, str) else value


def _is_of_the_machine(attribute: Any) -> bool:
    return isinstance(attribute, dict) and str(attribute.get("key", "")).startswith(OF_THE_MACHINE)


def _without_port(attribute: dict[str, Any]) -> dict[str, Any]:
    if attribute.get("key") not in {"server.port", "net.peer.port"}:
        return attribute
    return attribute | {"value": {"intValue": "443"}}


def _clean_text(text: str) -> str:
    for folder in (CACHE / "clients", ROOT, Path(sys.base_prefix), Path.home()):
        text = text.replace(f"{folder}/", "/app/")
    text = text.replace(KEY, "tracen_sk_removed").replace(LLM_KEY, "sk-removed")
    text = re.sub(r"https?://127\.0\.0\.1:\d+", f"https://{HOST}", text)
    return re.sub(r"127\.0\.0\.1(:\d+)?", HOST, text)


def main(names: list[str]) -> None:
    PAYLOADS.mkdir(exist_ok=True)
    for name in names or CLIENTS:
        text = json.dumps(capture(name), indent=1, ensure_ascii=False)
        (PAYLOADS / f"{name}.json").write_text(f"{text}\n")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
