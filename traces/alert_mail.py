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
_LONGEST_SUBJECT = 150
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Other:
    """One more failure of the same agent, in a line."""

    name: str
    word: str
    raised_at: datetime
    url: str


def letter(report: FailureReport, others: Sequence[Alert], readers: Sequence[str]) -> EmailMultiAlternatives:
    """The mail about `report`, text first; `others` are counted, and the first few of them named."""
    told = {
        "report": _on_lines(report),
        "word": WORDS[report.status],
        "path": one_line(" › ".join(report.path)),
        "others": [_other(alert) for alert in others[:LISTED]],
        "more": len(others),
        "unlisted": max(len(others) - LISTED, 0),
        "base_url": settings.BASE_URL,
        "settings_url": f"{settings.BASE_URL}{reverse('settings')}#alerts",
    }
    text = render_to_string("mail/alert.txt", told).strip() + "\n"
    message = EmailMultiAlternatives(_subject(told), text, settings.DEFAULT_FROM_EMAIL, list(readers))
    message.attach_alternative(render_to_string("mail/alert.html", told), "text/html")
    return message


def one_line(text: str) -> str:
    """A name as a header or a line of a mail takes it: nothing in it ends the line."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _on_lines(report: FailureReport) -> FailureReport:
    """The report with each text on one line, so that no name can write lines of its own into the mail."""
    tool = report.last_tool
    return replace(
        report,
        name=one_line(report.name),
        who=one_line(report.who),
        sentence=one_line(report.sentence),
        error=one_line(report.error),
        last_tool=ToolCall(one_line(tool.name), one_line(tool.arguments)) if tool else None,
    )


def _subject(told: dict[str, object]) -> str:
    subject = one_line(render_to_string("mail/alert.subject", told))
    return subject if len(subject) <= _LONGEST_SUBJECT else subject[: _LONGEST_SUBJECT - 1] + "…"


def _other(alert: Alert) -> Other:
    url = f"{settings.BASE_URL}{reverse('trace', args=[alert.trace_id])}"
    return Other(one_line(alert.trace.name), WORDS[TraceStatus(alert.status)], alert.raised_at, url)
