"""Which requests may share a thread: those that store a little and do nothing else."""

import pytest

from tracen.wsgi import is_brief


def scope(method="POST", path="/api/traces", *headers):
    return {"method": method, "path": path, "headers": [(b"host", b"x"), *headers]}


@pytest.mark.parametrize(
    "asked",
    [
        scope(),
        scope("PATCH", "/api/v1/traces/1"),
        scope("POST", "/v1/traces"),
        scope("POST", "/api/public/otel/v1/traces"),
    ],
)
def test_what_stores_a_little_is_brief(asked):
    assert is_brief(asked, 65_536)


@pytest.mark.parametrize(
    ("asked", "length"),
    [
        (scope(), 65_537),
        (scope("GET"), 0),
        (scope("POST", "/accounts/login"), 100),
        (scope("POST", "/apiary"), 100),
        (scope("POST", "/v1/traces", (b"content-encoding", b"gzip")), 100),
        (scope("POST", "/api/traces", (b"idempotency-key", b"1")), 100),
    ],
)
def test_what_may_take_longer_is_not(asked, length):
    assert not is_brief(asked, length)
