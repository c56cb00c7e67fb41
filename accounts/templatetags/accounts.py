"""What the pages about a person need: their browsers by name, a passkey's options, and where mails are kept."""

import json
import re
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import Export

register = template.Library()

_KEPT_IN_FILES = "django.core.mail.backends.filebased.EmailBackend"
_UNNAMED = "A program without a name"
# The first that is found names it: Edge says that it is Chrome, and Chrome that it is Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def as_json(value: Any) -> str:
    """A value for a data attribute, which the template escapes like any text."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def browser(user_agent: str) -> str:
    """Write "Firefox on Linux" for a User-Agent header; one that names no browser we know stays as it is."""
    name = next((name for mark, name in _BROWSERS if re.search(rf"\b(?:Headless)?{mark}", user_agent)), "")
    system = next((system for mark, system in _SYSTEMS if mark in user_agent), "")
    return (f"{name} on {system}" if system else name) if name else user_agent or _UNNAMED


@register.simple_tag
def mail_folder() -> str:
    """The folder in the server's data where mails are kept while it has no EMAIL_URL; empty if it sends them."""
    return Path(settings.EMAIL_FILE_PATH).name if settings.MAIL_TRANSPORT == _KEPT_IN_FILES else ""


@register.filter
def percent(export: Export) -> float:
    """How much of an export is written."""
    return round(100 * export.rows_done / export.rows_total, 1) if export.rows_total else 0
