"""Who is calling the API: reads a key from the request's headers; the viewsets' authentication class.

Contract §2: any live key of the account works on every ingest route, as `Authorization: Bearer <key>` or
`X-Tracen-Key: <key>`; two different keys in one request are refused.
"""

from base64 import b64decode
from urllib.parse import unquote

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.api_keys import looks_like_key, recall_key
from accounts.models import Account, ApiKey

INVALID_KEY = "Invalid API key"


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.user` to the account and `request.auth` to the key; every other outcome is a 401.

    The key may come from memory: before anything is told or stored for it, `plans_of_live_keys` must have been asked.
    """

    def presented(self, request: Request) -> set[str]:
        return _presented_keys(request)

    def authenticate(self, request: Request) -> tuple[Account, ApiKey]:
        presented = self.presented(request)
        key = recall_key(presented.pop()) if len(presented) == 1 else None
        if key is None:
            raise AuthenticationFailed(INVALID_KEY)
        return key.account, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ExporterAuthentication(ApiKeyAuthentication):
    """Takes a key also in the ways in which the exporters of tracing libraries send theirs.

    `x-api-key`; Basic with the key as password (Langfuse sends a pair of keys: either may be ours); or the key alone as
    the value of Authorization.
    """

    def presented(self, request: Request) -> set[str]:
        presented = _presented_keys(request)
        authorization = request.META.get("HTTP_AUTHORIZATION", "").strip()
        if authorization and not authorization.lower().startswith("bearer "):
            presented.discard("")
            presented.add(_key_in(authorization))
        header = request.META.get("HTTP_X_API_KEY")
        if header is not None:
            presented.add(header.strip())
        return presented


def _key_in(authorization: str) -> str:
    # A header from an environment variable that its reader did not decode: "Bearer%20tracen_sk_…".
    scheme, _, encoded = unquote(authorization).partition(" ")
    if scheme.lower() == "bearer":
        return encoded.strip()
    if scheme.lower() != "basic":
        return authorization
    try:
        user, _, password = b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except ValueError:
        return ""
    return password if looks_like_key(password) else user


def _presented_keys(request: Request) -> set[str]:
    """Each different key text in the headers. A header that is there but has no key in it counts as an empty one."""
    presented: set[str] = set()
    authorization = request.META.get("HTTP_AUTHORIZATION")
    if authorization is not None:
        scheme, _, text = authorization.strip().partition(" ")
        presented.add(text.strip() if scheme.lower() == "bearer" else "")
    header = request.META.get("HTTP_X_TRACEN_KEY")
    if header is not None:
        presented.add(header.strip())
    return presented
