"""Makes people and their accounts; called by the sign-up page and by the create_api_key command."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.models import Account, Membership, User


def open_account(user: User) -> Account:
    """Give `user` an account that they own, on the operator's TRACEN_DEFAULT_PLAN."""
    with transaction.atomic():
        account = Account.objects.create(name=user.email, plan_slug=settings.DEFAULT_PLAN)
        Membership.objects.create(account=account, user=user, role=Membership.Role.OWNER)
    return account


def account_of_email(email: str) -> Account:
    """The account that `email` owns; person and account are made if there are none.

    A person made here has no password: they get in by "forgot password" on the sign-in page. Their address counts as
    confirmed, since the operator gave it.
    """
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first() or _make_person(email)
        membership = user.memberships.filter(role=Membership.Role.OWNER).select_related("account").first()
        return membership.account if membership else open_account(user)


def _make_person(email: str) -> User:
    user = User.objects.create_user(email)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
