"""Sessions in the database, each knowing whose it is, under keys of our own making; named by settings.SESSION_ENGINE."""

import re
from typing import Any, cast

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Session, User

_KEY = re.compile("[a-z0-9]{32}")


class SessionStore(DatabaseStore):
    """Django's own, on our table: a session goes with its person, and all of a person's can be ended at once."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str) -> bool:
        """A cookie may hold anything, NUL included, which PostgreSQL refuses: what is no key is not asked for."""
        return bool(_KEY.fullmatch(key or ""))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.user_id = int(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
        return session


def end_sessions(user: User, but: str | None = None) -> None:
    """Sign the person out everywhere, except in the session with the key `but`."""
    Session.objects.filter(user=user).exclude(session_key=but).delete()


def browsers_of(user: User) -> "QuerySet[UserSession]":
    """Where the person is signed in now, the oldest first."""
    live = Session.objects.filter(user=user, expire_date__gt=timezone.now()).values("session_key")
    browsers: QuerySet[UserSession] = UserSession.objects.filter(user=user, session_key__in=live)
    return browsers.order_by("created_at")


def forget_ended_sessions() -> None:
    """Delete what has expired, and what was known of browsers that are signed out."""
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
