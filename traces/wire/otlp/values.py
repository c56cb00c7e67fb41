"""Reads attributes whatever type a sender gave them: nothing here raises, what cannot be read is None. Pure."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from tracen.lib.json_body import BodyLimits, InvalidJson, parse_json
from traces.limits import MAX_JSON_DEPTH, MAX_JSON_INTEGER, MAX_JSON_VALUES, MAX_OTLP_BODY_BYTES, MAX_TOKENS

_LIMITS = BodyLimits(MAX_OTLP_BODY_BYTES, MAX_JSON_DEPTH, MAX_JSON_VALUES, MAX_JSON_INTEGER)
_DIGITS = re.compile(r"\d{1,16}")
_MAX_DOLLARS = Decimal(1_000_000)
_MAX_MS = 1000 * 3600 * 24 * 366


def first(attributes: dict[str, Any], *names: str) -> Any:
    """The first of the attributes that is there and not null."""
    for name in names:
        value = attributes.get(name)
        if value is not None:
            return value
    return None


def text(attributes: dict[str, Any], *names: str) -> str | None:
    """The first of the attributes that is a text with something in it; the quotes of a JSON text are taken off."""
    for name in names:
        # Most are not there, and to ask so is the fastest: this is what reading a span consists of.
        if name in attributes and isinstance(value := attributes[name], str):
            value = decoded(value, only='"') if value.startswith('"') else value
            if isinstance(value, str) and value.strip():
                return value
    return None


def identifier(attributes: dict[str, Any], *names: str) -> str | None:
    """Like `text`, but a number will do: users and sessions often have one."""
    for name in names:
        if name not in attributes or (value := attributes[name]) is None:
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if found := text(attributes, name):
            return found
    return None


def whole(attributes: dict[str, Any], *names: str) -> int | None:
    """The first of the attributes that is a count of tokens: an integer, 12.0 or "12", never negative."""
    for name in names:
        value = attributes.get(name)
        if value is not None and (found := count(value)) is not None:
            return found
    return None


def count(value: Any) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MAX_TOKENS and value == int(value) else None


def number(value: Any) -> float | None:
    """A finite number, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) <= MAX_JSON_INTEGER else None


def dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _MAX_DOLLARS else None


def milliseconds(value: Any, *, per_unit: float = 1) -> int | None:
    """A duration in whole milliseconds; `per_unit` is how many of them the sender's unit has."""
    found = number(value)
    return round(found * per_unit) if found is not None and 0 <= found * per_unit <= _MAX_MS else None


def milliseconds_between(started_ns: int, at_ns: int) -> int | None:
    return milliseconds((at_ns - started_ns) / 1_000_000)


def decoded(value: Any, *, only: str = '{["') -> Any:
    """The value in a JSON text, which may itself have been put into a JSON text; other values as they are.

    Decoded at most twice and only if the text begins like an object, a list or a text: "12" and "null" are what
    somebody wrote. What breaks the limits of JSON bodies (depth, NaN) stays a text.
    """
    for _ in range(2):
        if not isinstance(value, str) or value[:1] not in only or not value:
            return value
        try:
            value = parse_json(value.encode("utf-8", "replace"), _LIMITS)
        except InvalidJson:
            return value
    return value


def mapping(value: Any) -> dict[str, Any]:
    """The object that a value is or holds as JSON, else an empty one."""
    found = decoded(value)
    return found if isinstance(found, dict) else {}


def texts(value: Any) -> tuple[str, ...] | None:
    """A list of texts, from a list, a JSON list or "a, b"; None if there is none."""
    found = decoded(value)
    if isinstance(found, str):
        found = found.split(",")
    if not isinstance(found, list):
        return None
    return tuple(item.strip() for item in found if isinstance(item, str) and item.strip()) or None


def has_below(attributes: dict[str, Any], prefix: str) -> bool:
    """Whether any attribute's name begins with `prefix`."""
    for name in attributes:  # noqa: SIM110 - a generator takes twice as long
        if name.startswith(prefix):
            return True
    return False


def below(attributes: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The attributes whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: value for name, value in attributes.items() if name.startswith(prefix)}


def flattened(attributes: dict[str, Any], prefix: str) -> list[Any]:
    """The list that was flattened into names such as `prefix.0.role`, `prefix.0.tool_calls.1.id`.

    Senders count from 0 or from 1 and may leave gaps, so that the indexes only tell the order.
    """
    names = [name for name in attributes if name.startswith(prefix)]
    if not names:
        return []
    tree: dict[str, Any] = {}
    for name in names:
        _put(tree, name[len(prefix) :].strip(".").split(".")[:12], attributes[name])
    listed = _with_lists(tree)
    return listed if isinstance(listed, list) else []


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        inner = tree.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.setdefault(path[-1], value)


def _with_lists(tree: Any) -> Any:
    """The tree with a list in place of each object whose keys are all numbers."""
    if not isinstance(tree, dict) or not tree:
        return tree
    children = {key: _with_lists(child) for key, child in tree.items()}
    if all(_is_index(key) for key in children):
        return [children[key] for key in sorted(children, key=int)]
    return children


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 7


def without_blanks(fields: dict[str, Any]) -> dict[str, Any] | None:
    """The fields that say something, or None if none does."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})} or None


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list or of a JSON list."""
    found = decoded(value)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def join(parts: Iterable[Any], glue: str = "\n") -> str:
    return glue.join(part for part in parts if isinstance(part, str))


def called_with(value: Any) -> Any:
    """What a decorated function was called with, recorded as {"args", "kwargs"}: the one argument if there is but one."""
    found = decoded(value)
    if not isinstance(found, dict) or found.keys() != {"args", "kwargs"}:
        return found
    args, kwargs = found["args"], found["kwargs"]
    if args and kwargs:
        return found
    if isinstance(args, list) and len(args) == 1:
        return args[0]
    return args or kwargs or None
