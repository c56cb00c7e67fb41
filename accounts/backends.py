"""Who is signed in, loaded with what every page shows of them; named by settings.AUTHENTICATION_BACKENDS."""

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef

from accounts.models import User


class PasswordBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    def get_user(self, user_id: int) -> User | None:
        """The person of a session, with `is_address_confirmed`, so that the banner costs no query of its own."""
        confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
        people = User.objects.filter(is_active=True).annotate(is_address_confirmed=Exists(confirmed))
        return people.filter(pk=user_id).first()
