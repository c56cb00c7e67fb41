"""The sign-up form, which tells nobody whether an address has an account already; named by settings.ACCOUNT_FORMS.

docs/decisions/0010-signup.md says what is the same for a known and an unknown address, and what cannot be.
"""

from contextlib import suppress

from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token

from accounts.models import User


class SignupForm(AllauthSignupForm):  # type: ignore[misc]  # allauth ships no types
    def validate_unique_email(self, value: str) -> str:
        """A taken address is no error of the form; `try_save` answers it."""
        try:
            return str(super().validate_unique_email(value))
        except ValidationError:
            self.account_already_exists = True
            return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """The new person; or nobody, with the answer that a new person would get."""
        if not self.account_already_exists:
            with suppress(IntegrityError), transaction.atomic():
                return self._save(request)
            # Somebody signed up with the same address at this very moment.
            self.account_already_exists = True
        if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
            return self._save(request)
        return None, self._answer_known_address(request)

    def _save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return saved

    def _answer_known_address(self, request: HttpRequest) -> HttpResponse:
        """The same status, place to go, cookies and work as for a new address; the owner of this one gets a mail."""
        make_password(self.cleaned_data["password1"])
        address = EmailAddress(user=None, email=self.cleaned_data["email"])
        send_verification_email_to_address(request, address, signup=True)
        request.session.cycle_key()
        rotate_token(request)
        return HttpResponseRedirect(get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL)
