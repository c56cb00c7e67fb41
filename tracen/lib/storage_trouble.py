"""Which exceptions mean that storage is away, full or damaged, as opposed to a defect of ours: 503 and not 500."""

from django.db import DatabaseError, IntegrityError, InterfaceError, InternalError, OperationalError

UNAVAILABLE = {"error": "Service temporarily unavailable"}
"""The API's answer to it: nothing was stored, try again after RETRY_SECONDS."""
RETRY_SECONDS = 1

# A broken constraint means that an account or trace was deleted under the request: trying again tells.
_KINDS = (OperationalError, InterfaceError, InternalError, IntegrityError)


def is_storage_trouble(error: BaseException | None) -> bool:
    """SQLite reports a damaged file as the plain base class; its other subclasses are about our SQL or our data."""
    return isinstance(error, _KINDS) or type(error) is DatabaseError
