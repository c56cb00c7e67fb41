"""Everything that is said to Stripe or heard from it; billing/subscriptions.py and billing/webhooks.py call it.

The only module that imports stripe: what comes in leaves it as frozen values of ours, and whatever goes wrong leaves it
as StripeTrouble.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from django.conf import settings

API_VERSION = "2026-10-28.endive"
"""The one that this module was written for; Stripe answers in it whatever the account's own default is."""
TOLERANCE_SECONDS = 300
PATIENCE_SECONDS = 4.0
"""For all that one page asks of Stripe together: a person waits no longer than that for a word about it."""
_PAGE = 100
_GONE = "resource_missing"


class StripeTrouble(Exception):
    """Stripe did not do what was asked: it could not be reached, or had trouble of its own."""


class StripeRefused(StripeTrouble):
    """What was asked is wrong, and will be the next time: it concerns one customer and not all."""


class BadSignature(Exception):
    """What came to the webhook was not sent by Stripe, not to us, or not now."""


@dataclass(frozen=True, slots=True)
class Event:
    """That something happened to a customer. What it was is asked of Stripe, not believed."""

    id: str
    customer: str


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    customer: str
    status: str
    prices: frozenset[str]
    created: int
    renews_at: datetime | None
    cancels_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invoice:
    id: str
    number: str
    status: str
    total: int
    currency: str
    created_at: datetime
    address: str


