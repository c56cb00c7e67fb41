"""Log records as single lines; named by settings.LOGGING only."""

import logging

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F) if code not in (0x09, 0x0A)}


class OneLine(logging.Formatter):
    """Escape control characters, so that nothing a client sends can forge a second log line or move a cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        return super().formatMessage(record).translate(_ESCAPES).replace("\n", "\\n")
