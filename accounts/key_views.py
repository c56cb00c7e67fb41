"""The page of an account's API keys: create, show once, revoke; mounted by accounts/key_urls.py."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, key_of, signed_in
from accounts.api_keys import revoke_key
from accounts.key_forms import SENT_BEFORE, KeyForm
from accounts.models import ApiKey

_REVOKED_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def keys(request: MemberRequest) -> HttpResponse:
    """The list and the form. A POST answers with the new key itself: what is not stored cannot be shown by a redirect."""
    if request.method != "POST":
        return _page(request, KeyForm())
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    if form.was_sent_before(request.session):
        messages.info(request, SENT_BEFORE)
        return redirect("keys")
    made = form.create_key(request.account, request.session)
    return _page(request, KeyForm(), *made) if made else _page(request, form)


@require_POST
@signed_in
def revoke(request: MemberRequest, key_id: str) -> HttpResponse:
    key = key_of(request.account, int(key_id))
    revoke_key(key)
    messages.success(request, f"“{key.name}” is revoked. Requests with it are refused from now on.")
    return redirect("keys")


def _page(request: MemberRequest, form: KeyForm, made: ApiKey | None = None, text: str = "") -> HttpResponse:
    own = ApiKey.objects.filter(account=request.account)
    shown = {
        "form": form,
        "made": made,
        "text": text,
        "live": own.filter(revoked_at=None).order_by("-created_at", "-pk"),
        "revoked": own.exclude(revoked_at=None).order_by("-revoked_at")[:_REVOKED_SHOWN],
    }
    return render(request, "dashboard/keys.html", shown)
