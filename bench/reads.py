"""Reads over a large account: what a page costs the server, and what it weighs on the line."""

import gzip
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

from bench.systems import Product

TIMES = 25
LEAST_TIMES, MOST_SECONDS = 5, 6
"""A read that is slow is not tried so often."""
_HEADERS = {"Accept-Encoding": "identity"}
_COMMON, _RARE = "refund", "zweihundertvierzig"


def read_pages(product: Product, told: dict[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Each read by its name. `told` is what bench/inside/volume.py answered."""
    member = {"Cookie": told["cookie"]}
    listed = "/dashboard/traces"
    pages = {
        "list": listed,
        "deep page": f"{listed}?after={told['deep']}",
        "status filter": f"{listed}?status=error",
        "agent filter": f"{listed}?agent_id={told['agent']}",
        "search, common word": f"{listed}?q={_COMMON}",
        "search, rare word": f"{listed}?q={_RARE}",
        "overview": "/dashboard",
    }
    for name, path in pages.items():
        yield name, _read(product, path, member)
    yield "public page, 2,000 spans", _read(product, f"/traces/{told['large']}", {})
    program = {"X-Tracen-Key": told["key"]}
    yield "API list", _read(product, "/api/v1/traces?limit=50", program)
    yield "API trace, 10,000 spans", _read(product, f"/api/v1/traces/{told['largest']}", program)


def _read(product: Product, path: str, headers: dict[str, str]) -> dict[str, float]:
    connection = HTTPConnection("127.0.0.1", product.port, timeout=120)
    took, first, body = list[float](), list[float](), b""
    while len(took) < LEAST_TIMES or (len(took) < TIMES and sum(took) < MOST_SECONDS * 1e3):
        started = time.perf_counter()
        connection.request("GET", path, headers={**_HEADERS, **headers})
        answer = connection.getresponse()
        begun = answer.read(1)
        first.append((time.perf_counter() - started) * 1e3)
        body = begun + answer.read()
        took.append((time.perf_counter() - started) * 1e3)
        if answer.status != 200:
            raise SystemExit(f"{path} was answered {answer.status}.")
    connection.close()
    took.sort()
    return {
        "median ms": took[len(took) // 2],
        "slowest ms": took[-1],
        "first byte ms": sorted(first)[len(first) // 2],
        "KB": len(body) / 1e3,
        "KB gzipped": len(gzip.compress(body, 6)) / 1e3,
    }
