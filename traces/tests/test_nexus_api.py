"""Contract §4: the Nexus dialect beyond what its reference says."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body
from traces.ingest import record_trace
from traces.models import Agent, Span, Trace
from traces.tests.runs import big_run

pytestmark = pytest.mark.django_db

NOT_FOUND = (404, {"error": "Trace not found"})


def seen(answer):
    return answer.status_code, answer.json()


# Finding a trace ----------------------------------------------------------------------------------------------------

MALFORMED = ["x", "%00", "%ff", "a" * 4_000, "{%s}", "urn:uuid:%s", "1", "..", "%%0a%s", "%s%%0a", "traces"]


@pytest.mark.parametrize("shape", MALFORMED)
def test_a_malformed_id_is_not_found(alice, shape):
    trace_id = alice.api.create_trace()
    path = f"{NEXUS}/{shape % trace_id if '%s' in shape else shape}"

    for answer in (alice.api.get(path), alice.api.patch(path, {}), alice.api.post(f"{path}/spans", span_body())):
        assert seen(answer) == NOT_FOUND


def test_an_id_without_hyphens_is_not_found(alice):
    assert seen(alice.api.get(f"{NEXUS}/{alice.api.create_trace().replace('-', '')}")) == NOT_FOUND


def test_an_upper_case_id_is_the_same_trace(alice):
    trace_id = alice.api.create_trace()

    assert alice.api.trace(trace_id.upper())["id"] == trace_id
    assert alice.api.patch(f"{NEXUS}/{trace_id.upper()}", {}).status_code == 200


def test_a_strangers_trace_is_not_found(alice, charlie):
    trace_id = alice.api.create_trace()
    path = f"{NEXUS}/{trace_id}"

    for answer in (
        charlie.api.get(path),
        charlie.api.patch(path, {"status": "error"}),
        charlie.api.post(f"{path}/spans", span_body()),
    ):
        assert seen(answer) == NOT_FOUND
    assert alice.api.trace(trace_id)["status"] == "running"


def test_head_works(alice):
    path = f"{NEXUS}/{alice.api.create_trace()}"

    for target in (path, NEXUS):
        answer = alice.api.send("HEAD", target)
        assert (answer.status_code, answer.content) == (200, b"")


# Creating -----------------------------------------------------------------------------------------------------------


def test_an_agent_is_made_on_first_use_and_known_by_its_exact_name(unlimited):
    for name in ("bot", "bot", "Bot", " bot"):
        unlimited.api.create_trace(agent_id=name)

    assert sorted(Agent.objects.values_list("name", flat=True)) == [" bot", "Bot", "bot"]


@pytest.mark.parametrize("status", ["running", "success", "error", "timeout"])
def test_each_status_is_accepted(alice, status):
    assert alice.api.trace(alice.api.create_trace(status=status))["status"] == status


@pytest.mark.parametrize("status", ["ok", "Running", "done", 5, True, [], {}])
def test_other_statuses_are_refused(alice, status):
    answer = alice.api.post(NEXUS, nexus_body(status=status))

    assert answer.json()["fields"] == {"status": "Must be one of: running, success, error, timeout"}


@pytest.mark.parametrize("metadata", [[], "x", 1, True, 0, ""])
def test_metadata_is_an_object_or_null(alice, metadata):
    answer = alice.api.post(NEXUS, nexus_body(metadata=metadata))

    assert answer.json()["fields"] == {"metadata": "Must be an object"}


def test_null_metadata_is_null(alice):
    assert alice.api.trace(alice.api.create_trace(metadata=None))["metadata"] is None


def test_the_references_old_dates_are_on_the_default_list(alice):
    alice.api.create_trace(started_at="2024-01-15T10:30:00Z", ended_at=None)

    assert len(alice.api.get(NEXUS).json()) == 1


# Spans --------------------------------------------------------------------------------------------------------------


def test_a_span_needs_name_status_and_start(alice):
    answer = alice.api.post(f"{NEXUS}/{alice.api.create_trace()}/spans", {})

    assert answer.json() == {
        "error": "Validation failed",
        "fields": {"name": "Required", "status": "Required", "started_at": "Required"},
    }


@pytest.mark.parametrize("status", ["success", "OK", "running", 1])
def test_a_spans_status_is_ok_or_error(alice, status):
    answer = alice.api.post(f"{NEXUS}/{alice.api.create_trace()}/spans", span_body(status=status))

    assert answer.json()["fields"] == {"status": "Must be one of: ok, error"}


@pytest.mark.parametrize("error", [5, True, [], {}])
def test_a_spans_error_is_a_string_or_null(alice, error):
    answer = alice.api.post(f"{NEXUS}/{alice.api.create_trace()}/spans", span_body(error=error))

    assert answer.json()["fields"] == {"error": "Must be a string"}


def test_an_error_is_kept_with_either_status(alice):
    trace_id = alice.api.create_trace()
    alice.api.add_span(trace_id, status="error", error="boom")
    alice.api.add_span(trace_id, status="ok", error="")

    assert [span["error"] for span in alice.api.trace(trace_id)["spans"]] == ["boom", ""]


def test_a_parent_is_a_span_of_the_trace(alice):
    trace_id = alice.api.create_trace()
    parent = alice.api.add_span(trace_id)

    child = alice.api.add_span(trace_id, parent_span_id=parent.upper())

    spans = {span["id"]: span["parent_span_id"] for span in alice.api.trace(trace_id)["spans"]}
    assert spans == {parent: None, child: parent}


@pytest.mark.parametrize("kind", ["unknown", "malformed", "blank", "other trace", "stranger"])
def test_any_other_parent_is_refused_and_nothing_is_stored(unlimited, charlie, kind):
    trace_id = unlimited.api.create_trace()
    parent = {
        "unknown": lambda: str(uuid.uuid4()),
        "malformed": lambda: "parent",
        "blank": lambda: "",
        "other trace": lambda: unlimited.api.add_span(unlimited.api.create_trace()),
        "stranger": lambda: charlie.api.add_span(charlie.api.create_trace()),
    }[kind]()

    answer = unlimited.api.post(f"{NEXUS}/{trace_id}/spans", span_body(parent_span_id=parent))

    assert seen(answer) == (
        400,
        {"error": "Validation failed", "fields": {"parent_span_id": "Must be the id of a span of this trace"}},
    )
    assert unlimited.api.trace(trace_id)["spans"] == []


def test_spans_are_ordered_by_start_then_arrival(alice):
    trace_id = alice.api.create_trace()
    for name, second in (("c", 3), ("a1", 1), ("b", 2), ("a2", 1)):
        alice.api.add_span(trace_id, name=name, started_at=f"2026-04-06T12:00:0{second}Z", ended_at=None)

    assert [span["name"] for span in alice.api.trace(trace_id)["spans"]] == ["a1", "a2", "b", "c"]


@pytest.mark.parametrize(("count", "is_streamed"), [(190, False), (450, True)])
def test_a_long_trace_is_sent_as_it_is_read(unlimited, count, is_streamed):
    record = big_run(count)
    record_trace(unlimited.account, record)
    answer = unlimited.api.get(f"{NEXUS}/{record.id}")
    text = answer.getvalue() if answer.streaming else answer.content

    assert answer.streaming == is_streamed
    assert answer["Content-Type"] == "application/json"
    spans = sorted(record.spans, key=lambda span: span.started_at)
    assert [span["id"] for span in json.loads(text)["spans"]] == [str(span.id) for span in spans]


def test_a_late_span_is_fine(alice):
    trace_id = alice.api.create_trace()
    alice.api.patch(f"{NEXUS}/{trace_id}", {"status": "success", "ended_at": "2026-04-06T12:00:00Z"})

    assert alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body()).status_code == 201
    assert Trace.objects.get().span_count == 1


# Finalising ---------------------------------------------------------------------------------------------------------


def test_an_empty_patch_changes_nothing(alice):
    trace_id = alice.api.create_trace()
    before = alice.api.trace(trace_id)

    assert seen(alice.api.patch(f"{NEXUS}/{trace_id}", {})) == (200, {"ok": True})
    assert alice.api.trace(trace_id) == before


def test_each_field_is_patched_alone(alice):
    path = f"{NEXUS}/{(trace_id := alice.api.create_trace())}"

    alice.api.patch(path, {"ended_at": "2026-04-06T12:00:05Z"})
    assert (alice.api.trace(trace_id)["status"], alice.api.trace(trace_id)["ended_at"]) == (
        "running",
        "2026-04-06T12:00:05Z",
    )
    alice.api.patch(path, {"status": "timeout", "name": "other", "metadata": {}})
    trace = alice.api.trace(trace_id)
    assert (trace["status"], trace["ended_at"], trace["name"]) == (
        "timeout",
        "2026-04-06T12:00:05Z",
        "user-query-2026-04-06",
    )


def test_null_clears_the_end(alice):
    trace_id = alice.api.create_trace(ended_at="2026-04-06T12:00:05Z")

    alice.api.patch(f"{NEXUS}/{trace_id}", {"ended_at": None})

    assert alice.api.trace(trace_id)["ended_at"] is None


@pytest.mark.parametrize("status", [None, "", "done", 5])
def test_a_bad_status_is_refused(alice, status):
    trace_id = alice.api.create_trace()

    answer = alice.api.patch(f"{NEXUS}/{trace_id}", {"status": status, "ended_at": "2026-04-06T12:00:05Z"})

    assert answer.json()["fields"] == {"status": "Must be one of: running, success, error, timeout"}
    assert alice.api.trace(trace_id)["ended_at"] is None


def test_any_transition_is_allowed(alice):
    trace_id = alice.api.create_trace()

    for status in ("success", "running", "error", "timeout", "running"):
        assert alice.api.patch(f"{NEXUS}/{trace_id}", {"status": status}).status_code == 200
        assert alice.api.trace(trace_id)["status"] == status


def test_an_end_before_the_start_is_accepted_by_patch(alice):
    trace_id = alice.api.create_trace()

    assert alice.api.patch(f"{NEXUS}/{trace_id}", {"ended_at": "2020-01-01T00:00:00Z"}).status_code == 200
    assert alice.api.get(NEXUS).json()[0]["duration_ms"] == 0


# A Tracen trace through this dialect --------------------------------------------------------------------------------


def test_a_tracen_trace_is_read_with_its_steps_as_spans(alice):
    trace_id = alice.api.post(TRACES, tracen_body()).json()["trace_id"]

    trace = alice.api.trace(trace_id)

    assert trace["agent_id"] is None
    assert [(span["name"], span["started_at"], span["ended_at"]) for span in trace["spans"]] == [
        ("llm_call", "2024-01-15T10:30:00Z", "2024-01-15T10:30:01.240Z")
    ]


def test_a_tracen_trace_is_finished(alice):
    trace_id = alice.api.post(TRACES, tracen_body()).json()["trace_id"]

    assert seen(alice.api.patch(f"{NEXUS}/{trace_id}", {})) == NOT_FOUND
    assert seen(alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body())) == NOT_FOUND
    assert Span.objects.count() == 1


# The list -----------------------------------------------------------------------------------------------------------


def names(answer) -> list[str]:
    return [row["name"] for row in answer.json()]


@pytest.fixture
def five(unlimited):
    """Five traces, received a second apart: t0 is the oldest."""
    for index, status in enumerate(("running", "success", "error", "timeout", "success")):
        trace_id = unlimited.api.create_trace(
            name=f"t{index}", status=status, agent_id=f"a{index % 2}", started_at=f"2026-04-0{index + 1}T12:00:00Z"
        )
        received_at = timezone.now() - timedelta(seconds=100 - index)
        Trace.objects.filter(pk=trace_id).update(received_at=received_at)
    return unlimited


def test_a_row_of_the_list(alice):
    trace_id = alice.api.create_trace(ended_at="2026-04-06T12:00:01.5Z")
    alice.api.add_span(trace_id)

    assert alice.api.get(NEXUS).json() == [
        {
            "id": trace_id,
            "agent_name": "my-assistant",
            "agent_id": "my-assistant",
            "name": "user-query-2026-04-06",
            "status": "running",
            "started_at": "2026-04-06T12:00:00Z",
            "ended_at": "2026-04-06T12:00:01.500Z",
            "duration_ms": 1500,
            "span_count": 1,
            "metadata": {"user_id": "u_123"},
        }
    ]


def test_the_newest_received_come_first(five):
    answer = five.api.get(NEXUS)

    assert (names(answer), answer["X-Total-Count"]) == (["t4", "t3", "t2", "t1", "t0"], "5")


def test_a_count_of_very_many_stops(five, monkeypatch):
    monkeypatch.setattr("traces.listing.LIST_COUNT_MAX", 3)

    answer = five.api.get(NEXUS)

    assert (len(answer.json()), answer["X-Total-Count"]) == (5, "4")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("agent_id=a1", ["t3", "t1"]),
        ("agent_id=nobody", []),
        ("status=ok", ["t4", "t1"]),
        ("status=success", ["t4", "t1"]),
        ("status=error", ["t2"]),
        ("status=timeout&agent_id=a1", ["t3"]),
        ("since=2026-04-03T12:00:00Z", ["t4", "t3", "t2"]),
        ("until=2026-04-02T14:00:00%2B02:00", ["t1", "t0"]),
        ("until=2026-04-02T14:00:00+02:00", ["t1", "t0"]),
        ("limit=2", ["t4", "t3"]),
        ("unknown=x&status=", ["t4", "t3", "t2", "t1", "t0"]),
    ],
)
def test_the_lists_filters(five, query, expected):
    assert names(five.api.get(f"{NEXUS}?{query}")) == expected


def test_paging_walks_through_all_of_them(five):
    seen_names, after = [], ""
    while rows := five.api.get(f"{NEXUS}?limit=2{after}").json():
        seen_names += [row["name"] for row in rows]
        after = f"&after={rows[-1]['id']}"

    assert seen_names == ["t4", "t3", "t2", "t1", "t0"]


def test_the_total_ignores_the_page(five):
    last = five.api.get(f"{NEXUS}?limit=2&status=success").json()[0]["id"]

    assert five.api.get(f"{NEXUS}?limit=1&status=success&after={last}")["X-Total-Count"] == "2"


def test_a_bad_query_names_each_part(five, charlie):
    stranger = charlie.api.create_trace()

    answer = five.api.get(f"{NEXUS}?limit=0&status=bad&since=yesterday&until=1&after={stranger}")

    assert seen(answer) == (
        400,
        {
            "error": "Invalid query parameters",
            "fields": {
                "limit": "Must be an integer from 1 to 200",
                "status": "Must be one of: ok, running, success, error, timeout",
                "since": "Must be an ISO 8601 timestamp with a time zone",
                "until": "Must be an ISO 8601 timestamp with a time zone",
                "after": "Must be the id of one of your traces",
            },
        },
    )


@pytest.mark.parametrize("limit", ["-1", "0", "201", "1.5", "x", "9" * 5_000, "١"])
def test_a_limit_is_from_1_to_200(alice, limit):
    assert alice.api.get(f"{NEXUS}?limit={limit}").status_code == 400


def test_a_stranger_sees_an_empty_list(five, charlie):
    answer = charlie.api.get(NEXUS)

    assert (answer.json(), answer["X-Total-Count"]) == ([], "0")


def test_the_list_costs_the_same_for_one_and_three_rows(unlimited, django_assert_max_num_queries):
    asked = []
    for rows in (1, 3):
        while Trace.objects.count() < rows:
            unlimited.api.create_trace()
        with django_assert_max_num_queries(3) as queries:
            unlimited.api.get(NEXUS)
        asked.append(len(queries))
    assert asked[0] == asked[1] > 0
