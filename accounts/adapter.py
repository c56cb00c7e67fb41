"""Where allauth asks the product: addresses to go back to, e-mail addresses to accept; named by settings."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_safe_url(self, url: str | None) -> bool:
        """Whether a `next` may be followed; one that is no address at all (`//[::1`) may not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def clean_email(self, email: str) -> str:
        """Refuse what no mail server can be asked for: a domain that has no form in ASCII."""
        try:
            email.rpartition("@")[2].encode("idna")
        except UnicodeError as error:
            raise ValidationError("Enter a valid email address.") from error
        return str(super().clean_email(email))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm an address unless another person signs in with it, confirmed or not."""
        if User.objects.filter(email__iexact=email_address.email).exclude(pk=email_address.user_id).exists():
            told = {"email": email_address.email}
            self.add_message(request, messages.ERROR, "account/messages/email_confirmation_failed.txt", told)
            return False
        return bool(super().confirm_email(request, email_address))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords for an address from one place, so that guessing from elsewhere locks nobody out."""
        return f"{self.get_client_ip(request)}:{credentials.get('email', '').lower()}"
