"""Cases 60 to 72: methods, addresses, queries, keys and hosts; see tests/bad_input/case.py.

What a framework's client cannot send, such as broken framing, is in tests/test_http_level.py.
"""

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body
from tests.bad_input.case import (
    INVALID_KEY,
    MY_SPANS,
    MY_TRACE,
    NO_METHOD,
    NO_ROUTE,
    NOT_TIME,
    WITH_KEY,
    Case,
    run,
)

BAD_METHODS = {
    TRACES: ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "X" * 1_000, "GET\0"),
    NEXUS: ("PUT", "PATCH", "DELETE", "TRACE", "PURGE"),
    MY_TRACE: ("POST", "PUT", "DELETE", "TRACE"),
    MY_SPANS: ("GET", "HEAD", "PUT", "PATCH", "DELETE"),
    "/health": ("POST", "PUT", "PATCH", "DELETE", "TRACE"),
    "/ready": ("POST", "DELETE"),
}
NO_ROUTES = (
    *(
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/traces",
        "/api/traces/x",
        "/api/traces//",
        "/api//traces",
        "/api/v1/traces/x/spans/x",
    ),
    *(
        "/api/v1/traces//spans",
        "/api/v1/traces%252f<my trace>/x",
        "/api/v1/%74races/x/y",
        "/api/%00",
        "/api/%ff",
        "/api/traces%00",
        "/api/traces%0a",
    ),
    *("/api/traces;x=1", "/api/..;/dashboard", "/api/%2e%2e/health", "/api/" + "x" * 8_000, "/api/é/🎉", "/api/TRACES"),
    *("/v1/nothing", "/v1/../api/traces", "/health/x", "/health%00"),
)
AUTHORIZATIONS = {
    "no header": None,
    "nothing": "",
    "a scheme alone": "Bearer",
    "a scheme and a blank": "Bearer ",
    "a key alone": "<my key>",
    "Basic": "Basic dXNlcjpwYXNz",
    "Basic that is not base64": "Basic \xff\xfe",
    "Token": "Token <my key>",
    "a wrong key": "Bearer tracen_sk_" + "A" * 43,
    "a wrong Nexus key": "Bearer nxs_" + "0" * 64,
    "a revoked key": "Bearer <revoked key>",
    "half a key": "Bearer tracen_sk_",
    "a key and more": "Bearer <my key>x",
    "a key and a word": "Bearer <my key> x",
    "a key in quotes": 'Bearer "<my key>"',
    "two keys with a comma": "Bearer <my key>, Bearer <my key>",
    "two keys without": "Bearer <my key>,<stranger's key>",
    "a key that is not ASCII": "Bearer tracen_sk_" + "é" * 43,
    "a key of Arabic digits": "Bearer nxs_" + "٣" * 64,
    "a key with a NUL": "Bearer <my key>\0",
    "a key of 100,000 signs": "Bearer " + "x" * 100_000,
    "SQL": "Bearer ' OR 1=1 --",
}
GOOD_AUTHORIZATIONS = ("bearer <my key>", "BEARER <my key>", "Bearer   <my key>", " Bearer <my key> ")
BAD_QUERIES = {
    "status=done": {"status": "Must be one of: ok, running, success, error, timeout"},
    "status=%00": {"status": "Must be one of: ok, running, success, error, timeout"},
    **{
        f"limit={limit}": {"limit": "Must be an integer from 1 to 200"}
        for limit in ("0", "201", "-1", "1.5", "x", "1e2", "%D9%A3", "%C2%B2", "%00", "9" * 5_000, "+5", "0x10", "%205")
    },
    **{
        f"{name}={moment}": {name: NOT_TIME}
        for name in ("since", "until")
        for moment in ("x", "%00", "2026-04-06", "0001-01-01T00:00:00Z", "1767225600", "2026-04-06T12:00:00")
    },
    **{
        f"after={last}": {"after": "Must be the id of one of your traces"}
        for last in ("x", "%00", "%ff", "<stranger's trace>", "{<my trace>}", "00000000-0000-0000-0000-000000000000")
    },
    "limit=0&status=x&since=x&after=x": {
        "status": "Must be one of: ok, running, success, error, timeout",
        "since": NOT_TIME,
        "limit": "Must be an integer from 1 to 200",
        "after": "Must be the id of one of your traces",
    },
}
GOOD_QUERIES = (
    *(
        "",
        "?",
        "&&&=&==",
        "%",
        "%zz",
        "x=%ff",
        "limit=",
        "status=",
        "agent_id=%00",
        "agent_id=%ED%A0%80",
        "agent_id=%f0%9f%8e%89",
        "agent_id[]=x",
    ),
    *(
        "agent_id=" + "x" * 5_000,
        "agent_id='%20OR%201=1--",
        "limit=1&limit=2",
        "limit=200",
        "limit=001",
        "after=<MY TRACE>",
    ),
    *(
        "since=2026-04-06T12:00:00+02:00",
        "until=2199-12-31T23:59:59Z",
        "since=1970-01-01T00:00:00Z&until=1970-01-01T00:00:00Z",
    ),
)
PAGE_QUERIES = (
    *(
        "span=%00",
        "span=x",
        "span=%ff",
        "span=<my span>",
        "span=" + "x" * 5_000,
        "from=-1",
        "from=%D9%A3",
        "from=%00",
        "from=1e9",
        "from=999999999",
    ),
    *(
        "from=99999999999999999999",
        "part=rows",
        "part=rows&from=999999999",
        "part=%00",
        "part=rows&part=x",
        "&&&",
        "%zz=%",
        "span[]=x&from[]=1",
    ),
)
ODD_CHARSETS = ("utf-16", "utf-7", "rot13", "hex", "idna", "punycode", "undefined", "unicode_escape", "mbcs", "bogus")
"""Names that Python has a codec for, or not; it would read the query with it."""
BAD_COOKIES = (
    *(
        "sessionid=x",
        "sessionid=" + "x" * 32,
        "sessionid=" + "x" * 10_000,
        'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"',
    ),
    *(
        'theme="\\000"',
        "theme=é",
        "theme=<script>",
        'csrftoken="\\000"',
        "csrftoken=" + "é" * 32,
        "messages=x",
        'messages="\\000[[]]"',
    ),
    *(";" * 5_000, "=", "=;=x", "sessionid", 'sessionid="', "sessionid=%00%00%00%00%00%00%00%00", "a=1; " * 2_000),
)
BAD_HOSTS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "a b",
    "[::1",
    "x" * 5_000,
    "é.example",
    "%00",
    "testserver/x",
)


