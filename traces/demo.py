"""The run that the landing page shows: an agent that researched for 49 seconds and could not hand in its report.

`demo_timeline` draws it without a database; `demo_trace` is what add_demo_trace stores. Both are the same record.
"""

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from traces.reading.page import view_of_record
from traces.reading.timeline_view import TimelineView
from traces.records import Source, SpanKind, SpanRecord, SpanStatus, TraceRecord, TraceStatus

DEMO_SHARE_ID = "3e0b6a66-661f-4a98-9970-17d180d6e48b"

_STARTED_AT = datetime(2026, 11, 21, 14, 2, 11, 204_000, tzinfo=UTC)
_MODEL = "claude-sonnet-4-5"
PRICED_ON = date(2026, 11, 10)
_NANODOLLARS = {_MODEL: (3_000, 15_000), "gpt-4o-mini": (150, 600), "gpt-4o": (2_500, 10_000)}
"""What a token in and one out cost. Written down, so that the landing page need not load the price list."""
_QUESTION = (
    "What support can a household in Denmark get for a heat pump in 2026, and how many took it up in 2025? "
    "One page, with sources."
)
_SYSTEM = (
    "You are a research assistant. Use only primary sources. Every figure in the brief needs a link to where it "
    "stands. Prefer pages changed in the last twelve months; say so when a source is older. Stop after three sources "
    "unless they disagree."
)
_SCHEME = "https://energy-agency.example/schemes/heat-pumps"
_TABLE = "https://stats.example/tables/heating-2025"
_GUIDANCE = "https://energy-agency.example/files/guidance-2026.pdf"
_SEARCH = {"query": "heat pump subsidy Denmark 2026 rules", "limit": 10, "since": "2025-11-01"}
_RESULTS = {
    "query": _SEARCH["query"],
    "took_ms": 688,
    "results": [
        {"title": "Support schemes for heat pumps", "url": _SCHEME, "score": 0.93, "published": "2026-09-30"},
        {"title": "Heating of dwellings by type, 2025", "url": _TABLE, "score": 0.88, "published": "2026-06-12"},
        {"title": "Guidance for applicants 2026 (PDF)", "url": _GUIDANCE, "score": 0.86, "published": "2026-10-14"},
        {
            "title": "Ten reasons to change your boiler now",
            "url": "https://blog.example/ten-reasons",
            "score": 0.41,
            "published": None,
        },
    ],
    "next": None,
}
_DRAFT = f"""# Heat pumps: what a household can get in 2026

The scheme covers **up to 20 %** of the purchase, at most DKK 27,000, for homes that leave oil or gas
([scheme]({_SCHEME})).

- Apply *before* work starts; the installer must be certified ([guidance, p. 12]({_GUIDANCE})).
- The income limit that applied in 2025 is gone.

In 2025, **31,400** households used it, 12 % more than the year before ([table]({_TABLE})).
"""
_REPORT = {
    "title": "Brief: heat-pump subsidies in Denmark, 2026",
    "format": "markdown",
    "body": _DRAFT,
    "words": 612,
    "sources": [{"url": _SCHEME, "cited": 4}, {"url": _TABLE, "cited": 2}, {"url": _GUIDANCE, "cited": 3}],
    "draft": False,
}
_CONNECT_ERROR = """ConnectError: connection refused by reports.internal:8443
2 attempts in 2.07 s, no HTTP answer.

Traceback (most recent call last):
  File "agent/tools/publish_report.py", line 41, in run
    response = client.post(url, json=brief)
  File ".venv/lib/python3.12/site-packages/httpx/_client.py", line 1144, in post
    return self.request("POST", url, json=json)
  File ".venv/lib/python3.12/site-packages/httpx/_client.py", line 825, in request
    return self.send(request, auth=auth)
  File ".venv/lib/python3.12/site-packages/httpx/_transports/default.py", line 250, in handle_request
    with map_httpcore_exceptions():
httpx.ConnectError: [Errno 111] Connection refused"""


