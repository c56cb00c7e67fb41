"""Reads usage objects as OpenAI, Anthropic and LangChain write them; the dialects are the callers. Pure."""

from typing import Any

from traces.wire.otlp.values import mapping, whole
from traces.wire.otlp.words import Usage


def usage_of(told: dict[str, Any]) -> Usage | None:
    """OpenAI's counts include the cache and name it in details; Anthropic's `input_tokens` leaves it out."""
    if not told:
        return None
    asked = _details(told, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    answered = _details(told, "completion_tokens_details", "output_tokens_details", "output_token_details")
    read, written = whole(told, "cache_read_input_tokens"), whole(told, "cache_creation_input_tokens")
    tokens = whole(told, "prompt_tokens", "input_tokens")
    is_anthropic = "prompt_tokens" not in told and (read is not None or written is not None)
    return told_usage(
        tokens + (read or 0) + (written or 0) if is_anthropic and tokens is not None else tokens,
        whole(told, "completion_tokens", "output_tokens"),
        whole(asked, "cached_tokens", "cache_read") if read is None else read,
        whole(asked, "cache_write_tokens", "cache_creation") if written is None else written,
        whole(answered, "reasoning_tokens", "reasoning"),
    )


def _details(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return next((details for name in names if (details := mapping(told.get(name)))), {})


def told_usage(*counts: int | None) -> Usage | None:
    """The usage with these counts in the order of its fields, or None if none of them was told."""
    return Usage(*counts) if any(count is not None for count in counts) else None
