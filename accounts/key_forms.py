"""The form that creates an API key, and the one place that refuses the key too many; used by the pages."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from accounts.api_keys import NEXUS, TRACEN, mint_key
from accounts.models import Account, ApiKey
from accounts.plans import MAX_LIVE_KEYS

_LAST_FORM = "last_key_form"
SENT_BEFORE = "That key was created already and is not shown again. Revoke it if you did not keep it."


class KeyForm(forms.Form):
    """A name and a format. `once` tells the same form sent twice (a reload, a double click) from a second key."""

    name = forms.CharField(max_length=255, help_text="Where it will be used. Only you and your team see it.")
    key_format = forms.ChoiceField(
        label="Format", choices=[(TRACEN, "tracen_sk_…"), (NEXUS, "nxs_…")], initial=TRACEN, required=False
    )
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def was_sent_before(self, session: SessionBase) -> bool:
        """Whether this very form made a key already: its page is not to be had again, and another key is not meant."""
        once = self.cleaned_data["once"]
        return once is not None and session.get(_LAST_FORM) == str(once)

    def create_key(self, account: Account, session: SessionBase) -> tuple[ApiKey, str] | None:
        """Return the new key with its full text; None, with an error on the form, if the account has enough of them."""
        with transaction.atomic():
            # The account's row is held, so that two at once cannot both be the last one.
            Account.objects.select_for_update().get(pk=account.pk)
            if ApiKey.objects.filter(account=account, revoked_at=None).count() >= MAX_LIVE_KEYS:
                self.add_error(None, f"An account has at most {MAX_LIVE_KEYS} live keys. Revoke one that is not used.")
                return None
            made = mint_key(account, self.cleaned_data["name"], self.cleaned_data["key_format"] or TRACEN)
        session[_LAST_FORM] = str(self.cleaned_data["once"])
        return made
