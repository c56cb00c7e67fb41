"""The list of an account's traces for the Nexus API: its query, its page, its total."""

from dataclasses import dataclass

from django.http import QueryDict

from accounts.models import Account
from traces.archive import stored_row
from traces.errors import InvalidFields
from traces.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX
from traces.listing import after, capped_count, find_traces, read_filter, row_of
from traces.wire.nexus_v1 import render_row


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rendered rows, newest received first, and how many traces match in all, as capped_count says."""

    rows: list[str]
    total: int


def list_page(account: Account, query: QueryDict) -> ListPage:
    """Page by keyset: `after` is the id of the last trace of the page before. InvalidFields for a bad query."""
    complaints: dict[str, str] = {}
    matching = find_traces(account, read_filter(query, complaints))
    limit = _limit(query, complaints)
    rest = matching
    if text := query.get("after"):
        last = row_of(account, text)
        if last:
            rest = after(matching, last)
        else:
            complaints["after"] = "Must be the id of one of your traces"
    if complaints:
        raise InvalidFields(complaints, error="Invalid query parameters")
    traces = rest.select_related("agent", "payload")[:limit]
    return ListPage([render_row(stored_row(trace), trace.span_count) for trace in traces], capped_count(matching))


def _limit(query: QueryDict, complaints: dict[str, str]) -> int:
    text = query.get("limit") or str(LIST_LIMIT_DEFAULT)
    if text.isascii() and text.isdigit() and len(text) <= len(str(LIST_LIMIT_MAX)) and 1 <= int(text) <= LIST_LIMIT_MAX:
        return int(text)
    complaints["limit"] = f"Must be an integer from 1 to {LIST_LIMIT_MAX}"
    return LIST_LIMIT_DEFAULT
