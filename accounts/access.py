"""Whose account a signed-in person works in, and every lookup of an account's own object by an id from outside."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import Account, ApiKey, Export, Membership, User
from accounts.signup import open_account

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of somebody who is signed in, with the account they work in."""

    user: User
    account: Account


MemberView = Callable[Concatenate[MemberRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def signed_in(view: MemberView[P]) -> View[P]:
    """A view for members only: anybody else goes to the sign-in page and comes back by `next`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(_way_back(request))
        member = cast(MemberRequest, request)
        member.account = account_of(member.user)
        return view(member, *args, **kwargs)

    return cast(View[P], guarded)


def _way_back(request: HttpRequest) -> str:
    """Where to go after signing in: this page, or the one with the button whose press came without a session."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return urlsplit(came_from).path
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def account_of(user: User) -> Account:
    """The account that the person works in: the first they joined; one of their own if they have none."""
    membership = user.memberships.select_related("account").order_by("pk").first()
    return membership.account if membership else open_account(user)


def is_owner(request: MemberRequest) -> bool:
    """Whether the person may delete the account or change what it pays for."""
    return request.user.memberships.filter(account=request.account, role=Membership.Role.OWNER).exists()


def key_of(account: Account, key_id: int) -> ApiKey:
    """The account's key, live or revoked, or Http404."""
    key = ApiKey.objects.filter(account=account, pk=key_id).first()
    if key is None:
        raise Http404
    return key


def session_of(user: User, session_id: int) -> UserSession:
    """A browser in which the person is signed in, or Http404."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise Http404
    return session


def export_of(account: Account, export_id: UUID) -> Export:
    """The account's finished export, or Http404."""
    export = Export.objects.filter(account=account, pk=export_id).exclude(finished_at=None).first()
    if export is None:
        raise Http404
    return export