def _said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def _asked(call_id: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def _chat(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [_said("system", _SYSTEM), _said("user", _QUESTION), *messages]}


_FIRST_SEARCH = _said(
    "assistant",
    [{"type": "text", "text": "I will look for the current rules first."}, _asked("t1", "search_web", _SEARCH)],
)
_SEARCH_ANSWER = _said("user", [{"type": "tool_result", "tool_use_id": "t1", "content": json.dumps(_RESULTS)}])
_CHOICE = _said(
    "assistant",
    [
        {
            "type": "thinking",
            "thinking": "The agency page has the scheme itself, the statistics table has the take-up, the PDF has the "
            "conditions. The fourth result is a blog and undated: leave it out.",
        },
        {
            "type": "text",
            "text": "Three of the four results are primary sources:\n\n- the scheme page, changed on 30 September "
            "2026\n- the statistics table with installations for 2025\n- the guidance for applicants, which has the "
            "income limits\n\nI will read all three.",
        },
        _asked("t2", "fetch_page", {"url": _SCHEME}),
        _asked("t3", "fetch_page", {"url": _TABLE}),
        _asked("t4", "read_pdf", {"url": _GUIDANCE, "pages": [1, 12]}),
    ],
)
_SUMMARY = _said(
    "assistant",
    "All three agree. Up to 20 % of the purchase, at most DKK 27,000; no income limit since January; 31,400 households "
    "in 2025. The PDF adds that the application must come before the work.",
)


def demo_trace() -> TraceRecord:
    """The run as a record with fixed ids; public, so that ingest opens its link under DEMO_SHARE_ID."""
    spans = tuple(_spans())
    return TraceRecord(
        source=Source.NEXUS,
        name="Brief: heat-pump subsidies in Denmark, 2026",
        status=TraceStatus.ERROR,
        started_at=_STARTED_AT,
        ended_at=_STARTED_AT + timedelta(milliseconds=48_920),
        agent="research-agent",
        metadata=json.dumps({"environment": "production", "version": "2.8.1", "requested_by": "weekly-briefs"}),
        spans=spans,
        is_public=True,
        id=uuid.UUID(DEMO_SHARE_ID),
    )


@cache
def demo_timeline() -> TimelineView:
    """The run drawn for the landing page; its links lead to the stored trace."""
    return view_of_record(demo_trace(), url=f"/traces/{DEMO_SHARE_ID}")


def _spans() -> list[SpanRecord]:
    """The 24 steps: place, caller, kind, name, start and duration in ms, and what went in and came out."""
    agent, llm, tool, http = SpanKind.AGENT, SpanKind.LLM, SpanKind.TOOL, SpanKind.HTTP
    search_url, failed = "https://search.example/v1/web", SpanStatus.ERROR
    publish_url = "https://reports.internal:8443/v2/briefs"
    return [
        _span(1, 0, agent, "research-agent", 0, 48_920, sent={"question": _QUESTION, "max_sources": 3}, status=failed),
        _span(2, 1, llm, "plan", 40, 3_080, tokens=(1_840, 212), sent=_chat(), got=_FIRST_SEARCH),
        _span(3, 1, agent, "gather", 3_150, 22_250, sent={"goal": _QUESTION}, got={"sources": 3, "discarded": 1}),
        _span(4, 3, tool, "search_web", 3_180, 3_130, sent=_SEARCH, got=_RESULTS),
        _span(
            *(5, 4, http, "GET search.example/v1/web", 3_200, 380),
            sent={"method": "GET", "url": search_url},
            got={"status": 429, "retry_after": 2},
            status=failed,
            error="429 Too Many Requests: the server asked to wait 2 s",
        ),
        _span(6, 4, SpanKind.OTHER, "wait for Retry-After", 3_580, 2_000),
        _span(
            *(7, 4, http, "GET search.example/v1/web", 5_580, 710),
            sent={"method": "GET", "url": search_url},
            got={"status": 200, "bytes": 1_946},
        ),
        _span(
            *(8, 3, llm, "choose_sources", 6_340, 2_680),
            tokens=(4_310, 388),
            sent=_chat(_FIRST_SEARCH, _SEARCH_ANSWER),
            got=_CHOICE,
        ),
        _span(9, 3, tool, "fetch_page", 9_060, 1_350, sent={"url": _SCHEME}, got={"status": 200, "words": 1_204}),
        _span(10, 9, http, "GET energy-agency.example/schemes/heat-pumps", 9_080, 1_120, got={"status": 200}),
        _span(11, 3, tool, "fetch_page", 9_060, 4_800, sent={"url": _TABLE}, got={"status": 200, "rows": 118}),
        _span(12, 11, http, "GET stats.example/tables/heating-2025", 9_090, 4_510, got={"status": 200}),
        _span(13, 3, tool, "read_pdf", 9_070, 7_850, sent={"url": _GUIDANCE, "pages": [1, 12]}, got={"words": 2_390}),
        _span(14, 13, http, "GET energy-agency.example/files/guidance-2026.pdf", 9_100, 3_640, got={"status": 200}),
        _span(15, 13, SpanKind.OTHER, "extract_text", 12_760, 4_140, got={"pages": 2, "tables": 1}),
        _span(
            *(16, 3, llm, "summarise_sources", 17_000, 8_370),
            tokens=(18_900, 1_142),
            sent=_chat(_FIRST_SEARCH, _SEARCH_ANSWER, _CHOICE),
            got=_SUMMARY,
        ),
        _span(17, 1, SpanKind.RETRIEVER, "recall_notes", 25_440, 870, sent={"topic": "heat pumps"}, got={"notes": 2}),
        _span(18, 17, SpanKind.EMBEDDING, "embed_query", 25_450, 260, got={"dimensions": 1_536}),
        _span(19, 17, SpanKind.RETRIEVER, "vector_search", 25_720, 570, got={"hits": 2, "best": 0.81}),
        _span(
            *(20, 1, llm, "write_draft", 26_400, 14_480),
            tokens=(9_480, 2_308),
            sent=_chat(_SUMMARY, _said("user", "Write the brief. One page, plain words, a link behind every figure.")),
            got=_said("assistant", _DRAFT),
        ),
        _span(21, 1, SpanKind.GUARDRAIL, "check_citations", 40_920, 5_800, got={"checked": 9, "broken": 0}),
        _span(
            *(22, 21, llm, "judge", 40_950, 5_740),
            model="gpt-4o-mini",
            tokens=(6_120, 164),
            sent={"messages": [_said("user", "Does each link support the figure before it?\n\n" + _DRAFT)]},
            got=_said("assistant", "Yes, all nine do. The table was last changed in June, which the brief says."),
        ),
        _span(23, 1, tool, "publish_report", 46_780, 2_110, sent=_REPORT, status=failed, error=_CONNECT_ERROR),
        _span(
            *(24, 23, http, "POST reports.internal:8443/v2/briefs", 46_800, 2_070),
            sent={"method": "POST", "url": publish_url, "attempts": 2},
            status=failed,
            error="[Errno 111] Connection refused\nNo server listened on reports.internal:8443.",
        ),
    ]


def cost_of(model: str, tokens: tuple[int, int]) -> int:
    """Nanodollars for tokens in and out of one of the models of the demo; the seeded month has them too."""
    (given, got), (asked, answered) = tokens, _NANODOLLARS[model]
    return given * asked + got * answered


def _span(
    place: int,
    caller: int,
    kind: SpanKind,
    name: str,
    start_ms: int,
    duration_ms: int,
    *,
    sent: Any = None,
    got: Any = None,
    status: SpanStatus = SpanStatus.OK,
    error: str | None = None,
    model: str = _MODEL,
    tokens: tuple[int, int] | None = None,
) -> SpanRecord:
    start = _STARTED_AT + timedelta(milliseconds=start_ms)
    return SpanRecord(
        name=name,
        kind=kind,
        status=status,
        started_at=start,
        ended_at=start + timedelta(milliseconds=duration_ms),
        input=None if sent is None else json.dumps(sent, ensure_ascii=False),
        output=None if got is None else json.dumps(got, ensure_ascii=False),
        error=error,
        parent_id=_span_id(caller) if caller else None,
        model=model if kind == SpanKind.LLM else "",
        input_tokens=tokens[0] if tokens else None,
        output_tokens=tokens[1] if tokens else None,
        cost_nanodollars=cost_of(model, tokens) if tokens else None,
        priced_on=PRICED_ON if tokens else None,
        id=_span_id(place),
    )


def _span_id(place: int) -> uuid.UUID:
    """An id that is the same in every installation, so that a link to a step of the demo works everywhere."""
    return uuid.uuid5(uuid.UUID(DEMO_SHARE_ID), str(place))
