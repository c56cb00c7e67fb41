"""The words of an alert mail: a failure report and what waited beside it as one letter; traces/alerts.py sends it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from traces.failure_report import FailureReport, ToolCall
from traces.models import Alert
from traces.records import TraceStatus

LISTED = 5
"""How many of the others are named, each with its link."""
WORDS = {TraceStatus.ERROR: "failed", TraceStatus.TIMEOUT: "timed out"}
_LONGEST_NAME = 55
"""In a subject, so that both names and the word between them are always seen."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of writing, of what follows a name too."""


@dataclass(frozen=True, slots=True)
class Other:
    """One more failure of the same agent, in a line."""

    name: str
    word: str
    raised_at: datetime
    url: str


def letter(report: FailureReport, others: Sequence[Alert], readers: Sequence[str]) -> EmailMultiAlternatives:
    """The mail about `report`, text first; `others` are counted, and the first few of them named."""
    report = _on_lines(report)
    told = {
        "report": report,
        "word": WORDS[report.status],
        "path": one_line(" › ".join(report.path)),
        "others": [_other(alert) for alert in others[:LISTED]],
        "more": len(others),
        "unlisted": max(len(others) - LISTED, 0),
        "base_url": settings.BASE_URL,
        "settings_url": f"{settings.BASE_URL}{reverse('settings')}#alerts",
    }
    text = render_to_string("mail/alert.txt", told).strip() + "\n"
    message = EmailMultiAlternatives(_subject(report, told), text, settings.DEFAULT_FROM_EMAIL, list(readers))
    message.attach_alternative(render_to_string("mail/alert.html", told), "text/html")
    return message


def one_line(text: str) -> str:
    """A name as a header or a line of a mail takes it: nothing in it ends the line, or turns it round."""
    return " ".join(_CONTROLS.sub(" ", _TURNS.sub("", text)).split())


def _on_lines(report: FailureReport) -> FailureReport:
    """The report with each text on one line, so that no name can write lines of its own into the mail."""
    tool, good = report.last_tool, report.last_good
    return replace(
        report,
        name=one_line(report.name),
        who=one_line(report.who),
        sentence=one_line(report.sentence),
        error=one_line(report.error),
        last_tool=ToolCall(one_line(tool.name), one_line(tool.arguments)) if tool else None,
        last_good=replace(good, differences=tuple(map(one_line, good.differences))) if good else None,
    )


def _subject(report: FailureReport, told: dict[str, object]) -> str:
    short = replace(report, name=_clip(report.name), who=_clip(report.who))
    return one_line(render_to_string("mail/alert.subject", {**told, "report": short}))


def _clip(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _other(alert: Alert) -> Other:
    url = f"{settings.BASE_URL}{reverse('trace', args=[alert.trace_id])}"
    return Other(one_line(alert.trace.name), WORDS[TraceStatus(alert.status)], alert.raised_at, url)
