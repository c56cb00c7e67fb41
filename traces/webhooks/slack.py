"""The same news as a message for Slack's incoming webhooks, which are known by their host. Pure."""

from typing import Any

from tracen.lib.outgoing import Refused, parse_target

HOST = "hooks.slack.com"
_NAME, _PATH, _SENTENCE = 100, 150, 250
"""The longest of each: Slack refuses a section of more than 3,000 characters, and an escaped one may be five."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def is_slack(url: str) -> bool:
    try:
        return parse_target(url).host == HOST
    except Refused:
        return False


def message(payload: dict[str, Any]) -> dict[str, Any]:
    """The text is for notifications, the blocks for the channel."""
    trace = payload["trace"]
    who, did = trace["agent"] or trace["model"] or "A run", "timed out" if trace["status"] == "timeout" else "failed"
    who, sentence = _plain(who, _NAME), _plain(trace["sentence"], _SENTENCE)
    where = f"\n`{_plain(' › '.join(trace['path']), _PATH)}`" if trace["path"] else ""
    return {
        "text": f"{who} {did}: {sentence}",
        "blocks": [
            _section(f"*{who}* {did}: {_plain(trace['name'], _NAME)}\n{sentence}{where}"),
            _section(f"<{trace['url']}|Open the trace>"),
        ],
    }


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _plain(text: str, longest: int) -> str:
    """Somebody's text on one line, without the signs by which Slack would mention people or make links of it."""
    line = " ".join(text.replace("*", "∗").replace("`", "'").split())
    return (line if len(line) <= longest else line[: longest - 1] + "…").translate(_ESCAPES)
