"""How the product writes durations, counts, sizes and moments; pages, mails and the timeline all call this."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal

_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
_COUNT_UNITS = ("k", "M", "B", "T")
_BYTE_UNITS = ("KB", "MB", "GB", "TB")


def duration_text(ms: float | None) -> str:
    """Write a span of time given in milliseconds: "0.4 ms", "840 ms", "12.4 s", "3 m 05 s", "1 h 02 m", "2 d 03 h".

    Three figures are all that a reader compares. None, for what has not ended, is an empty string.
    """
    if ms is None:
        return ""
    if round(ms) < _SECOND:
        return _milliseconds(ms)
    # 59.96 s would round to "60.0 s": what rounds up to a minute is written as one.
    if ms < 59_950:
        return f"{three_figures(ms / _SECOND)} s"
    return _two_units(ms)


def _milliseconds(ms: float) -> str:
    if 0 < ms < 0.95:
        return f"{max(ms, 0.1):.1f} ms"
    return f"{max(ms, 0):.0f} ms"


def _two_units(ms: float) -> str:
    seconds = round(ms / _SECOND)
    if seconds < 3_600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    minutes = round(ms / _MINUTE)
    if minutes < 1_440:
        return f"{minutes // 60} h {minutes % 60:02} m"
    hours = round(ms / _HOUR)
    return f"{hours // 24} d {hours % 24:02} h"


def three_figures(value: float) -> str:
    """Write a number from 1 to 999 with three figures: "2.68", "14.5", "180"."""
    for digits, ceiling in ((2, 9.995), (1, 99.95)):
        if value < ceiling:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def count_text(number: int | None) -> str:
    """Write a count so that it fits a column: "999", "1.2k", "12.4k", "3.1M"; None is an empty string."""
    if number is None:
        return ""
    if number < 1_000:
        return str(number)
    value, unit = _scaled(number, 1_000, _COUNT_UNITS)
    return f"{value:.1f}".removesuffix(".0") + unit


def money_text(nanodollars: int | float) -> str:
    """Write a cost in US dollars: "$0.0123", "$1.50", "$1,234.00". A sum below a cent keeps two figures: "$0.00039"."""
    dollars = Decimal(round(nanodollars)).scaleb(-9)
    if dollars >= 1:
        return f"${dollars:,.2f}"
    if not dollars:
        return "$0"
    places = max(4, 1 - dollars.adjusted())
    rounded = f"{dollars:.{places}f}"
    # 0.99996 is a dollar.
    return "$1.00" if rounded.startswith("1") else f"${rounded}"


def bytes_text(size: int) -> str:
    """Write a size in bytes: "812 bytes", "34 KB", "1.2 MB" (1 KB is 1,024 bytes)."""
    if size < 1_024:
        return "1 byte" if size == 1 else f"{size} bytes"
    value, unit = _scaled(size, 1_024, _BYTE_UNITS)
    return f"{value:.0f} {unit}" if value >= 9.95 else f"{f'{value:.1f}'.removesuffix('.0')} {unit}"


def _scaled(number: int, step: int, units: tuple[str, ...]) -> tuple[float, str]:
    """Bring a number of at least one `step` below the next unit, also after rounding: 999,950 is 1M, not 1000k."""
    value = number / step
    for unit in units[:-1]:
        if value < 999.5:
            return value, unit
        value /= step
    return value, units[-1]


def iso_z(moment: datetime) -> str:
    """Write a moment in UTC with `Z`: no fraction if it is zero, 3 digits for whole milliseconds, else 6."""
    in_utc = moment.astimezone(UTC)
    precision = (
        "seconds" if not in_utc.microsecond else "microseconds" if in_utc.microsecond % 1_000 else "milliseconds"
    )
    return in_utc.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def day_and_time(moment: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """Write a moment for a reader: "22 Nov, 09:41", and "22 Nov 2024, 09:41" when that is not this year."""
    there = moment.astimezone(zone)
    year = "" if there.year == now.astimezone(zone).year else f" {there.year}"
    return f"{there.day} {there:%b}{year}, {there:%H:%M}"


def exact_time(moment: datetime) -> str:
    """Write a moment in full for a tooltip: "22 Nov 2025, 09:41:07.250 UTC"."""
    in_utc = moment.astimezone(UTC)
    return f"{in_utc.day} {in_utc:%b} {in_utc.year}, {in_utc:%H:%M:%S}.{in_utc.microsecond // 1_000:03} UTC"


def relative_time(moment: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """Write how long ago: "just now", "5 minutes ago", "3 hours ago", "yesterday", "6 days ago"; older is a date."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1 or minutes >= 7 * 1_440:
        return "just now" if -1 <= minutes < 1 else day_and_time(moment, now, zone)
    if minutes < 60:
        return f"{minutes} minute{'s' * (minutes > 1)} ago"
    hours = minutes // 60
    if hours < 24:
        return f"{hours} hour{'s' * (hours > 1)} ago"
    days = hours // 24
    return "yesterday" if days == 1 else f"{days} days ago"
