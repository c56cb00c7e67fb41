"""The settings of the person who is signed in, and of their account; mounted by accounts/settings_urls.py."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, export_of, is_owner, session_of, signed_in
from accounts.closing import close_account, erase_account, leave_account
from accounts.exports import DAYS_KEPT, file_of, request_export
from accounts.models import Export
from accounts.sessions import browsers_of, end_sessions
from accounts.settings_forms import DeleteForm, SilenceForm, TimeZoneForm
from accounts.tasks import erase_closed_accounts, write_export
from tracen.lib.waking import wake
from tracen.lib.wording import duration_text

_SECONDS_TO_ERASE = 3
"""How long the person waits for it; a worker goes on with what takes longer."""


@require_safe
@signed_in
def settings_page(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@signed_in
def set_time_zone(request: MemberRequest) -> HttpResponse:
    form = TimeZoneForm(request.POST, instance=request.user)
    if not form.is_valid():
        return _page(request, time_zone=form)
    form.save()
    messages.success(request, f"Times are shown as in {form.cleaned_data['time_zone'].replace('_', ' ')}.")
    return redirect("settings")


@require_POST
@signed_in
def set_alerts(request: MemberRequest) -> HttpResponse:
    """Whether the person gets the account's alert mails; the other members decide for themselves."""
    wants = request.POST.get("wants") == "yes"
    request.user.memberships.filter(account=request.account).update(wants_alerts=wants)
    messages.success(request, "You get alert mails." if wants else "You get no alert mails.")
    return redirect("settings")


@require_POST
@signed_in
def set_silence(request: MemberRequest) -> HttpResponse:
    form = SilenceForm(request.POST, instance=request.account)
    if not form.is_valid():
        return _page(request, silence=form)
    form.save()
    minutes = form.cleaned_data["silent_minutes"]
    messages.success(request, f"A run that is silent for {duration_text(minutes * 60_000)} becomes a timeout.")
    return redirect("settings")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sessions(request: MemberRequest) -> HttpResponse:
    """Where the person is signed in; a POST signs them out everywhere but here.

    It stands in for allauth's own list, which asks the database three times for each session.
    """
    if request.method == "POST":
        end_sessions(request.user, but=request.session.session_key)
        messages.success(request, "You are signed out everywhere but here.")
        return redirect("sessions")
    return render(request, "accounts/sessions.html", {"sessions": browsers_of(request.user)})


@require_POST
@signed_in
def end_session(request: MemberRequest, session_id: str) -> HttpResponse:
    """Sign out one other browser of the person's own."""
    session_of(request.user, int(session_id)).end()
    messages.success(request, "That browser is signed out.")
    return redirect("sessions")


@require_POST
@signed_in
def start_export(request: MemberRequest) -> HttpResponse:
    """One at a time: asking again while it is written changes nothing."""
    export, is_new = request_export(request.account)
    if is_new:
        wake(write_export, str(export.pk))
    return redirect(f"{reverse('settings')}#export")


@require_safe
@signed_in
def download_export(request: MemberRequest, export_id: UUID) -> FileResponse:
    export = export_of(request.account, export_id)
    try:
        file = file_of(export).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, as_attachment=True, filename=f"tracen-{export.created_at:%Y-%m-%d}.zip")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth ships no types
def delete_account(request: MemberRequest) -> HttpResponse:
    """An owner deletes the account with all that is in it; anybody else leaves it."""
    owns = is_owner(request)
    form = DeleteForm(request.user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "accounts/settings_delete.html", {"form": form, "is_owner": owns})
    if owns:
        close_account(request.account)
        if not erase_account(request.account.pk, _SECONDS_TO_ERASE):
            wake(erase_closed_accounts)
    else:
        leave_account(request.account, request.user)
    logout(request)
    messages.success(request, "The account is deleted." if owns else "You have left the account.")
    return redirect("landing")


def _page(
    request: MemberRequest, *, time_zone: TimeZoneForm | None = None, silence: SilenceForm | None = None
) -> HttpResponse:
    kinds = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    shown = {
        "time_zone": time_zone or TimeZoneForm(instance=request.user),
        "silence": silence or SilenceForm(instance=request.account),
        "has_app": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "has_alerts": request.account.plan.has_alerts,
        "wants_alerts": request.user.memberships.get(account=request.account).wants_alerts,
        "export": Export.objects.filter(account=request.account).order_by("-created_at").first(),
        "days_kept": DAYS_KEPT,
        "sessions": browsers_of(request.user).count(),
    }
    return render(request, "accounts/settings.html", shown)
