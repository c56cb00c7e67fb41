"""What of an error text nobody but its owner should read."""

import pytest

from traces.reading.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect API key provided: sk-proj-ab12****************wxyz.", "Incorrect API key provided: •••."),
        ("key tracen_sk_0123456789abcdef was revoked", "key ••• was revoked"),
        ("nxs_0123456789abcdef", "•••"),
        ("remote: ghp_0123456789abcdefABCDEF", "remote: •••"),
        ("github_pat_11ABCDEFG0123456789", "•••"),
        ("AKIAIOSFODNN7EXAMPLE is not allowed", "••• is not allowed"),
        ("slack says xoxb-1234-5678-abcdef", "slack says •••"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl expired", "••• expired"),
        ("sent Bearer abc.def-ghi", "sent Bearer •••"),
        ("api_key=hunter2, model=gpt-4o", "api_key=•••, model=gpt-4o"),
        ("OPENAI_API_KEY: hunter2", "OPENAI_API_KEY: •••"),
        ('{"authorization": "Bearer a b c", "x": 1}', '{"authorization": "•••", "x": 1}'),
        ("{'Authorization': 'ApiKey hunter2'}", "{'Authorization': '•••'}"),
        ('"{\\"api_key\\": \\"hunter2\\"}"', '"{\\"api_key\\": \\"•••\\"}"'),
        ("GET https://example.com/v1?key=hunter2&q=1", "GET https://example.com/v1?key=•••&q=1"),
        ("postgresql://app:hunter2@db/app", "postgresql://•••@db/app"),
    ],
)
def test_what_looks_like_a_key_is_hidden(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('File "/home/alice/app/main.py", line 1', 'File "~/app/main.py", line 1'),
        ("/Users/alice: no such file", "~: no such file"),
        ("file:///home/alice/x", "file://~/x"),
        ("/root/.cache/model", "~/.cache/model"),
        (r"C:\Users\Alice Smith\app.py", r"~\app.py"),
        (r"'c:\\Users\\alice\\app.py'", r"'~\\app.py'"),
        ("/mnt/c/Users/alice/app.py", "~/app.py"),
    ],
)
def test_a_home_directory_loses_its_name(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rate limit reached: 8192 tokens per minute, used 9000 tokens: try again in 2 s.",
        "The api_key option must be set, or the OPENAI_API_KEY environment variable.",
        "Unexpected token } in JSON at position 12",
        "Basic authentication is required; the bearer said no.",
        "https://example.com/home/settings answered 404",
        "task-runner-eleven failed in /srv/app/rooted/x.py",
        "desk-assistant-one is away",
    ],
)
def test_other_words_stay(text):
    assert masked(text) == text


@pytest.mark.parametrize(
    "piece", ["api_key=", "authorization:", "sk-", "/home/", "://a:", "eyJ", "Bearer ", 'C:\\Users\\a "']
)
def test_a_mask_is_not_masked_once_more(piece):
    once = masked(piece * 20_000)
    assert masked(once) == once
