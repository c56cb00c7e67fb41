"""Sends the corpus of tests/bad_input: each input gets exactly its answer, and what was accepted can be read again."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from accounts.api_keys import mint_key, revoke_key
from conftest import Person
from tests.api import NEXUS, TRACES, Api, span_body, tracen_body
from tests.bad_input import CASES
from tests.bad_input.case import Case

pytestmark = pytest.mark.django_db

INSIDES = (
    "Traceback",
    "line 1",
    "column",
    "(char",
    "Expecting",
    "codec",
    "<html",
    "<!doctype",
    "SELECT ",
    "sqlite",
    "psycopg",
    ".py",
)
"""Words of the parser, the database, the code or a page of HTML: none belongs into an error of the API."""
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=[f"{case.ref} {case.name!a:.80}" for case in CASES])
KEPT_CASES = [case for case in CASES if case.is_kept]
EVERY_KEPT_CASE = pytest.mark.parametrize(
    "case", KEPT_CASES, ids=[f"{case.ref} {case.name!a:.80}" for case in KEPT_CASES]
)


class World:
    """What the corpus talks about: two accounts, their keys, and a trace with a span wherever one is needed."""

    def __init__(self, me: Person, stranger: Person) -> None:
        self.me = me.api
        mine, other = me.api.create_trace(), me.api.create_trace()
        strange = stranger.api.create_trace()
        names = {
            "my key": me.api.key,
            "colleague's key": mint_key(me.account, "colleague")[1],
            "stranger's key": stranger.api.key,
            "revoked key": self._revoked_key(me),
            "my trace": mine,
            "my trace without hyphens": mine.replace("-", ""),
            "other trace": other,
            "tracen trace": me.api.post(TRACES, tracen_body()).json()["trace_id"],
            "stranger's trace": strange,
            "my span": me.api.add_span(mine),
            "other span": me.api.add_span(other),
            "stranger's span": stranger.api.add_span(strange),
        }
        capitals = {name.upper(): text.upper() for name, text in names.items()}
        self._names = {f"<{name}>": text for name, text in (names | capitals).items()}

    @staticmethod
    def _revoked_key(me: Person) -> str:
        key, text = mint_key(me.account, "revoked")
        revoke_key(key)
        return text

    def fill(self, text: str) -> str:
        for name, value in self._names.items():
            text = text.replace(name, value)
        return text

    def _fill_bytes(self, raw: bytes) -> bytes:
        return self.fill(raw.decode("latin-1")).encode("latin-1")

    def send(self, case: Case) -> Any:
        headers = {name: self.fill(value) for name, value in case.headers.items()}
        return Api(None).send(case.method, self.fill(case.path), raw=self._fill_bytes(case.raw), headers=headers)

    def read(self, case: Case, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The object that the case made or changed, as its own dialect shows it."""
        if "url" in answer:
            return self.download(answer["trace_id"])
        trace = self.me.trace(answer.get("trace_id", self.fill("<my trace>")))
        return next((span for span in trace["spans"] if span["id"] == answer.get("span_id")), trace)

    def download(self, trace_id: str) -> dict[str, Any]:
        return json.loads(b"".join(self.me.get(f"/traces/{trace_id}.json").streaming_content))


@pytest.fixture
def world(unlimited, charlie) -> World:
    return World(unlimited, charlie)


def is_json_error(answer: Any) -> bool:
    body = answer.json()
    return (
        answer["Content-Type"] == "application/json" and isinstance(body, dict) and isinstance(body.get("error"), str)
    )


@EVERY_CASE
def test_an_input_gets_exactly_its_answer(world, case):
    answer = world.send(case)

    assert answer.status_code == case.status, answer.content[:300] if not answer.streaming else ""
    if case.answer is not None:
        assert answer.json() == case.answer
    if case.status >= 400 and case.is_api and case.method != "HEAD":
        assert is_json_error(answer)
        assert [word for word in INSIDES if word in answer.text] == []
    assert "evil.example" not in answer.headers.get("Location", "")


@EVERY_KEPT_CASE
def test_what_was_accepted_can_be_read_again(world, case):
    answer = world.send(case).json()
    expected = {
        name: world.fill(value) if isinstance(value, str) else value for name, value in (case.comes_back or {}).items()
    }

    read = world.read(case, answer)

    assert {name: read[name] for name in expected} == expected
    trace_id = answer.get("trace_id", world.fill("<my trace>"))
    listed = world.me.get(NEXUS)
    assert (listed.status_code, trace_id in {row["id"] for row in listed.json()}) == (200, True)
    assert world.me.get(f"{NEXUS}/{trace_id}").status_code == 200
    if "url" in answer:
        assert_page_is_sound(world, trace_id)


def assert_page_is_sound(world: World, trace_id: str) -> None:
    page = world.me.get(f"/traces/{trace_id}")
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "</script><!--" not in page.text
    assert "\0" not in page.text
    for span in world.download(trace_id)["spans"][:3]:
        assert world.me.get(f"/traces/{trace_id}/spans/{span['id']}").status_code == 200


@pytest.mark.parametrize("whose", ["stranger's trace", "my trace"])
def test_a_private_trace_has_no_page(world, whose):
    trace_id = world.fill(f"<{whose}>")

    answers = [
        Api(None).get(f"/traces/{shared_id}{end}")
        for shared_id in (trace_id, uuid.uuid4())
        for end in ("", ".json", "/spans/x")
    ]

    assert [answer.status_code for answer in answers] == [404] * 6


def test_the_corpus_is_large():
    assert len(CASES) >= 130
    assert {case.ref for case in CASES} >= {str(number) for number in range(1, 55)} - {"38", "40", "43"}


def test_a_chain_of_two_thousand_spans(world):
    trace_id, parent = world.fill("<my trace>"), None
    for _ in range(2_000):
        parent = world.me.add_span(trace_id, **span_body(parent_span_id=parent))

    read = world.me.trace(trace_id)

    assert (len(read["spans"]), world.me.get(NEXUS).status_code) == (2_001, 200)
