"""What follows from what people do: an account for who signs up, and no old session after a change of who may sign in."""

from typing import Any

from allauth.account.signals import email_changed, password_changed, password_reset, password_set, user_signed_up
from allauth.usersessions.models import UserSession
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import end_sessions
from accounts.signup import open_account


@receiver(user_signed_up)
def open_account_of_new_user(user: User, **_: Any) -> None:
    open_account(user)


@receiver([password_changed, password_set, password_reset, email_changed])
def end_other_sessions(request: HttpRequest, user: User, **_: Any) -> None:
    """The session that made the change goes on under a new key; every other one, and every copied cookie, is over."""
    if request.user.pk != user.pk:
        end_sessions(user)
        return
    request.session.cycle_key()
    end_sessions(user, but=request.session.session_key)
    UserSession.objects.create_from_request(request)
