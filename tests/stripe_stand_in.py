"""A stand-in for Stripe over real HTTP: the few calls that the product makes, a hosted page to click, signed events.

It is not Stripe: it knows what tests need, answers in the shapes of the pinned API version, and misbehaves on request.
tests/test_stripe_itself.py asks the real one, where its keys are set.
"""

import hashlib
import hmac
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET_KEY = "sk_test_stand_in"
WEBHOOK_SECRET = "whsec_stand_in"
PRICE = "price_pro"
MONTH_S = 30 * 86_400

Answer = tuple[int, dict[str, Any]]


def sign(body: bytes, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """The Stripe-Signature header for a body."""
    sent_at = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={sent_at},v1={digest}"


class StripeStandIn:
    """The state of one Stripe account, and the server in front of it; use it as a context manager."""

    def __init__(self) -> None:
        self.customers: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.invoices: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.failing_with = 0
        """A status that every call of the API gets from now on; 0 for none."""
        self.slow_by = 0.0
        self.webhook_url = ""
        """Where events go by themselves; empty while a test sends them."""
        self._answered: dict[str, tuple[str, Answer]] = {}
        self._couriers: list[threading.Thread] = []
        self._lock = threading.RLock()
        self._count = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What a server needs to be told to use it."""
        return {
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_PRICE_PRO": PRICE,
            "STRIPE_API_BASE": self.url,
        }

    def __enter__(self) -> "StripeStandIn":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # What happens at Stripe without us

    def subscribe(self, customer: str, *, price: str = PRICE, status: str = "active") -> str:
        """The id of a new subscription, with its first invoice."""
        with self._lock:
            now = int(time.time())
            subscription = self._id("sub")
            item = {"id": self._id("si"), "object": "subscription_item", "price": {"id": price, "object": "price"}}
            items = [{**item, "current_period_start": now, "current_period_end": now + MONTH_S}]
            self.subscriptions[subscription] = {
                "id": subscription,
                "object": "subscription",
                "customer": customer,
                "status": status,
                "created": now,
                "cancel_at": None,
                "cancel_at_period_end": False,
                "items": {"object": "list", "data": items, "has_more": False},
            }
            self._emit("customer.subscription.created", self.subscriptions[subscription])
            self.bill(customer, status="paid" if status in ("active", "trialing") else "open")
            return subscription

    def bill(self, customer: str, *, status: str = "paid", total: int = 900) -> str:
        with self._lock:
            invoice = self._id("in")
            number = f"TRC-{self._count:04}"
            self.invoices[invoice] = {
                "id": invoice,
                "object": "invoice",
                "customer": customer,
                "number": number,
                "status": status,
                "total": total,
                "currency": "usd",
                "created": int(time.time()),
                "hosted_invoice_url": f"{self.url}/invoice/{invoice}",
            }
            self._emit("invoice.paid" if status == "paid" else "invoice.payment_failed", self.invoices[invoice])
            return invoice

    def change(self, subscription: str, **values: Any) -> None:
        with self._lock:
            changed = self.subscriptions[subscription]
            changed.update(values)
            ended = changed["status"] == "canceled"
            self._emit(f"customer.subscription.{'deleted' if ended else 'updated'}", changed)

    def pay(self, session: str) -> None:
        """What a click on the hosted page does."""
        with self._lock:
            paid = self.sessions[session]
            assert paid["status"] == "open"
            paid["subscription"] = self.subscribe(paid["customer"], price=paid["price"])
            paid.update(status="complete", url=None)
            self._emit("checkout.session.completed", paid)

    def only(self, kind: str) -> str:
        """The id of the one object there is of a kind, such as "customers"."""
        (found,) = getattr(self, kind)
        return str(found)

    # Events

    def deliver(self, event: dict[str, Any], to: str, header: str | None = None) -> int:
        """Send an event as Stripe does; the status that came back, 0 for none."""
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": sign(body) if header is None else header}
        try:
            with urllib.request.urlopen(urllib.request.Request(to, body, headers), timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    def _emit(self, kind: str, subject: dict[str, Any]) -> None:
        event = {
            "id": self._id("evt"),
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": json.loads(json.dumps(subject))},
        }
        self.events.append(event)
        if self.webhook_url:
            courier = threading.Thread(target=self._deliver_until_taken, args=(event,), daemon=True)
            self._couriers.append(courier)
            courier.start()

    def wait_until_told(self) -> None:
        """Return when every event so far has arrived, or was given up."""
        for courier in self._couriers:
            courier.join()

    def _deliver_until_taken(self, event: dict[str, Any]) -> None:
        for pause in (0.0, 0.3, 1.0, 3.0):
            time.sleep(pause)
            if self.deliver(event, self.webhook_url) == 200:
                return

    # The API

    def answer(self, method: str, path: str, told: dict[str, str], headers: Any) -> Answer:
        self.calls.append(f"{method} {path}")
        if self.slow_by:
            time.sleep(self.slow_by)
        if self.failing_with:
            return _error(self.failing_with, "api_error", "The stand-in was told to fail.")
        if headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            return _error(401, "invalid_request_error", "Invalid API Key provided.")
        with self._lock:
            key, wanted = headers.get("Idempotency-Key"), json.dumps([method, path, told], sort_keys=True)
            if method != "POST" or not key:
                return self._do(method, path, told)
            if key not in self._answered:
                self._answered[key] = (wanted, self._do(method, path, told))
            before, answer = self._answered[key]
            return answer if before == wanted else _error(400, "idempotency_error", "Another body for this key.")

    def _do(self, method: str, path: str, told: dict[str, str]) -> Answer:
        for pattern, act in _CALLS.items():
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                return act(self, told, *found.groups())
        return _error(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")

    def _create_customer(self, told: dict[str, str]) -> Answer:
        customer = self._id("cus")
        self.customers[customer] = {"id": customer, "object": "customer", "email": told.get("email")}
        self._emit("customer.created", self.customers[customer])
        return 200, self.customers[customer]

    def _customer(self, told: dict[str, str], customer: str) -> Answer:
        return (200, self.customers[customer]) if customer in self.customers else _missing("customer", customer)

    def _delete_customer(self, told: dict[str, str], customer: str) -> Answer:
        if customer not in self.customers or self.customers[customer].get("deleted"):
            return _missing("customer", customer)
        self.customers[customer] = {"id": customer, "object": "customer", "deleted": True}
        for subscription in self.subscriptions.values():
            if subscription["customer"] == customer and subscription["status"] != "canceled":
                self.change(subscription["id"], status="canceled")
        return 200, self.customers[customer]

    def _list_subscriptions(self, told: dict[str, str]) -> Answer:
        found = [
            one for one in self.subscriptions.values() if told.get("status") == "all" or one["status"] != "canceled"
        ]
        if "price" in told:
            found = [one for one in found if one["items"]["data"][0]["price"]["id"] == told["price"]]
        return self._of_customer(found, told)

    def _list_invoices(self, told: dict[str, str]) -> Answer:
        return self._of_customer(list(self.invoices.values()), told)

    def _list_sessions(self, told: dict[str, str]) -> Answer:
        return self._of_customer(list(reversed(self.sessions.values())), told)

    def _create_session(self, told: dict[str, str]) -> Answer:
        if told.get("customer") not in self.customers:
            return _missing("customer", told.get("customer", ""))
        session = self._id("cs_test")
        self.sessions[session] = {
            "id": session,
            "object": "checkout.session",
            "mode": told["mode"],
            "customer": told["customer"],
            "price": told["line_items[0][price]"],
            "status": "open",
            "url": f"{self.url}/pay/{session}",
            "success_url": told["success_url"],
            "cancel_url": told["cancel_url"],
        }
        return 200, self.sessions[session]

    def _create_portal(self, told: dict[str, str]) -> Answer:
        session, back = self._id("bps"), told["return_url"]
        url = f"{self.url}/portal/{told['customer']}?back={back}"
        return 200, {"id": session, "object": "billing_portal.session", "url": url}

    def _of_customer(self, found: list[dict[str, Any]], told: dict[str, str]) -> Answer:
        customer = told.get("customer")
        if customer is not None and customer not in self.customers:
            return _missing("customer", customer)
        mine = [one for one in found if customer is None or one["customer"] == customer]
        return 200, {"object": "list", "data": mine[::-1], "has_more": False, "url": "/v1/list"}

    # What a person clicks

    def page(self, path: str, back: str) -> str:
        kind, _, thing = path.strip("/").partition("/")
        if kind == "pay":
            session = self.sessions[thing]
            return _button(path, "Pay and subscribe") + f'<a href="{session["cancel_url"]}">Back</a>'
        return _button(f"{path}?back={back}", "Cancel plan") + f'<a href="{back}">Return</a>'

    def click(self, path: str, back: str) -> str:
        """Do what the button says; the address to go on to."""
        kind, _, thing = path.strip("/").partition("/")
        if kind == "pay":
            success = self.sessions[thing]["success_url"]
            self.pay(thing)
            return str(success)
        for subscription in list(self.subscriptions.values()):
            if subscription["customer"] == thing and subscription["status"] != "canceled":
                self.change(subscription["id"], cancel_at_period_end=True)
        return back

    def _id(self, prefix: str) -> str:
        with self._lock:
            self._count += 1
            return f"{prefix}_{self._count:08}"


_CALLS: dict[str, Callable[..., Answer]] = {
    r"POST /v1/customers": StripeStandIn._create_customer,
    r"GET /v1/customers/(\w+)": StripeStandIn._customer,
    r"DELETE /v1/customers/(\w+)": StripeStandIn._delete_customer,
    r"GET /v1/subscriptions": StripeStandIn._list_subscriptions,
    r"GET /v1/invoices": StripeStandIn._list_invoices,
    r"GET /v1/checkout/sessions": StripeStandIn._list_sessions,
    r"POST /v1/checkout/sessions": StripeStandIn._create_session,
    r"POST /v1/billing_portal/sessions": StripeStandIn._create_portal,
}


def _error(status: int, kind: str, message: str, **more: str) -> Answer:
    return status, {"error": {"type": kind, "message": message, **more}}


def _missing(kind: str, thing: str) -> Answer:
    return _error(404, "invalid_request_error", f"No such {kind}: '{thing}'", code="resource_missing", param=kind)


def _button(action: str, words: str) -> str:
    return f'<form method="post" action="{action}"><button>{words}</button></form>'


def _handler(stand_in: StripeStandIn) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"stand_in": stand_in})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StripeStandIn

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        address = urlsplit(self.path)
        told = dict(parse_qsl(address.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if address.path.startswith("/v1/"):
            told |= dict(parse_qsl(body))
            status, answer = self.stand_in.answer(self.command, address.path, told, self.headers)
            self._send(status, "application/json", json.dumps(answer))
        elif self.command == "POST":
            self._send(303, "text/plain", "", self.stand_in.click(address.path, told.get("back", "")))
        else:
            page = self.stand_in.page(address.path, told.get("back", ""))
            self._send(200, "text/html", f"<!DOCTYPE html><title>Stand-in</title>{page}")

    def _send(self, status: int, kind: str, text: str, location: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if location:
            self.send_header("Location", location)
        # Whoever asked may have lost patience.
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
