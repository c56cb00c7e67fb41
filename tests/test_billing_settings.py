"""Stripe's settings: all or none, and nothing that would send the secret key over an open wire."""

import os
import subprocess
import sys

import pytest

from tests.live import ROOT
from tests.stripe_stand_in import PRICE, SECRET_KEY, WEBHOOK_SECRET

ALL = {"STRIPE_SECRET_KEY": SECRET_KEY, "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET, "STRIPE_PRICE_PRO": PRICE}
SHOW = "from django.conf import settings as s; print(s.HAS_PAYMENTS, s.STRIPE_PRICES_PRO, s.STRIPE_API_BASE)"


def started_with(tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a shell of the product prints under these settings."""
    place = {"TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", SHOW]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **place, **environment}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("environment", "printed"),
    [
        ({}, "False () https://api.stripe.com"),
        (ALL, "True ('price_pro',) https://api.stripe.com"),
        (
            {**ALL, "STRIPE_PRICE_PRO": "price_new, price_old,"},
            "True ('price_new', 'price_old') https://api.stripe.com",
        ),
        ({**ALL, "STRIPE_API_BASE": "http://127.0.0.1:9/"}, "True ('price_pro',) http://127.0.0.1:9"),
    ],
)
def test_all_or_none(tmp_path, environment, printed):
    assert started_with(tmp_path, **environment).stdout.strip() == printed


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"STRIPE_SECRET_KEY": SECRET_KEY},
            "Payments need STRIPE_WEBHOOK_SECRET and STRIPE_PRICE_PRO too; without Stripe, set none of them.",
        ),
        (
            {**ALL, "STRIPE_WEBHOOK_SECRET": " "},
            "Payments need STRIPE_WEBHOOK_SECRET too; without Stripe, set none of them.",
        ),
        ({**ALL, "STRIPE_PRICE_PRO": ","}, "Payments need STRIPE_PRICE_PRO too; without Stripe, set none of them."),
        (
            {**ALL, "STRIPE_API_BASE": "http://stripe.example.com"},
            "STRIPE_API_BASE is 'http://stripe.example.com'; it must start with https://.",
        ),
        ({**ALL, "STRIPE_API_BASE": "http://[::1"}, "STRIPE_API_BASE is 'http://[::1'; it must start with https://."),
        (
            {**ALL, "STRIPE_API_BASE": "https://a b/;x y"},
            "STRIPE_API_BASE is 'https://a b/;x y'; it must start with https://.",
        ),
        (
            {"EMAIL_FROM": "alerts"},
            "EMAIL_FROM is 'alerts'; it must be one address, such as Tracen <tracen@example.com>.",
        ),
        ({"EMAIL_URL": "smtp://"}, "EMAIL_URL must look like smtp+tls://user:password@host:587."),
        ({**ALL, "STRIPE_API_BASE": "stripe"}, "STRIPE_API_BASE is 'stripe'; it must start with https://."),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(tmp_path, environment, sentence):
    stopped = started_with(tmp_path, **environment)

    assert stopped.returncode != 0
    assert sentence in stopped.stderr
    assert "Traceback" not in stopped.stderr
