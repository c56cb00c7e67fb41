"""The sentence over a timeline: how the run went, linked to the span it is about; pure, called by page.py."""

from dataclasses import dataclass

from tracen.lib.wording import duration_text, exact_time
from traces.reading.error_text import reason_of
from traces.records import Source, TraceRecord, TraceStatus
from traces.timeline import Row, Timeline

WORTH_NAMING, NEARLY_ALL = 5, 99
"""From which percentage of the run on its longest span is named, and called all of it."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A quieter second sentence: words, a span with its id, words."""

    before: str
    name: str = ""
    span_id: str = ""
    after: str = ""

    @property
    def plain(self) -> str:
        return f"{self.before}{self.name}{self.after}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, the span it is about, words; `tone` is bad, late, run or empty."""

    tone: str
    before: str
    name: str = ""
    span_id: str = ""
    after: str = ""
    asides: tuple[Aside, ...] = ()

    @property
    def plain(self) -> str:
        return f"{self.before}{self.name}{self.after}"


def tell(run: TraceRecord, timeline: Timeline, span_error: str | None) -> Sentence:
    """How the run went. `span_error` is the error text of the span that explains the failure, if there is one."""
    match run.status:
        case TraceStatus.RUNNING:
            return _running(timeline)
        case TraceStatus.SUCCESS:
            return _success(run, timeline)
        case TraceStatus.TIMEOUT:
            return _timeout(run, timeline, span_error)
    return _error(run, timeline, span_error)


def run_ms(run: TraceRecord, timeline: Timeline) -> float:
    """How long the run took: by its own times if it has ended, else as far as is known."""
    if run.ended_at is None:
        return timeline.duration_ms
    return max((run.ended_at - run.started_at).total_seconds() * 1000, 0)


def _running(timeline: Timeline) -> Sentence:
    count = len(timeline.rows)
    spans = f"{count:,} span{'' if count == 1 else 's'}" if count else "no spans"
    if timeline.is_stale:
        return Sentence("run", f"Never ended: {spans}, and nothing since {exact_time(timeline.last_sign)}.")
    return Sentence("run", f"Running for {duration_text(timeline.duration_ms)}, {spans} so far.")


def _success(run: TraceRecord, timeline: Timeline) -> Sentence:
    total, longest = run_ms(run, timeline), timeline.longest
    before = "Answered" if run.source == Source.TRACEN else "Finished"
    asides = (*_clock_trouble(run), *_recoveries(timeline))
    if not total:
        return Sentence("", f"{before}.", asides=asides)
    before = f"{before} in {duration_text(total)}"
    share = round(100 * min(longest.own_ms / total, 1)) if longest else 0
    if longest is None or share < WORTH_NAMING:
        return Sentence("", f"{before}.", asides=asides)
    if share >= NEARLY_ALL:
        return Sentence("", f"{before}, all of it in ", longest.name, longest.id, ".", asides)
    took = f" took {duration_text(longest.own_ms)} of it, {share} %."
    return Sentence("", f"{before}; ", longest.name, longest.id, took, asides)


def _clock_trouble(run: TraceRecord) -> tuple[Aside, ...]:
    if run.ended_at is None or run.ended_at >= run.started_at:
        return ()
    return (Aside("The run says that it ended before it started: the clocks differed."),)


def _timeout(run: TraceRecord, timeline: Timeline, span_error: str | None) -> Sentence:
    # Who says that a run timed out says when. Without an end nobody said so: nothing more was heard.
    how = "Timed out" if run.ended_at else "Fell silent"
    before = f"{how} after {duration_text(run_ms(run, timeline))}"
    last = timeline.open_end
    if last:
        return Sentence("late", f"{before}; ", last.name, last.id, " had not ended.", _recoveries(timeline))
    if timeline.failure:
        row = timeline.failure.row
        return Sentence("late", f"{before}; ", row.name, row.id, _failed(row, span_error), _recoveries(timeline))
    reason = reason_of(run.error)
    return Sentence("late", f"{before}: {reason}." if reason else f"{before}.", asides=_recoveries(timeline))


def _error(run: TraceRecord, timeline: Timeline, span_error: str | None) -> Sentence:
    if timeline.failure:
        row = timeline.failure.row
        asides = (*_stopped_there(timeline, row), *_recoveries(timeline))
        return Sentence("bad", "", row.name, row.id, _failed(row, span_error or run.error), asides)
    total, reason = run_ms(run, timeline), reason_of(run.error)
    before = f"Failed after {duration_text(total)}" if total else "Failed"
    return Sentence("bad", f"{before}: {reason}." if reason else f"{before}; no span says why.")


def _failed(row: Row, error: str | None) -> str:
    after = f" failed after {duration_text(row.duration_ms)}" if row.duration_ms else " failed"
    reason = reason_of(error)
    return f"{after}: {reason}." if reason else f"{after}."


def _stopped_there(timeline: Timeline, failed: Row) -> tuple[Aside, ...]:
    end = failed.start_ms + (failed.duration_ms or 0)
    if len(timeline.rows) < 2 or timeline.last_start_ms > end:
        return ()
    return (Aside("The run stopped there."),)


def _recoveries(timeline: Timeline) -> tuple[Aside, ...]:
    """A word about errors that did no harm, so that nobody takes them for the cause."""
    rows = timeline.recovered
    if not rows:
        return ()
    if len(rows) > 1:
        return (Aside(f"{len(rows):,} other errors did not stop the run."),)
    row = rows[0]
    after = ", was retried and recovered." if row.is_retried else ", did not stop the run."
    return (Aside("One earlier error, in ", row.name, row.id, after),)