def in_charset(charset: str) -> dict[str, str]:
    return WITH_KEY | {"Content-Type": f"text/plain; charset={charset}"}


def with_authorization(value: str | None) -> dict[str, str]:
    return {"Content-Type": "application/json"} | ({} if value is None else {"Authorization": value})


METHODS = (
    *(
        Case(
            ref="60",
            name=f"{method!r:.20} {path}",
            method=method,
            path=path,
            body=b"",
            status=405,
            answer=None if method == "HEAD" else NO_METHOD,
        )
        for path, methods in BAD_METHODS.items()
        for method in methods
    ),
    run("60", "an overridden method", nexus_body(), headers=WITH_KEY | {"X-HTTP-Method-Override": "DELETE"}),
    Case(ref="60", name="a method in the query", method="GET", path=f"{NEXUS}?_method=DELETE", status=200),
)

ADDRESSES = (
    *(
        Case(ref="61", name=f"{method} {path:.40}", method=method, path=path, status=404, answer=NO_ROUTE)
        for path in NO_ROUTES
        for method in ("GET", "POST")
    ),
    *(
        Case(ref="61", name=f"a slash at the end of {path}", path=f"{path}/", body=body, status=status)
        for path, body, status in (
            (TRACES, tracen_body(), 200),
            (NEXUS, nexus_body(), 201),
            (MY_SPANS, span_body(), 201),
        )
    ),
    *(
        Case(
            ref="61",
            name=f"the query {query:.40}",
            method="GET",
            path=f"{NEXUS}?{query}",
            status=400,
            answer={"error": "Invalid query parameters", "fields": fields},
        )
        for query, fields in BAD_QUERIES.items()
    ),
    *(
        Case(ref="61", name=f"the harmless query {query:.40}", method="GET", path=f"{NEXUS}?{query}", status=200)
        for query in GOOD_QUERIES
    ),
    *(
        Case(
            ref="61",
            name=f"a page's query {query:.40}",
            method="GET",
            path=f"/traces/<tracen trace>?{query}",
            status=200,
        )
        for query in PAGE_QUERIES
    ),
    *(
        Case(
            ref="20",
            name=f"a GET in {charset}: {path:.20}",
            method="GET",
            path=path,
            headers=in_charset(charset),
            status=200,
        )
        for charset in ODD_CHARSETS
        for path in (
            f"{NEXUS}?x=%e9+2AA-",
            "/health?x=%e9",
            "/traces/<tracen trace>?span=%e9+2AA-",
            "/accounts/login?next=%e9+2AA-",
        )
    ),
    Case(
        ref="60",
        name="a body in an odd charset",
        path="/health",
        headers=in_charset("hex"),
        body=b"x=%e9",
        status=405,
        answer=NO_METHOD,
    ),
    *(
        Case(
            ref="68",
            name=f"the cookie {cookie:.40}",
            method="GET",
            path=path,
            headers=WITH_KEY | {"Cookie": cookie},
            status=200,
        )
        for cookie in BAD_COOKIES
        for path in (NEXUS, "/traces/<tracen trace>", "/", "/accounts/login", "/health")
    ),
    Case(
        ref="61",
        name="a query of 2,000 names",
        method="GET",
        path=f"{NEXUS}?" + "&".join(f"a{i}=" for i in range(2_000)),
        status=400,
        answer={"error": "Bad request"},
    ),
)

