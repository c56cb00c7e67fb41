"""What a run is called that nobody gave a name: by the first line of what was asked; the dialects are the callers. Pure."""

from traces.limits import MAX_PROMPT_NAME_LENGTH


def title_of(prompt: str) -> str:
    """The first line that says something, within a title's length; empty if none does."""
    lines = (line.strip() for line in prompt.splitlines())
    return shortened(next((line for line in lines if line), ""))


def shortened(text: str) -> str:
    return text if len(text) <= MAX_PROMPT_NAME_LENGTH else text[: MAX_PROMPT_NAME_LENGTH - 1] + "…"