def read_event(body: bytes, header: str) -> Event:
    """The event in the body of a webhook, or BadSignature.

    While a secret is being replaced Stripe signs with the old and the new one, so one right signature is enough.
    """
    try:
        if not settings.STRIPE_WEBHOOK_SECRET or not header.isascii():
            raise BadSignature
        stripe.WebhookSignature.verify_header(body, header, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
        # The library lets through what is dated in the future. It reads the first "t", and so does this.
        sent_at = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
        if sent_at > time.time() + TOLERANCE_SECONDS:
            raise BadSignature
        return _event(json.loads(body))
    except (ValueError, LookupError, TypeError, AttributeError, stripe.SignatureVerificationError) as error:
        raise BadSignature from error


def _event(values: dict[str, Any]) -> Event:
    subject = values["data"]["object"]
    customer = subject["id"] if subject.get("object") == "customer" else subject.get("customer")
    return Event(str(values["id"]), customer if isinstance(customer, str) else "")


class Gateway:
    """A line to Stripe for one piece of work, which takes no longer than `seconds` in all.

    It does not try again by itself: that would outlast the deadline. Who calls does: Stripe its webhook, the outbox its
    row, beat its task, a person the button.
    """

    def __init__(self, seconds: float = PATIENCE_SECONDS) -> None:
        self._until = time.monotonic() + seconds

    def create_customer(self, account_id: int, email: str, key: str) -> str:
        """The id of the new customer; of the same one for the same `key`.

        Of two at once Stripe sends the second away with a 409 until the first is done: hence the one more try.
        """
        told: stripe.params.CustomerCreateParams = {"email": email, "metadata": {"account": str(account_id)}}
        with self._line(retries=1) as line:
            return str(line.customers.create(told, {"idempotency_key": key}).id)

    def has_customer(self, customer: str) -> bool:
        """False once the customer was deleted at Stripe."""
        with self._line() as line:
            return not getattr(line.customers.retrieve(customer), "deleted", False)

    def delete_customer(self, customer: str) -> None:
        """Delete the customer, which ends every subscription at once and closes every open checkout."""
        with self._line() as line:
            try:
                line.customers.delete(customer)
            except stripe.InvalidRequestError as error:
                if error.code != _GONE:
                    raise

    def subscriptions_of(self, customer: str) -> list[Subscription]:
        """All of them, ended ones too."""
        with self._line() as line:
            return [_subscription(one) for one in _all_of(line, line.subscriptions, customer, status="all")]

    def subscriptions_to(self, price: str) -> Iterator[Subscription]:
        """All that have not ended, of whichever customer."""
        with self._line() as line:
            found = line.subscriptions.list({"price": price, "limit": _PAGE})
            yield from map(_subscription, found.auto_paging_iter())

    def invoices_of(self, customer: str) -> list[Invoice]:
        """The latest hundred that were sent."""
        with self._line() as line:
            return [_invoice(one) for one in _all_of(line, line.invoices, customer) if one.status != "draft"]

    def checkout(self, customer: str, price: str, *, done: str, back: str) -> str:
        """The address where the customer pays. One that is still open is used again, so that nobody pays twice.

        Two clicks at once find none open and ask for a new one with the same key, so they get the same one.
        """
        with self._line() as line:
            known = line.checkout.sessions.list({"customer": customer, "limit": _PAGE}).data
        for session in known:
            if session.status == "open" and session.url and session.mode == "subscription":
                return str(session.url)
        told = f"{customer} {price} {known[0].id if known else ''} {done}"
        key = f"checkout-{hashlib.sha256(told.encode()).hexdigest()}"
        with self._line(retries=1) as line:
            made = line.checkout.sessions.create(
                {
                    "mode": "subscription",
                    "customer": customer,
                    "line_items": [{"price": price, "quantity": 1}],
                    "success_url": done,
                    "cancel_url": back,
                },
                {"idempotency_key": key},
            )
            return _address(made.url)

    def portal(self, customer: str, *, back: str) -> str:
        """The address where the customer cancels, resumes, and changes how they pay."""
        with self._line() as line:
            return _address(line.billing_portal.sessions.create({"customer": customer, "return_url": back}).url)

    @contextmanager
    def _line(self, retries: int = 0) -> Iterator[Any]:
        """Stripe's own client for what is left of the time; it is `Any` because its services are loaded when used."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise StripeTrouble("Stripe took too long.")
        http = stripe.RequestsClient(timeout=left / (retries + 1))
        try:
            yield stripe.StripeClient(
                settings.STRIPE_SECRET_KEY,
                base_addresses={"api": settings.STRIPE_API_BASE},
                stripe_version=API_VERSION,
                max_network_retries=retries,
                http_client=http,
            ).v1
        except stripe.InvalidRequestError as error:
            raise StripeRefused(str(error)) from error
        except stripe.StripeError as error:
            raise StripeTrouble(f"{type(error).__name__}: {error}") from error
        finally:
            http.close()  # type: ignore[no-untyped-call]  # the library types nothing here


def _all_of(line: Any, service: Any, customer: str, **filters: str) -> list[Any]:
    """What the customer has of a kind: nothing if they were deleted, an error if there never was such a customer.

    The second is what the keys of another mode or another Stripe account look like, and must end nobody's plan.
    """
    try:
        return list(service.list({"customer": customer, "limit": _PAGE, **filters}).data)
    except stripe.InvalidRequestError as error:
        if error.code == _GONE and getattr(line.customers.retrieve(customer), "deleted", False):
            return []
        raise


def _subscription(one: stripe.Subscription) -> Subscription:
    items = one["items"].data
    ends = [item.current_period_end for item in items if item.current_period_end]
    renews_at = _moment(min(ends)) if ends else None
    return Subscription(
        id=one.id,
        customer=one.customer if isinstance(one.customer, str) else one.customer.id,
        status=one.status,
        prices=frozenset(item.price.id for item in items),
        created=one.created,
        renews_at=renews_at,
        cancels_at=_moment(one.cancel_at) if one.cancel_at else renews_at if one.cancel_at_period_end else None,
    )


def _invoice(one: stripe.Invoice) -> Invoice:
    return Invoice(
        id=one.id or "",
        number=one.number or "",
        status=one.status or "",
        total=one.total,
        currency=one.currency,
        created_at=_moment(one.created),
        address=one.hosted_invoice_url or "",
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _address(url: str | None) -> str:
    if not url:
        raise StripeTrouble("Stripe made a session without an address.")
    return url
