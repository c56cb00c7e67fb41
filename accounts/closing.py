"""Deleting an account: closed at once, then erased in batches; called by the settings page and by tasks.

Closing takes away who gets in: keys, sessions and memberships, and people who are in no other account. Erasing takes
the rest, a batch a transaction, so that an account of a million traces blocks nobody; it may be broken off and begun
again at any time.
"""

import time

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone

from accounts.belongings import belongings
from accounts.exports import forget_exports
from accounts.models import Account, ApiKey, Membership, User
from tracen.lib.overwriting import overwriting
from tracen.outbox.mail import forget_mail_to

_BATCH = 1_000

account_closing = Signal()
"""Sent with `account` in the transaction that closes it, before anything is taken away. An error keeps it open."""


def close_account(account: Account) -> None:
    """End every way in, in one transaction. From here on the account is nobody's."""
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        account_closing.send(sender=Account, account=account)
        Account.objects.filter(pk=account.pk, closed_at=None).update(closed_at=timezone.now(), name="")
        forget_exports(account)
        ApiKey.objects.filter(account=account).delete()
        members = list(User.objects.filter(memberships__account=account))
        Membership.objects.filter(account=account).delete()
        for member in members:
            _forget_if_alone(member)


def leave_account(account: Account, user: User) -> None:
    """End one person's membership; a person who is in no other account is deleted."""
    with transaction.atomic():
        Membership.objects.filter(account=account, user=user).delete()
        _forget_if_alone(user)


def _forget_if_alone(user: User) -> None:
    """Delete a person without an account, with their sessions, addresses, second factors and mails that wait."""
    if not user.memberships.exists():
        forget_mail_to(user.email)
        user.delete()


def erase_account(account_id: int, seconds: float | None = None) -> bool:
    """Delete all rows of a closed account, and the account; False if `seconds` were not enough for it."""
    account = Account.objects.filter(pk=account_id).exclude(closed_at=None).first()
    if account is None:
        return True
    deadline = None if seconds is None else time.monotonic() + seconds
    with overwriting():
        return _erase_belongings(account_id, deadline) and _erase_row(account)


def _erase_belongings(account_id: int, deadline: float | None) -> bool:
    for belonging in belongings():
        while primary_keys := list(belonging.rows(account_id).values_list("pk", flat=True)[:_BATCH]):
            if deadline is not None and time.monotonic() > deadline:
                return False
            with transaction.atomic():
                belonging.model._default_manager.filter(pk__in=primary_keys).delete()
    return True


def _erase_row(account: Account) -> bool:
    """Delete the account itself; False if a request that had begun before the closing wrote one more row."""
    try:
        with transaction.atomic():
            account.delete()
    except IntegrityError:
        return False
    return True
