"""Fills a live server's database for the browser test; run inside it by `manage.py shell`."""

import json

from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.plans import UNLIMITED
from accounts.signup import open_account
from tests.xss import PAYLOADS, carry


def seed() -> None:
    """Print the session of a new account with one run for each payload, and the ids of trace, link and model call."""
    user = User.objects.create_user("reader@example.com")
    account = open_account(user)
    account.plan_slug = UNLIMITED.slug
    account.save()
    links = [carry(account, payload) for payload in PAYLOADS]
    client = Client()
    client.force_login(user)
    runs = [[str(link.trace_id), str(link.pk), str(link.trace.spans.get(kind="llm").id)] for link in links]
    print(json.dumps({"session": client.cookies[settings.SESSION_COOKIE_NAME].value, "runs": runs}))
