"""The geometry and the tree: everything shown once, in its place, whatever the ids, parents and clocks say."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.timeline import MINIMAP_MARKS, Timeline, _Painter, build
from traces.timeline.axis import percent, tick_text
from traces.timeline.forest import Node

START = datetime(2026, 4, 6, 12, tzinfo=UTC)


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def node(span_id: str, start: float = 0, end: float | None = 100, parent: str | None = None, **more) -> Node:
    values = {"name": span_id, "kind": "tool", "status": "ok", **more}
    ended_at = None if end is None else at(end)
    return Node(id=span_id, parent_id=parent, started_at=at(start), ended_at=ended_at, **values)


def laid_out(*nodes: Node, until: float | None = 100, **more) -> Timeline:
    ended_at = None if until is None else at(until)
    values = {"started_at": START, "ended_at": ended_at, "is_running": False, "now": at(until or 0), **more}
    return build(nodes, **values)


def shape(timeline: Timeline) -> list[tuple[str, int]]:
    return [(row.id, row.depth) for row in timeline.rows]


def row_of(timeline: Timeline, span_id: str):
    return next(row for row in timeline.rows if row.id == span_id)


# The tree -----------------------------------------------------------------------------------------------------------


def test_children_follow_their_parent_one_level_deeper():
    timeline = laid_out(node("root"), node("a", 10, 20, "root"), node("b", 30, 40, "root"), node("a1", 12, 15, "a"))
    assert shape(timeline) == [("root", 0), ("a", 1), ("a1", 2), ("b", 1)]


def test_a_parent_counts_children_and_all_below_it():
    timeline = laid_out(node("root"), node("a", parent="root"), node("a1", parent="a"), node("a2", parent="a"))
    assert (timeline.rows[0].child_count, timeline.rows[0].descendant_count) == (1, 3)


def test_siblings_stand_by_start_then_by_arrival():
    nodes = (node("late", 50, ordinal=0), node("second", 10, ordinal=2), node("first", 10, ordinal=1))
    assert [row.id for row in laid_out(*nodes).rows] == ["first", "second", "late"]


def test_a_child_that_came_before_its_parent_finds_it():
    timeline = laid_out(node("child", 10, 20, "root", ordinal=0), node("root", 0, 100, ordinal=1))
    assert shape(timeline) == [("root", 0), ("child", 1)]


def test_a_child_that_started_before_its_parent_still_stands_under_it():
    assert shape(laid_out(node("child", 0, 20, "root"), node("root", 5, 100))) == [("root", 0), ("child", 1)]


def test_a_span_without_its_parent_is_a_marked_root():
    row = laid_out(node("lost", parent="gone")).rows[0]
    assert (row.depth, row.is_orphan, row.is_odd) == (0, True, True)


def test_a_circle_of_parents_is_opened_at_its_earliest_span():
    timeline = laid_out(node("a", 10, parent="c"), node("b", 20, parent="a"), node("c", 30, parent="b"))
    assert shape(timeline) == [("a", 0), ("b", 1), ("c", 2)]
    assert [row.is_in_cycle for row in timeline.rows] == [True, False, False]


def test_what_hangs_on_a_circle_stays_under_it():
    timeline = laid_out(node("leaf", 0, parent="a"), node("a", 10, parent="b"), node("b", 20, parent="a"))
    assert shape(timeline) == [("a", 0), ("leaf", 1), ("b", 1)]


def test_a_span_that_is_its_own_parent_is_a_root():
    assert shape(laid_out(node("self", parent="self"))) == [("self", 0)]


def test_spans_with_one_id_are_both_shown_and_marked():
    timeline = laid_out(node("twin", 0), node("twin", 10), node("child", 20, parent="twin"))
    assert shape(timeline) == [("twin", 0), ("child", 1), ("twin", 0)]
    assert [row.is_duplicate for row in timeline.rows] == [True, False, True]


@pytest.mark.parametrize("is_chain", [True, False])
def test_of_ten_thousand_spans_few_rows_are_made_before_somebody_looks(is_chain, monkeypatch):
    made, draw = [], _Painter.row
    monkeypatch.setattr(_Painter, "row", lambda painter, index: made.append(index) or draw(painter, index))
    parents = [str(i - 1) if is_chain and i else None for i in range(10_000)]
    timeline = laid_out(*(node(str(i), i, 20_000, parents[i]) for i in range(10_000)), until=20_000)
    assert len(made) < 10
    deepest = timeline.rows[-1]
    assert (deepest.id, deepest.depth, deepest.indent) == (("9999", 9_999, 7) if is_chain else ("9999", 0, 0))
    assert [row.id for row in timeline.rows[5_000:5_002]] == list(timeline.rows.ids[5_000:5_002]) == ["5000", "5001"]
    assert len(timeline.minimap) <= MINIMAP_MARKS


@pytest.mark.parametrize("is_chain", [True, False])
def test_four_times_the_spans_are_hardly_more_than_four_times_the_work(is_chain):
    def lines_run(count: int) -> int:
        parents = [str(i - 1) if is_chain and i else None for i in range(count)]
        nodes = [node(str(i), i, count, parents[i], status="error" if i % 3 else "ok") for i in range(count)]
        seen = 0

        def look(_frame, event, _):
            nonlocal seen
            seen += event == "line"
            return look

        before = sys.gettrace()
        sys.settrace(look)
        try:
            assert len(laid_out(*nodes, until=count).rows[-50:]) == 50
        finally:
            sys.settrace(before)
        return seen

    assert lines_run(1_200) < 5 * lines_run(300)


def test_of_bars_that_are_drawn_alike_the_first_is_in_the_minimap():
    kinds = ("http", "tool") * 300
    instants = (node(str(i), i * 0.1, i * 0.1, kind=kind) for i, kind in enumerate(kinds))
    assert {mark.tone for mark in laid_out(*instants).minimap} == {"http"}


def test_no_spans_at_all_is_an_empty_timeline_with_an_axis():
    timeline = laid_out()
    assert (tuple(timeline.rows), timeline.failure, timeline.minimap) == ((), None, ())
    assert [tick.label for tick in timeline.ticks] == ["0", "20 ms", "40 ms", "60 ms", "80 ms", "100 ms"]


# The geometry -------------------------------------------------------------------------------------------------------


def test_bars_lie_on_the_axis_in_percent():
    row = laid_out(node("a", 25, 50)).rows[0]
    assert (row.x, row.width, row.label, row.label_at, row.label_x) == ("25", "25", "25 ms", "after", "50")


def test_an_instant_is_a_visible_tick_inside_the_axis():
    row = laid_out(node("a", 100, 100)).rows[0]
    assert (row.x, row.width, row.is_instant, row.label) == ("99.6", "0.4", True, "0 ms")


def test_clocks_that_differ_give_a_duration_of_zero_and_a_note():
    row = laid_out(node("a", 50, 20)).rows[0]
    assert (row.duration_ms, row.is_skewed, row.is_odd) == (0, True, False)
    assert row.notes == ("It ended before it started: the clocks differed. The duration is shown as 0.",)


def test_a_run_that_goes_on_is_drawn_up_to_now():
    timeline = laid_out(node("a", 0, None), until=None, is_running=True, now=at(60))
    row = timeline.rows[0]
    assert (row.is_running, row.is_unfinished, row.duration_ms, row.duration) == (True, False, None, "running")
    assert timeline.duration_ms == 60


def test_a_run_that_was_left_running_long_ago_ends_at_its_last_sign_of_life():
    timeline = laid_out(node("a", 0, 40), until=None, is_running=True, now=at(0) + timedelta(days=700))
    assert (timeline.duration_ms, timeline.is_stale) == (40, True)


def test_a_span_without_an_end_in_a_finished_run_says_so():
    row = laid_out(node("a", 20, None)).rows[0]
    assert (row.is_running, row.is_unfinished, row.label) == (False, True, "no end")


def test_a_span_that_began_before_its_run_moves_the_axis():
    timeline = laid_out(node("early", -50, 0), node("a", 0, 50), until=50)
    assert (timeline.origin, [row.start_ms for row in timeline.rows]) == (at(-50), [0, 50])


def test_the_label_of_a_late_bar_stands_before_it():
    row = laid_out(node("first", 0, 10), node("late", 90, 100)).rows[1]
    assert (row.label_at, row.label_x) == ("before", "90")


def test_the_label_of_a_full_bracket_stands_on_its_end():
    row = laid_out(node("root", 0, 100), node("a", 10, 20, "root")).rows[0]
    assert (row.is_container, row.label_at) == (True, "end")


def test_a_bar_from_end_to_end_gets_an_axis_with_room_for_its_label():
    timeline = laid_out(node("only", 0, 100))
    assert timeline.rows[0].label_at == "after"
    assert [tick.label for tick in timeline.ticks] == ["0", "20 ms", "40 ms", "60 ms", "80 ms", "100 ms"]


def test_a_tall_bar_holds_its_label():
    row = laid_out(node("only", 0, 100), has_tall_rows=True).rows[0]
    assert (row.label_at, row.width) == ("inside", "100")


@pytest.mark.parametrize(
    ("duration", "last"),
    [
        (0.4, "0.4 ms"), (38, "40 ms"), (840, "1 s"), (1_490, "1.5 s"), (48_900, "50 s"),
        (61_000, "1 m 20 s"), (150_000, "2 m 30 s"), (7_200_000, "2 h"), (200_000_000, "2 d 12 h"),
    ],
)  # fmt: skip
def test_the_axis_ends_on_a_round_step(duration, last):
    timeline = laid_out(until=duration)
    assert timeline.ticks[-1].label == last
    assert 3 <= len(timeline.ticks) <= 8


def test_ticks_are_written_without_needless_digits():
    assert [tick_text(ms) for ms in (0, 400, 1_200, 60_000, 90_000)] == ["0", "400 ms", "1.2 s", "1 m", "1 m 30 s"]


def test_percents_are_short():
    assert [percent(value) for value in (0, 12.3, 33.333, 100)] == ["0", "12.3", "33.33", "100"]


# What it tells ------------------------------------------------------------------------------------------------------


def test_the_failure_is_the_deepest_failed_span_with_its_path():
    timeline = laid_out(
        node("root", status="error"),
        node("step", 10, 50, "root", status="error"),
        node("call", 20, 40, "step", status="error", kind="llm"),
        is_failed=True,
    )
    assert (timeline.failure.row.id, timeline.failure.path) == ("call", ("root", "step", "call"))
    assert timeline.errors == ("call",)


def test_the_later_of_two_failures_explains_the_run():
    timeline = laid_out(node("a", 0, 40, status="error"), node("b", 50, 90, status="error"), is_failed=True)
    assert (timeline.failure.row.id, timeline.errors) == ("b", ("a", "b"))


def test_a_failed_http_call_is_told_by_the_tool_that_made_it():
    timeline = laid_out(
        node("publish", status="error"), node("POST /", 10, 20, "publish", status="error", kind="http"), is_failed=True
    )
    assert timeline.failure.row.id == "publish"


def test_an_error_whose_caller_went_on_is_recovered_and_explains_nothing():
    timeline = laid_out(node("root"), node("a", 10, 20, "root", status="error"))
    assert (row_of(timeline, "a").is_recovered, timeline.failure) == (True, None)


def test_an_error_that_a_later_sibling_of_its_name_made_good_was_retried():
    first = node("try1", 10, 20, "root", status="error", name="search")
    timeline = laid_out(
        node("root", status="error"), first, node("try2", 30, 40, "root", name="search"), is_failed=True
    )
    row = row_of(timeline, "try1")
    assert (row.is_retried, row.label) == (True, "10 ms · retried")


def test_what_failed_below_a_recovered_span_is_recovered_too():
    timeline = laid_out(node("root"), node("a", 10, 20, "root", status="error"), node("b", 12, 15, "a", status="error"))
    assert [row.is_failed for row in timeline.rows] == [False, False, False]


def test_a_failed_run_whose_callers_all_went_on_blames_its_last_error():
    timeline = laid_out(
        node("root"),
        node("a", 10, 20, "root", status="error"),
        node("b", 30, 40, "root", status="error"),
        is_failed=True,
    )
    assert timeline.failure.row.id == "b"


def test_own_time_is_what_children_do_not_cover():
    timeline = laid_out(node("root"), node("a", 10, 50, "root"), node("b", 40, 60, "root"), node("c", 90, 150, "root"))
    assert timeline.rows[0].own_ms == 40


def test_the_legend_is_own_time_by_kind_the_longest_first():
    timeline = laid_out(node("root", kind="agent"), node("a", 0, 30, "root", kind="llm"))
    assert [(item.kind, item.count, item.own_ms) for item in timeline.legend] == [("agent", 1, 70), ("llm", 1, 30)]


def test_a_long_legend_is_summed_up():
    kinds = ("agent", "llm", "tool", "http", "event", "other")
    timeline = laid_out(*(node(kind, 0, 10 + place, kind=kind) for place, kind in enumerate(kinds)))
    assert (len(timeline.legend), timeline.more_kinds.count, timeline.more_kinds.own_ms) == (4, 2, 21)


def test_the_last_span_that_has_not_ended_is_known():
    assert laid_out(node("a", 0, None), node("b", 10, None)).open_end.id == "b"


def test_tokens_are_summed_and_unknown_stays_unknown():
    timeline = laid_out(node("a", input_tokens=3), node("b", input_tokens=4), node("c"))
    assert (timeline.input_tokens, timeline.output_tokens) == (7, None)


# Whatever comes -----------------------------------------------------------------------------------------------------

IDS = st.sampled_from([str(number) for number in range(8)])
NODES = st.lists(
    st.builds(
        lambda span_id, parent, start, length, status, ordinal: node(
            span_id, start, None if length is None else start + length, parent, status=status, ordinal=ordinal
        ),
        IDS,
        st.none() | IDS | st.just("gone"),
        st.integers(-10_000, 100_000),
        st.none() | st.integers(-500, 100_000),
        st.sampled_from(["ok", "error"]),
        st.integers(0, 50),
    ),
    max_size=30,
)


@given(NODES, st.booleans(), st.booleans(), st.booleans())
def test_every_span_is_in_exactly_one_row(nodes, is_running, is_failed, is_tall):
    timeline = laid_out(*nodes, is_running=is_running, is_failed=is_failed, has_tall_rows=is_tall)
    assert sorted(row.id for row in timeline.rows) == sorted(given_node.id for given_node in nodes)


@given(NODES, st.booleans(), st.booleans())
def test_every_bar_lies_within_the_axis_and_is_visible(nodes, is_running, is_tall):
    timeline = laid_out(*nodes, is_running=is_running, has_tall_rows=is_tall)
    for row in timeline.rows:
        assert 0 <= float(row.x) < float(row.x) + float(row.width) <= 100.01
        assert float(row.width) >= 0.39
        assert row.duration_ms is None or row.duration_ms >= 0
        assert -0.001 <= row.own_ms <= timeline.duration_ms + 0.001


@given(NODES)
def test_depth_and_counts_fit_the_order_of_the_rows(nodes):
    rows = laid_out(*nodes).rows
    for place, row in enumerate(rows):
        below = rows[place + 1 : place + 1 + row.descendant_count]
        assert all(other.depth > row.depth for other in below)
        assert sum(other.depth == row.depth + 1 for other in below) == row.child_count
        after = place + 1 + row.descendant_count
        assert after >= len(rows) or rows[after].depth <= row.depth


@given(NODES, st.booleans())
def test_a_failure_is_a_row_that_failed_and_a_failed_run_with_errors_has_one(nodes, is_failed):
    timeline = laid_out(*nodes, is_failed=is_failed)
    if timeline.failure:
        assert timeline.failure.row.is_failed
        assert timeline.failure.path[-1] == timeline.failure.row.name
    assert bool(timeline.failure) or not (is_failed and any(given_node.status == "error" for given_node in nodes))
