"""API keys: mint, find by the presented text, revoke. Nobody else sees a key in full or computes its digest."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from functools import lru_cache

from django.utils import timezone

from accounts.models import Account, ApiKey
from tracen.lib.rows import Row, ask_rows, update_rows

TRACEN, NEXUS = "tracen", "nexus"
FORMATS = (TRACEN, NEXUS)

_PATTERN = re.compile(r"nxs_[0-9a-f]{64}|tracen_sk_[A-Za-z0-9_-]{43}")
_SHOWN_CHARACTERS = 6
_LAST_USED_PRECISION = timedelta(minutes=1)
_MOST_REMEMBERED = 10_000


def mint_key(account: Account, name: str, key_format: str = TRACEN) -> tuple[ApiKey, str]:
    """Store a new key of 256 random bits; return it with its full text, which is never to be had again."""
    scheme, secret = (
        ("nxs_", secrets.token_hex(32)) if key_format == NEXUS else ("tracen_sk_", secrets.token_urlsafe(32))
    )
    text = scheme + secret
    key = ApiKey.objects.create(
        account=account, name=name, prefix=scheme + secret[:_SHOWN_CHARACTERS], digest=_digest(text)
    )
    return key, text


def looks_like_key(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None


def find_key(text: str) -> ApiKey | None:
    """The live key whose full text was presented, with its account, or None."""
    try:
        return _live_key(_digest(text)) if _PATTERN.fullmatch(text) else None
    except ApiKey.DoesNotExist:
        return None


def recall_key(text: str) -> ApiKey | None:
    """The same from memory where this process has seen the key before: it may have been revoked since.

    For whoever asks `plans_of_live_keys` before anything is told or stored, as traces/ingest.py does where it stores.
    """
    try:
        return _remembered_key(_digest(text)) if _PATTERN.fullmatch(text) else None
    except ApiKey.DoesNotExist:
        return None


class LiveKeys:
    """Those of some keys that are live at this moment, with their account's plan.

    One query for any number of keys, and no model is built: this is asked for every batch that is stored, together with
    what else is asked for it (tracen/lib/rows.py).
    """

    def __init__(self, key_ids: Iterable[int]) -> None:
        columns = ("id", "account.plan_slug", "last_used_at", "revoked_at")
        self._asked = ask_rows(ApiKey, columns, {"id": set(key_ids)})

    def plans(self) -> dict[int, str]:
        """By key the slug of a plan."""
        return {pk: plan for pk, plan, _ in self._rows()}

    def note_use(self) -> None:
        """To the minute: a write for each request would be a price without a buyer."""
        now = timezone.now()
        stale = [pk for pk, _, used in self._rows() if used is None or now - used >= _LAST_USED_PRECISION]
        update_rows(ApiKey, ("last_used_at",), [(now, pk) for pk in stale])

    def _rows(self) -> Iterator[Row]:
        return ((pk, plan, used) for pk, plan, used, revoked_at in self._asked.rows() if revoked_at is None)


def plans_of_live_keys(key_ids: Collection[int]) -> dict[int, str]:
    """Those of the keys that are live at this moment, with their account's plan; that they are used is remembered."""
    keys = LiveKeys(key_ids)
    keys.note_use()
    return keys.plans()


def revoke_key(key: ApiKey) -> None:
    """End the key at once, in every process: each request looks it up anew, or has it looked up where it writes."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


def _live_key(digest: str) -> ApiKey:
    return ApiKey.objects.select_related("account").get(digest=digest, revoked_at=None)


@lru_cache(_MOST_REMEMBERED)
def _remembered_key(digest: str) -> ApiKey:
    """The key that was not asked for longest makes room. What raises is not kept, so guesses push nobody's key out."""
    return _live_key(digest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
