"""The pages of an account's webhooks: add, test, secret, delivery log; mounted by traces/webhook_urls.py."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, signed_in
from traces.access import webhook_delivery_of, webhook_of
from traces.models import Webhook
from traces.webhook_forms import WebhookForm
from traces.webhooks.endpoints import MAX_WEBHOOKS, disable, enable, roll_secret
from traces.webhooks.events import KEPT, redeliver, redeliver_failed, send_test
from traces.webhooks.log import deliveries_of, webhooks_of
from traces.webhooks.slack import is_slack


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def webhooks(request: MemberRequest) -> HttpResponse:
    """The list and the form; a POST adds one and goes to its page."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    made = form.add(request.account) if form.is_valid() else None
    if made:
        messages.success(request, "The webhook is ready. Send it a test.")
        return redirect("webhook", made.pk)
    shown = {"webhooks": webhooks_of(request.account), "form": form, "limit": MAX_WEBHOOKS}
    return render(request, "dashboard/webhooks.html", shown)


@require_safe
@signed_in
def webhook(request: MemberRequest, webhook_id: str) -> HttpResponse:
    """One webhook with its log; `?after=` goes on behind a delivery."""
    chosen, after = webhook_of(request.account, int(webhook_id)), request.GET.get("after", "")
    log = deliveries_of(chosen, webhook_delivery_of(request.account, after) if after else None)
    shown = {"webhook": chosen, "log": log, "is_slack": is_slack(chosen.url), "days_kept": KEPT.days}
    shown["is_first"] = not after
    return render(request, "dashboard/webhook.html", shown)


@require_POST
@signed_in
def test(request: MemberRequest, webhook_id: str) -> HttpResponse:
    chosen = webhook_of(request.account, int(webhook_id))
    if chosen.disabled_at:
        messages.error(request, "Enable the webhook first.")
    elif not send_test(chosen):
        messages.info(request, "A test is under way already. Its outcome is in the log below.")
    return _to_log(chosen)


@require_POST
@signed_in
def roll(request: MemberRequest, webhook_id: str) -> HttpResponse:
    chosen = webhook_of(request.account, int(webhook_id))
    roll_secret(chosen)
    messages.success(request, "The secret is a new one. Requests are signed with it from now on.")
    return redirect("webhook", chosen.pk)


@require_POST
@signed_in
def switch_off(request: MemberRequest, webhook_id: str) -> HttpResponse:
    chosen = webhook_of(request.account, int(webhook_id))
    disable(chosen)
    return redirect("webhook", chosen.pk)


@require_POST
@signed_in
def switch_on(request: MemberRequest, webhook_id: str) -> HttpResponse:
    chosen = webhook_of(request.account, int(webhook_id))
    enable(chosen)
    messages.success(request, "The webhook is enabled. What could not be delivered can be sent again from the log.")
    return redirect("webhook", chosen.pk)


@require_POST
@signed_in
def delete(request: MemberRequest, webhook_id: str) -> HttpResponse:
    webhook_of(request.account, int(webhook_id)).delete()
    messages.success(request, "The webhook is deleted, with its log.")
    return redirect("webhooks")


@require_POST
@signed_in
def send_again(request: MemberRequest, delivery_id: str) -> HttpResponse:
    """Try a delivery of the log once more."""
    delivery = webhook_delivery_of(request.account, delivery_id)
    if delivery.webhook.disabled_at:
        messages.error(request, "Enable the webhook first.")
    elif not redeliver(delivery):
        messages.info(request, "It is about to be sent in any case.")
    return _to_log(delivery.webhook)


@require_POST
@signed_in
def send_failed(request: MemberRequest, webhook_id: str) -> HttpResponse:
    """Try all that failed once more, as many as are taken at once."""
    chosen = webhook_of(request.account, int(webhook_id))
    if chosen.disabled_at:
        messages.error(request, "Enable the webhook first.")
    else:
        count = redeliver_failed(chosen)
        messages.success(request, f"{count} event{'' if count == 1 else 's'} will be sent again.")
    return _to_log(chosen)


def _to_log(webhook: Webhook) -> HttpResponse:
    return redirect(f"{reverse('webhook', args=[webhook.pk])}#deliveries")
