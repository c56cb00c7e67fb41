"""Times as the API writes them, in both directions; the dialects and the lists are the callers. Pure."""

import re
from datetime import UTC, datetime, timedelta, timezone

from traces.limits import EARLIEST_YEAR, LATEST_YEAR

NOT_TIME = "Must be an ISO 8601 timestamp with a time zone"
NOT_TIME_OR_UTC = "Must be an ISO 8601 timestamp"
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))?", re.ASCII
)


def parse_time(text: str, *, zone_may_be_missing: bool = False) -> datetime | None:
    """An RFC 3339 time in UTC, to the microsecond, years 1970 to 2199; None if it is not one.

    Stricter than datetime.fromisoformat, which also takes week dates, bare hours and other scripts' digits; a leap
    second is read as :59, and a missing zone as UTC where the dialect allows it.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micros = int((match[7] or "0")[:6].ljust(6, "0"))
    has_zone = match[8] or text[-1] in "Zz"
    if not has_zone and not zone_may_be_missing:
        return None
    try:
        zone = timezone(_offset(match)) if match[8] else UTC
        moment = datetime(year, month, day, hour, minute, 59 if second == 60 else second, micros, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


def _offset(match: re.Match[str]) -> timedelta:
    hours, minutes = int(match[9]), int(match[10])
    if hours > 23 or minutes > 59:
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if match[8] == "-" else offset


def render_time(moment: datetime | None) -> str | None:
    """UTC with `Z`; no fraction if it is zero, 3 digits if whole milliseconds, else 6 (contract §3)."""
    if moment is None:
        return None
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    if not moment.microsecond:
        return f"{moment.isoformat()}Z"
    return f"{moment.isoformat(timespec='microseconds' if moment.microsecond % 1000 else 'milliseconds')}Z"
