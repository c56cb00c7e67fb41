"""What a log record looks like; named by settings.LOGGING only."""

import logging

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F) if code not in (0x09, 0x0A)}


class OneLine(logging.Formatter):
    """Escape control characters, so that nothing a client sends can forge a second log line or move a cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        return super().formatMessage(record).translate(_ESCAPES).replace("\n", "\\n")


class NoTracebackOfLostConnections(logging.Filter):
    """Leaves Celery's sentence about a broker that went away; the way through its code would help nobody."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and _has_lost_connection(record.exc_info[1]):
            record.exc_info = record.exc_text = None
        return True


def _has_lost_connection(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError):
            return True
        error = error.__cause__ or error.__context__
    return False
