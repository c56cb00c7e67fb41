"""Who is calling the API: reads a key from the request's headers; the viewsets' authentication class.

Contract §2: any live key of the account works on every ingest route, as `Authorization: Bearer <key>` or
`X-Tracen-Key: <key>`; two different keys in one request are refused.
"""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.api_keys import recall_key
from accounts.models import Account, ApiKey

INVALID_KEY = "Invalid API key"


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.user` to the account and `request.auth` to the key; every other outcome is a 401.

    The key may come from memory: before anything is told or stored for it, `plans_of_live_keys` must have been asked.
    """

    def authenticate(self, request: Request) -> tuple[Account, ApiKey]:
        presented = _presented_keys(request)
        key = recall_key(presented.pop()) if len(presented) == 1 else None
        if key is None:
            raise AuthenticationFailed(INVALID_KEY)
        return key.account, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _presented_keys(request: Request) -> set[str]:
    """Each different key text in the headers. A header that is there but has no key in it counts as an empty one."""
    presented: set[str] = set()
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, text = authorization.strip().partition(" ")
        presented.add(text.strip() if scheme.lower() == "bearer" else "")
    header = request.headers.get("X-Tracen-Key")
    if header is not None:
        presented.add(header.strip())
    return presented
