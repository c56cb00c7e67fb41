"""The form that adds a webhook; used by the webhooks' page."""

from typing import Any

from django import forms
from django.conf import settings

from accounts.models import Account
from tracen.lib.outgoing import MAX_URL_LENGTH, PORTS, Refused, check_target, parse_target
from traces.models import Webhook
from traces.webhooks.endpoints import MAX_WEBHOOKS, TooMany, add_webhook


class WebhookForm(forms.Form):
    """Only what the address itself says is checked here; where its name leads to is checked whenever we send."""

    url = forms.CharField(
        label="Address",
        max_length=MAX_URL_LENGTH,
        help_text=f"https, on port {' or '.join(map(str, PORTS))}. An incoming webhook of Slack works as it is.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["url"].widget.attrs.update({"autocomplete": "off", "inputmode": "url", "spellcheck": "false"})

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_target(parse_target(url), settings.WEBHOOK_NETWORKS)
        except Refused as reason:
            raise forms.ValidationError(str(reason)) from reason
        return url

    def add(self, account: Account) -> Webhook | None:
        """The new webhook; None, with an error on the form, if the account has this one or enough of them."""
        url = self.cleaned_data["url"]
        if Webhook.objects.filter(account=account, url=url).exists():
            self.add_error("url", "This account has a webhook with this address.")
            return None
        try:
            return add_webhook(account, url)
        except TooMany:
            self.add_error(None, f"An account has at most {MAX_WEBHOOKS} webhooks. Delete one that is not used.")
            return None
