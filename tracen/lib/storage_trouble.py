"""Which exceptions mean that storage is away, full or damaged, as opposed to a defect of ours: 503 and not 500."""

import logging

from django.db import DatabaseError, IntegrityError, InterfaceError, InternalError, OperationalError, connection

logger = logging.getLogger(__name__)

UNAVAILABLE = {"error": "Service temporarily unavailable"}
"""The API's answer to it: nothing was stored, try again after RETRY_SECONDS."""
RETRY_SECONDS = 1

# A broken constraint means that an account or trace was deleted under the request: trying again tells.
_KINDS = (OperationalError, InterfaceError, InternalError, IntegrityError)


def is_storage_trouble(error: BaseException | None) -> bool:
    """SQLite reports a damaged file as the plain base class; its other subclasses are about our SQL or our data."""
    return isinstance(error, _KINDS) or type(error) is DatabaseError


def let_go_if_dead() -> None:
    """Close the connection if it is dead, or give it back to the pool. One that is dead may fail to say goodbye; whoever
    waits must get an answer all the same.
    """
    try:
        connection.close_if_unusable_or_obsolete()
    except Exception:
        logger.exception("A connection could not be closed; whoever comes next gets a new one.")
        connection.connection = None
