"""What can go wrong with a run on its way in, said in our own words; the API turns each into an answer. Pure."""

from datetime import datetime


class TracesError(Exception):
    """The parent of all of them."""


class InvalidFields(TracesError):
    """Some fields are not as they should be: `fields` has a sentence for each, by its path in the body."""

    def __init__(self, fields: dict[str, str], error: str = "Validation failed") -> None:
        super().__init__(fields)
        self.fields = fields
        self.error = error


class TraceNotFound(TracesError):
    """No such trace, or not yours, or not one that may still change."""


class KeyRevoked(TracesError):
    """The key was live when the request came and is no more."""


class UnknownParent(TracesError):
    """A span names a parent that is not in its trace."""


class SpanLimitReached(TracesError):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class MonthlyLimitReached(TracesError):
    """The account has stored as many traces this month as its plan allows; `current` counts the refused one."""

    def __init__(self, *, limit: int, current: int, can_upgrade: bool, resets_at: datetime, now: datetime) -> None:
        super().__init__(limit)
        self.limit = limit
        self.current = current
        self.can_upgrade = can_upgrade
        self.retry_after = max(1, -int((now - resets_at).total_seconds() // 1))


class AgentLimitReached(TracesError):
    def __init__(self, *, plan: str, limit: int) -> None:
        super().__init__(limit)
        self.plan = plan
        self.limit = limit


class RateLimited(TracesError):
    """Too many requests with one key within the rolling window; the first retry after `retry_after` seconds succeeds."""

    def __init__(self, *, limit: int, retry_after: int) -> None:
        super().__init__(limit)
        self.limit = limit
        self.retry_after = retry_after


class InvalidIdempotencyKey(TracesError):
    """The key is not 1 to 255 printable ASCII characters."""


class IdempotencyKeyReused(TracesError):
    """The key came before, with another body."""


class RequestInProgress(TracesError):
    """The request that claimed this key is still running."""
