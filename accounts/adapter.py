"""Where allauth asks the product: addresses to go back to, e-mail addresses to accept; named by settings."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError


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
