"""Idempotency-Key: one effect however often a POST is sent. Called by the viewsets, around ingest.

A request first claims its key in a transaction of its own, so that a second one meets the claim instead of waiting,
and its answer is stored in the transaction of its effect, so that there is never an effect without its answer.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Account
from traces.errors import IdempotencyKeyReused, InvalidIdempotencyKey, RequestInProgress
from traces.limits import IDEMPOTENCY_HOURS, MAX_IDEMPOTENCY_KEY_LENGTH
from traces.models import IdempotentRequest

_KEY = re.compile(rf"[\x20-\x7e]{{1,{MAX_IDEMPOTENCY_KEY_LENGTH}}}")
_KEPT = timedelta(hours=IDEMPOTENCY_HOURS)
_CLAIM_ENDS = timedelta(seconds=60)
"""A claim whose process died is free again after this; longer than any request is allowed to run."""
REFUSALS = (InvalidIdempotencyKey, IdempotencyKeyReused, RequestInProgress)
"""What a request is answered that neither has an effect nor repeats the answer of one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: an HTTP status and the JSON body."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A POST with a key: whose, where to, and the digest of what it says."""

    account: Account
    route: str
    key: str
    digest: bytes

    def requests(self) -> QuerySet[IdempotentRequest]:
        return IdempotentRequest.objects.filter(account=self.account, route=self.route, key=self.key)


def read_attempt(account: Account, route: str, key: str | None, body: dict[str, Any]) -> Attempt | None:
    """The attempt that a request's Idempotency-Key makes of it, None without one; InvalidIdempotencyKey if malformed."""
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey
    said = json.dumps(body, sort_keys=True).encode()
    return Attempt(account, route, key, hashlib.sha256(said).digest())


def run_once(attempt: Attempt | None, act: Callable[[], Answer]) -> Answer:
    """Do `act` and remember its answer, or give the answer that the same request got before.

    Only an answer of success is remembered: after an exception of `act` the key is free for another try.
    """
    if attempt is None:
        return act()
    claim = _claim(attempt)
    if isinstance(claim, Answer):
        return claim
    try:
        with transaction.atomic():
            answer = act()
            _complete(attempt, claim, answer)
    except BaseException:
        attempt.requests().filter(claim=claim, answer_status=None).delete()
        raise
    return answer


def forget_old_requests() -> int:
    """Remove what is older than 24 hours; returns how many there were."""
    return IdempotentRequest.objects.filter(claimed_at__lt=timezone.now() - _KEPT).delete()[0]


def _claim(attempt: Attempt) -> uuid.UUID | Answer:
    claim, now = uuid.uuid4(), timezone.now()
    fresh = IdempotentRequest(
        account=attempt.account,
        route=attempt.route,
        key=attempt.key,
        body_digest=attempt.digest,
        claim=claim,
        claimed_at=now,
    )
    with transaction.atomic():
        abandoned = Q(answer_status=None, claimed_at__lt=now - _CLAIM_ENDS)
        attempt.requests().filter(Q(claimed_at__lt=now - _KEPT) | abandoned).delete()
        IdempotentRequest.objects.bulk_create([fresh], ignore_conflicts=True)
        held = attempt.requests().first()
    if held is None:
        # The first one failed and gave the key back at this very moment.
        raise RequestInProgress
    if held.claim == claim:
        return claim
    if bytes(held.body_digest) != attempt.digest:
        raise IdempotencyKeyReused
    if held.answer_status is None:
        raise RequestInProgress
    return Answer(held.answer_status, held.answer, is_replay=True)


def _complete(attempt: Attempt, claim: uuid.UUID, answer: Answer) -> None:
    done = attempt.requests().filter(claim=claim).update(answer_status=answer.status, answer=answer.body)
    if not done:
        # We were so slow that another request took the claim over: the effect is theirs, ours is rolled back.
        raise RequestInProgress
