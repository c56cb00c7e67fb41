"""What follows from a sign-up: the new person gets an account of their own."""

from typing import Any

from allauth.account.signals import user_signed_up
from django.dispatch import receiver

from accounts.models import User
from accounts.signup import open_account


@receiver(user_signed_up)
def open_account_of_new_user(user: User, **_: Any) -> None:
    open_account(user)
