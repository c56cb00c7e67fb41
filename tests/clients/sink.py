"""A sink that real clients send to: it keeps each request whole and answers as a receiver of traces would."""

import gzip
import json
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase

KEY = "tracen_sk_captured_key_that_opens_nothing"
LOGFIRE_PROJECT = {"project_name": "weather", "project_url": "https://tracen.example.com"}


@dataclass(frozen=True)
class Sent:
    """One request: the body is whole and inflated, header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()


class Sink:
    """Listens on 127.0.0.1 until the `with` block ends; `taken` are the POSTs in the order of their arrival."""

    def __init__(self) -> None:
        self.taken: list[Sent] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Sink":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def read_body(headers: Mapping[str, str], stream: BufferedIOBase) -> bytes:
    """The body of a request, put together again if it came in chunks, and inflated."""
    is_chunked = "chunked" in headers.get("transfer-encoding", "")
    body = _read_chunks(stream) if is_chunked else stream.read(int(headers.get("content-length") or 0))
    match headers.get("content-encoding", ""):
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
    return body


def _read_chunks(stream: BufferedIOBase) -> bytes:
    chunks = []
    while size := int(stream.readline().partition(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():
        pass  # a trailer is a header that comes late; none matters here
    return b"".join(chunks)


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"sink": sink})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sink: Sink

    def do_GET(self) -> None:
        self._send("application/json", json.dumps(LOGFIRE_PROJECT).encode())

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = Sent(self.path, headers, read_body(headers, self.rfile))
        self.sink.taken.append(sent)
        # The empty message of protobuf has no bytes.
        is_protobuf = "protobuf" in sent.content_type
        self._send(sent.content_type if is_protobuf else "application/json", b"" if is_protobuf else b"{}")

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        # Whoever sent may have ended already.
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
