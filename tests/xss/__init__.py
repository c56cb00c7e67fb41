"""Texts that would run as script if a page ever took them for HTML, and runs that carry them in every field."""

import json
from pathlib import Path
from typing import Any

from accounts.models import Account
from traces.ingest import record_trace
from traces.models import ShareLink, Trace
from traces.records import SpanKind, TraceStatus
from traces.sharing import share
from traces.tests.runs import call, failed, run, span

# Not splitlines(): some of them hold a U+2028.
PAYLOADS = (Path(__file__).parent / "payloads.txt").read_text().rstrip("\n").split("\n")


def carry(account: Account, payload: str, *, is_call: bool = False) -> ShareLink:
    """Store a shared run with the payload in every field that a sender fills; `is_call` makes it one that is a sheet."""
    talk = [
        {"role": payload, "content": payload},
        {"role": "assistant", "content": [{"type": "text", "text": payload}], "tool_calls": [_tool_call(payload)]},
        {"role": "tool", "name": payload, "content": json.dumps({payload: payload})},
    ]
    model: dict[str, Any] = {"provider": payload, "model": payload}
    answer = {"role": "assistant", "content": payload, "reasoning": payload}
    spans = (
        span(payload, kind=SpanKind.LLM, input={"messages": talk}, output=answer, **model),
        failed(payload, input={payload: payload, "in": [payload]}, output=payload, error=f"{payload}: {payload}"),
        failed(payload, error=f'Traceback:\n  File "{payload}", line 1\n{payload}'),
    )
    texts = {"prompt": payload, "response": payload, "error": payload, "metadata": json.dumps({payload: payload})}
    more: dict[str, Any] = {"name": payload, "agent": payload, "status": TraceStatus.ERROR, **model, **texts}
    record = call(*spans, **more) if is_call else run(*spans, **more)
    record_trace(account, record)
    trace = Trace.objects.get(pk=record.id)
    return ShareLink.objects.get(trace=trace) if is_call else share(trace)


def _tool_call(payload: str) -> dict[str, object]:
    return {
        "id": payload,
        "type": "function",
        "function": {"name": payload, "arguments": json.dumps({payload: payload})},
    }
