"""What a curious visitor types into addresses, forms and cookies of the pages; see tests/bad_input/case.py.

The catalogue has no numbers for these; their `ref` is the page.
"""

from urllib.parse import quote, urlencode

from tests.bad_input.case import Case

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BAD_NEXT = (
    *(
        "http://[",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
    ),
    *(
        "http://testserver@evil.example/",
        "http://testserver:99999999/",
        "/\nSet-Cookie: x=y",
        "\t//evil.example",
        "x",
        "é",
        "landing",
        "\0",
    ),
    *("\u2028", "/" + "x" * 100_000, "{{ 7*7 }}", "٣", "//[::1", "http://testserver\\@evil.example"),
)
BAD_EMAILS = (
    "a@\u2028.com",
    "a\0@example.com",
    "a@" + "b." * 300 + "c",
    "\u202e@example.com",
    "a@xn--a.com",
    "a\r\nBcc: b@example.com",
)
PARTS = {
    "an open boundary": ("multipart/form-data", b"x"),
    "a boundary too long": ("multipart/form-data; boundary=" + "x" * 300, b"x"),
    "a boundary that is not ASCII": ("multipart/form-data; boundary=é", b"x"),
    "base64 that is none": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="theme"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--',
    ),
    "a file's name of NUL": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="theme"; filename="\0"\r\n\r\n!\r\n--x--',
    ),
    "a name in a bogus charset": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name*=bogus''%ff\r\n\r\n!\r\n--x--",
    ),
    "UTF-16": ("application/x-www-form-urlencoded; charset=utf-16", b"theme=dark"),
    "rot13": ("application/x-www-form-urlencoded; charset=rot13", b"theme=dark"),
    "two thousand fields": ("application/x-www-form-urlencoded", b"a=1&" * 2_000),
    "JSON": ("application/json", b'{"theme":"dark"}'),
}


def fill_in(path: str, status: int, name: str, **fields: str) -> Case:
    return Case(ref=path, name=name, path=path, headers=FORM, body=urlencode(fields).encode(), status=status)


def visit(path: str, status: int, ref: str = "", method: str = "GET") -> Case:
    return Case(ref=ref or path, name=f"{method} {path:.60}", method=method, path=path, headers={}, status=status)


CASES: tuple[Case, ...] = (
    *(fill_in("/theme", 302, f"back to {where!r:.40}", theme="dark", next=where) for where in BAD_NEXT),
    *(
        Case(
            ref="/theme",
            name=f"from {where!r:.40}",
            path="/theme",
            headers=FORM | {"Referer": where},
            body=b"theme=auto",
            status=302,
        )
        for where in ("é", "x", "http://[", "//evil.example", "landing", "\xff" * 3_000)
    ),
    *(
        fill_in("/theme", 400, f"the theme {theme!r:.40}", theme=theme)
        for theme in ("", "blue", "Dark", "\0", "dark\r\nX: y", "x" * 100_000)
    ),
    *(
        Case(
            ref="/theme",
            name=f"a form of {name}",
            path="/theme",
            headers={"Content-Type": media_type},
            body=body,
            # A form is read as UTF-8, whatever it says it is.
            status=302 if "charset" in media_type else 400,
        )
        for name, (media_type, body) in PARTS.items()
    ),
    *(visit("/theme", 405, method=method) for method in ("GET", "PUT", "DELETE", "TRACE", "X")),
    *(
        visit(f"/accounts/{page}?next={quote(where)}", 200, ref=f"/accounts/{page}")
        for page in ("login", "signup", "password/reset")
        for where in BAD_NEXT
        if len(where) < 10_000
    ),
    *(fill_in("/accounts/login", 200, f"as {email!r:.40}", login=email, password="x") for email in BAD_EMAILS),
    *(
        fill_in("/accounts/signup", 200, f"as {email!r:.40}", email=email, password1="long enough 1")
        for email in BAD_EMAILS[:3]
    ),
    *(fill_in("/accounts/password/reset", 200, f"for {email!r:.40}", email=email) for email in BAD_EMAILS[:3]),
    *(
        visit(f"/accounts/confirm-email/{key}", status, ref="/accounts/confirm-email")
        for key, status in (("x", 200), ("MQ:1abc:xyz", 200), ("%00", 404), ("%ff", 404), ("x" * 5_000, 200))
    ),
    *(
        visit(f"/accounts/password/reset/key/{key}", 200, ref="/accounts/password/reset/key")
        for key in ("1-x-y", "zzzzzzzzzzzzzzzzzzzz-x", "1-set-password", "z" * 2_000 + "-x", "1-%00", "0-x")
    ),
    *(
        visit(f"/{path}", 404, ref="404")
        for path in ("x", "%00", "%ff", "traces", "traces/", "accounts", "accounts/x", "demo/x", ".env", "admin")
    ),
    *(
        visit(path, 405, method=method)
        for path in ("/", "/demo", "/traces/<tracen trace>", "/traces/<tracen trace>.json")
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE")
    ),
)
