"""The page about the account's plan, and the ways to Stripe; mounted by billing/urls.py.

The page itself reads the database alone. Nothing that a browser brings back from Stripe is believed.
"""

import logging
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, is_owner, signed_in
from accounts.plans import FREE, PRO
from billing import subscriptions
from billing.gateway import StripeRefused, StripeTrouble
from billing.models import Customer
from tracen.lib.content_policy import content_policy
from traces.models import Agent
from traces.retention import days_kept

logger = logging.getLogger(__name__)

_HOSTED = ("https://checkout.stripe.com", "https://billing.stripe.com")
_RECEIPTS_SHOWN = 24
_REFUSED = (
    "Stripe does not accept this account’s customer. Nothing was changed and nothing was charged; trying again will not "
    "help before whoever runs this server has looked at it."
)
_AWAY = "Stripe cannot be reached at the moment. Nothing was changed and nothing was charged; try again in a minute."


@require_safe
@signed_in
def billing_page(request: MemberRequest) -> HttpResponse:
    customer = Customer.objects.filter(account=request.account).first()
    shown = {
        "plan": request.account.plan,
        "plans": (FREE, PRO),
        "days_kept": days_kept(request.account.plan),
        "agents": Agent.objects.filter(account=request.account).count(),
        "customer": customer,
        "receipts": customer.receipts.order_by("-created_at", "-pk")[:_RECEIPTS_SHOWN] if customer else [],
        "has_payments": settings.HAS_PAYMENTS,
        "default_plan": settings.DEFAULT_PLAN,
        "is_owner": is_owner(request),
    }
    page = render(request, "billing/billing.html", shown)
    base = urlsplit(settings.STRIPE_API_BASE)
    page["Content-Security-Policy"] = content_policy(*_HOSTED, f"{base.scheme}://{base.netloc}")
    return page


View = Callable[[MemberRequest], HttpResponse]


def owner_pays(view: View) -> View:
    """A view that leads an owner to Stripe; 404 without payments. Trouble with Stripe becomes a word on the page."""

    @wraps(view)
    def guarded(request: MemberRequest) -> HttpResponse:
        if not settings.HAS_PAYMENTS:
            raise Http404
        if not is_owner(request):
            raise PermissionDenied
        try:
            return view(request)
        except StripeTrouble as trouble:
            logger.error("Stripe is in trouble: %s", trouble)
            messages.error(request, _REFUSED if isinstance(trouble, StripeRefused) else _AWAY)
            return redirect("billing")

    return guarded


@require_POST
@signed_in
@owner_pays
def upgrade(request: MemberRequest) -> HttpResponse:
    address = subscriptions.checkout_address(request.account, done=_ours("checkout_done"), back=_ours("billing"))
    if address is None:
        messages.info(request, "There is nothing to buy: here is what the account has.")
        return redirect("billing")
    return _see_other(address)


@require_POST
@signed_in
@owner_pays
def manage(request: MemberRequest) -> HttpResponse:
    customer = Customer.objects.filter(account=request.account).first()
    if customer is None:
        raise Http404
    return _see_other(subscriptions.portal_address(customer, back=_ours("billing")))


@require_safe
@signed_in
def checkout_done(request: MemberRequest) -> HttpResponse:
    """Where Stripe sends whoever has paid. Anybody may come here: what counts is what Stripe says when asked."""
    customer = Customer.objects.filter(account=request.account).first()
    if customer is None or not settings.HAS_PAYMENTS:
        return redirect("billing")
    if not customer.is_paying:
        _ask_about(customer)
    if not customer.is_paying:
        return render(request, "billing/waiting.html")
    messages.success(request, "Thank you. The account is on Pro, and its limits hold from now on.")
    return redirect("billing")


def _ask_about(customer: Customer) -> None:
    """Read the customer from Stripe; if that fails, the event will tell."""
    try:
        subscriptions.refresh(customer)
    except StripeTrouble as trouble:
        logger.warning("Stripe could not be asked after a payment: %s", trouble)
    customer.refresh_from_db()


def _see_other(address: str) -> HttpResponse:
    answer = HttpResponseRedirect(address)
    answer.status_code = 303
    return answer


def _ours(name: str) -> str:
    return f"{settings.BASE_URL}{reverse(name)}"
