"""Stored JSON text back into a value, for showing: never raises, and every text in it can be written as UTF-8."""

import json
from typing import Any


def read_value(text: str | None) -> Any:
    """The value in the text; the text itself where it is no JSON, which should not be; None for nothing.

    Ingest repaired what it stored, but a string may hold JSON of its own, with half a surrogate pair still escaped.
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
        return _repaired(value) if "\\ud" in text or "\\uD" in text else value
    except (ValueError, RecursionError):
        return text


def _repaired(value: Any) -> Any:
    plain = json.dumps(value, ensure_ascii=False)
    return json.loads(plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