KEYS = (
    *(
        Case(
            ref="68",
            name=f"key: {name}",
            path=path,
            headers=with_authorization(value),
            body=b"{",
            status=401,
            answer=INVALID_KEY,
        )
        for name, value in AUTHORIZATIONS.items()
        for path in (NEXUS, TRACES)
    ),
    *(run("68", f"key: {value!r}", nexus_body(), headers=with_authorization(value)) for value in GOOD_AUTHORIZATIONS),
    run("68", "key in the other header", nexus_body(), headers={"X-Tracen-Key": "<my key>"}),
    run("70", "the same key twice", nexus_body(), headers=WITH_KEY | {"X-Tracen-Key": "<my key>"}),
    *(
        Case(
            ref="70",
            name=f"another key beside: {other}",
            path=NEXUS,
            headers=WITH_KEY | {"X-Tracen-Key": other},
            body=nexus_body(),
            status=401,
            answer=INVALID_KEY,
        )
        for other in ("<colleague's key>", "<stranger's key>", "", "x", "é")
    ),
    *(
        Case(
            ref="71",
            name=f"key in the query as {name}",
            path=f"{NEXUS}?{name}=<my key>",
            headers=with_authorization(None),
            body=nexus_body(),
            status=401,
            answer=INVALID_KEY,
        )
        for name in ("key", "api_key", "access_token", "Authorization", "X-Tracen-Key")
    ),
    Case(
        ref="71",
        name="key in a cookie",
        path=NEXUS,
        headers={"Cookie": "Authorization=Bearer <my key>; sessionid=x"},
        body=nexus_body(),
        status=401,
        answer=INVALID_KEY,
    ),
)

HOSTS = (
    *(
        Case(
            ref="72",
            name=f"host {host:.40}",
            path=path,
            headers=WITH_KEY | {"Host": host},
            body=tracen_body(),
            status=400,
            answer={"error": "Bad request"},
        )
        for host in BAD_HOSTS
        for path in (TRACES,)
    ),
    Case(
        ref="72",
        name="a forwarded host",
        path=TRACES,
        headers=WITH_KEY | {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
        body=tracen_body(),
        status=200,
    ),
)

CASES: tuple[Case, ...] = (*METHODS, *ADDRESSES, *KEYS, *HOSTS)
