"""Reads the fields of a JSON object one by one and gathers every complaint, so that one answer names all bad fields.

The dialects are its callers. Types are refused, never converted: a number where a text belongs is an error (contract §3).
A bad field reads as a harmless placeholder, and `finish` raises before anybody can use it.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from traces.errors import InvalidFields
from traces.limits import MAX_NAME_LENGTH
from traces.times import NOT_TIME, NOT_TIME_OR_UTC, parse_time

REQUIRED = "Required"
NOT_TEXT = "Must be a string"
NOT_OBJECT = "Must be an object"
NOT_ARRAY = "Must be an array"
NOT_INTEGER = "Must be an integer"
NEGATIVE = "Must be 0 or more"
ENDS_BEFORE_START = "Must not be before started_at"

Word = TypeVar("Word", bound=StrEnum)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK = re.compile("[\\s\u200b\u200c\u200d\u2060\ufeff]*")


class FieldReader:
    """One object of a body. Nested objects share the complaints and prefix the path: `steps[3].latency_ms`."""

    def __init__(self, data: dict[str, Any], prefix: str = "", complaints: dict[str, str] | None = None) -> None:
        self._data = data
        self._prefix = prefix
        self.complaints: dict[str, str] = {} if complaints is None else complaints

    def finish(self) -> None:
        if self.complaints:
            raise InvalidFields(self.complaints)

    def complain(self, name: str, sentence: str) -> None:
        self.complaints.setdefault(self._prefix + name, sentence)

    def has(self, name: str) -> bool:
        return name in self._data

    def value(self, name: str) -> Any:
        return self._data.get(name)

    def text(self, name: str, max_length: int | None = MAX_NAME_LENGTH, *, may_be_blank: bool = False) -> str:
        value = self.value(name)
        if value is None or (not may_be_blank and isinstance(value, str) and _BLANK.fullmatch(value)):
            self.complain(name, REQUIRED)
            return ""
        return self.optional_text(name, max_length) or ""

    def optional_text(self, name: str, max_length: int | None = None) -> str | None:
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.complain(name, NOT_TEXT)
            return None
        if max_length is not None and len(value) > max_length:
            self.complain(name, f"At most {max_length} characters")
        return value

    def word(self, name: str, words: type[Word], allowed: tuple[Word, ...] = ()) -> Word:
        """One of the words of an enumeration (or of `allowed` among them), in exactly that case."""
        value, choices = self.value(name), allowed or tuple(words)
        if value is None or (isinstance(value, str) and _BLANK.fullmatch(value)):
            self.complain(name, REQUIRED)
        elif not isinstance(value, str) or value not in choices:
            self.complain(name, f"Must be one of: {', '.join(choices)}")
        else:
            return words(value)
        return choices[0]

    def time(self, name: str, *, zone_may_be_missing: bool = False) -> datetime:
        if self.value(name) in (None, ""):
            self.complain(name, REQUIRED)
            return _EPOCH
        return self.optional_time(name, zone_may_be_missing=zone_may_be_missing) or _EPOCH

    def optional_time(self, name: str, *, zone_may_be_missing: bool = False) -> datetime | None:
        value = self.value(name)
        if value is None:
            return None
        parsed = parse_time(value, zone_may_be_missing=zone_may_be_missing) if isinstance(value, str) else None
        if parsed is None:
            self.complain(name, NOT_TIME_OR_UTC if zone_may_be_missing else NOT_TIME)
        return parsed

    def whole(self, name: str, largest: int) -> int:
        if self.value(name) is None:
            self.complain(name, REQUIRED)
            return 0
        return self.optional_whole(name, largest) or 0

    def optional_whole(self, name: str, largest: int) -> int | None:
        """A JSON integer from 0 to `largest`; 1240.0 is one, 12.5, "12" and true are not."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            self.complain(name, NOT_INTEGER)
        elif value < 0:
            self.complain(name, NEGATIVE)
        elif value > largest:
            self.complain(name, f"At most {largest}")
        else:
            return int(value)
        return None

    def object_text(self, name: str) -> str | None:
        """The JSON text of an object, or None where there is null or nothing."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.complain(name, NOT_OBJECT)
            return None
        return json_text(value)

    def any_text(self, name: str) -> str | None:
        """The JSON text of whatever is there, or None where there is null or nothing."""
        value = self.value(name)
        return None if value is None else json_text(value)

    def objects(self, name: str, most: int) -> Iterator["FieldReader"]:
        """A reader for each object of a required array."""
        value = self.value(name)
        if value is None:
            self.complain(name, REQUIRED)
        elif not isinstance(value, list):
            self.complain(name, NOT_ARRAY)
        elif len(value) > most:
            self.complain(name, f"At most {most} items")
        else:
            yield from self._readers(name, value)

    def _readers(self, name: str, items: list[Any]) -> Iterator["FieldReader"]:
        for index, item in enumerate(items):
            if isinstance(item, dict):
                yield FieldReader(item, f"{self._prefix}{name}[{index}].", self.complaints)
            else:
                self.complain(f"{name}[{index}]", NOT_OBJECT)


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
