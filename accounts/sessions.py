"""Sessions in the database, under keys of our own making only; named by settings.SESSION_ENGINE."""

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

_KEY = re.compile("[a-z0-9]{32}")


class SessionStore(DatabaseStore):
    """A cookie may hold anything, NUL included, which PostgreSQL refuses with an error: what is no key is not asked for."""

    def _validate_session_key(self, key: str) -> bool:
        return bool(_KEY.fullmatch(key or ""))
