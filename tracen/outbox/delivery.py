"""Puts rows into the outbox and delivers them: any module may `put`, only the outbox's tasks deliver.

A row is written in the transaction of what caused it, so there is never the one without the other. Whoever delivers it
moves its `due_at` ahead by a lease with one conditional UPDATE: two workers never hold one row at the same time, and
the row of a worker that was killed is due again when the lease is over. A broker only wakes; `sweep` finds what no
message told of.
"""

import json
import logging
import random
import threading
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, models
from django.db.models import F
from django.utils import timezone

from tracen.lib.waking import wake
from tracen.outbox.kinds import KINDS, Kind
from tracen.outbox.models import Delivery

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
"""Longer than any handler takes: connecting, reading and writing have time limits of their own."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)
KEPT_WHEN_GIVEN_UP = timedelta(days=30)
_BATCH = 20


class TryLater(Exception):
    """It did not work this time. `after` overrules the growing pause."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Unreachable(TryLater):
    """Nothing of this kind can be delivered now: the rest waits too, instead of running into the same wall."""


class GiveUp(Exception):
    """It will never work: the row stays with its reason and is not tried again."""


def put(kind: str, body: dict[str, Any], account_id: int | None = None) -> Delivery:
    """Store one thing to deliver, in the caller's transaction, and wake the worker after its commit."""
    delivery = Delivery.objects.create(kind=kind, body=json.dumps(body), account_id=account_id)
    wake_for(kind)
    return delivery


def wake_for(kind: str) -> None:
    """Have a worker deliver what is due of `kind`."""
    # The task's module imports this one.
    from tracen.outbox.tasks import deliver

    wake(deliver, kind)


def deliver_due(kind: str) -> int:
    """Deliver everything of `kind` that is due; how many went out.

    At most `Kind.at_once` of these run in a process. One more only leaves a note that it was here, and whoever is at
    work looks again before ending, so nothing that was due at the call is left lying.
    """
    crew, delivered = _crews[kind], 0
    crew.asked_again.set()
    while crew.asked_again.is_set() and crew.places.acquire(blocking=False):
        crew.asked_again.clear()
        try:
            delivered += _empty(kind)
        finally:
            crew.places.release()
    return delivered


def due_kinds() -> list[str]:
    """The kinds of which something is due."""
    return list(_due().order_by().values_list("kind", flat=True).distinct())


def waiting_bodies(kind: str, account_id: int, most: int) -> list[dict[str, Any]]:
    """The oldest of what has still to be delivered of `kind` for an account, what is being delivered included."""
    waiting = Delivery.objects.filter(kind=kind, account_id=account_id, given_up_at=None).order_by("created_at")
    return [json.loads(body) for body in waiting.values_list("body", flat=True)[:most]]


def undelivered() -> models.QuerySet[Delivery]:
    """Every row, oldest first: what waits, and what was given up."""
    return Delivery.objects.order_by("created_at")


def forget_given_up() -> int:
    """Delete what was given up a month ago; how many rows that was."""
    return Delivery.objects.filter(given_up_at__lt=timezone.now() - KEPT_WHEN_GIVEN_UP).delete()[0]


def try_again(delivery: Delivery) -> None:
    """Make a row that was given up due again, as if it were new."""
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(given_up_at=None, attempts=0, created_at=now, due_at=now)
    wake_for(delivery.kind)


def hasten(kind: str, account_id: int) -> None:
    """Make due now what of `kind` waits for an account: the reason to wait is gone.

    Rows that are due within a lease may be in somebody's hands, and are due soon in any case.
    """
    now = timezone.now()
    waiting = Delivery.objects.filter(kind=kind, account_id=account_id, given_up_at=None, due_at__gt=now + LEASE)
    waiting.update(due_at=now)


class _Crew:
    """Who is delivering a kind in this process."""

    def __init__(self, at_once: int) -> None:
        self.places = threading.BoundedSemaphore(at_once)
        self.asked_again = threading.Event()


_crews = {name: _Crew(kind.at_once) for name, kind in KINDS.items()}


def _due() -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(given_up_at=None, due_at__lte=timezone.now()).order_by("due_at")


def _empty(kind: str) -> int:
    """Deliver until nothing is due or the other side cannot be reached; how many went out."""
    delivered = 0
    while candidates := list(_due().filter(kind=kind)[:_BATCH]):
        for delivery in filter(_claim, candidates):
            try:
                delivered += _deliver(KINDS[kind], delivery)
            except Unreachable:
                return delivered
    return delivered


def _claim(delivery: Delivery) -> bool:
    """Take the row for the length of the lease; False if another worker took it first."""
    unclaimed = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at, given_up_at=None)
    delivery.due_at, delivery.attempts = timezone.now() + LEASE, delivery.attempts + 1
    return bool(unclaimed.update(due_at=delivery.due_at, attempts=F("attempts") + 1))


def _deliver(kind: Kind, delivery: Delivery) -> bool:
    """Try once and note what came of it; whether it went out. Raises Unreachable, noted too."""
    try:
        kind.deliver(delivery, json.loads(delivery.body))
    except GiveUp as reason:
        _give_up(delivery, str(reason))
    except TryLater as reason:
        _postpone(kind, delivery, str(reason), reason.after)
        if isinstance(reason, Unreachable):
            raise
    except DatabaseError:
        # Ours, not the other side's: the lease ends and the row is tried again.
        raise
    except Exception as error:
        logger.exception("The outbox could not deliver %s.", delivery)
        _postpone(kind, delivery, f"{type(error).__name__}: {error}", None)
    else:
        Delivery.objects.filter(pk=delivery.pk).delete()
        return True
    return False


def _postpone(kind: Kind, delivery: Delivery, reason: str, after: timedelta | None) -> None:
    now = timezone.now()
    if now - delivery.created_at > kind.tried_for:
        _give_up(delivery, reason)
        return
    due_at = now + (_pause(delivery.attempts) if after is None else after)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=due_at, last_error=reason[:1_000])


def _give_up(delivery: Delivery, reason: str) -> None:
    logger.error("The outbox gave up on %s: %s", delivery, reason)
    Delivery.objects.filter(pk=delivery.pk).update(given_up_at=timezone.now(), last_error=reason[:1_000])


def _pause(attempts: int) -> timedelta:
    """Twice as long each time, up to a limit, and never the same for all rows."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads the load, protects nothing
