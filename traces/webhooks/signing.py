"""The secret of a webhook and the signature made with it; /docs/webhooks tells receivers how to check one. Pure."""

import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def make_secret() -> str:
    """256 bits from the system's generator, in 43 URL-safe characters after the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def sign(secret: str, body: bytes, moment: int) -> str:
    """The `Tracen-Signature` of a body sent at `moment` (seconds since 1970).

    The time is signed too, so that a receiver can refuse a request that somebody recorded and sends again.
    """
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
