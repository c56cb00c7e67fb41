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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
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
SHORTEST_PAUSE = timedelta(seconds=1)
"""Whatever a handler asks for: a row that is due again at once could keep a worker busy with nothing."""
KEPT_WHEN_GIVEN_UP = timedelta(days=30)
_BATCH = 20


class NotYet(Exception):
    """Its turn has not come, so no try was made: none is counted, and the row is not given up for it.

    What is due of the row's group waits as long.
    """

    def __init__(self, reason: str, after: timedelta) -> None:
        super().__init__(reason)
        self.after = after


class TryLater(Exception):
    """It did not work this time. `after` overrules the growing pause."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Unreachable(TryLater):
    """Nothing of this kind can be delivered now: the rest waits too, instead of running into the same wall."""


class GiveUp(Exception):
    """It will never work: the row stays with its reason and is not tried again."""


def put(kind: str, body: dict[str, Any], account_id: int | None = None, group: str = "") -> Delivery:
    """Store one thing to deliver, in the caller's transaction, and wake the worker after its commit."""
    delivery = Delivery.objects.create(kind=kind, group=group, body=json.dumps(body), account_id=account_id)
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


def failing_since(delivery: Delivery, now: datetime) -> datetime:
    """When the tries of a row that failed just now began to fail."""
    return delivery.failing_since or now


def due_kinds() -> list[str]:
    """The kinds of which something is due."""
    return list(_due().order_by().values_list("kind", flat=True).distinct())


def waiting_bodies(kind: str, group: str, most: int) -> list[dict[str, Any]]:
    """The oldest of what has still to be delivered of a group, what is being delivered included."""
    waiting = Delivery.objects.filter(kind=kind, group=group, given_up_at=None).order_by("created_at")
    return [json.loads(body) for body in waiting.values_list("body", flat=True)[:most]]


def waiting() -> models.QuerySet[Delivery]:
    """What has still to be delivered, newest first."""
    return Delivery.objects.filter(given_up_at=None).order_by("-created_at")


def given_up() -> models.QuerySet[Delivery]:
    """What is not tried any more, newest first."""
    return Delivery.objects.exclude(given_up_at=None).order_by("-created_at")


def forget(kind: str, group: str) -> None:
    """Delete every row of a group, delivered or not; one that is on its way this moment may still arrive."""
    Delivery.objects.filter(kind=kind, group=group).delete()


def forget_given_up() -> int:
    """Delete what was given up a month ago; how many rows that was."""
    return Delivery.objects.filter(given_up_at__lt=timezone.now() - KEPT_WHEN_GIVEN_UP).delete()[0]


def try_given_up_again() -> int:
    """Make all that was given up due again, as if nothing had been tried; how many rows that is."""
    lost = given_up().order_by()
    kinds = list(lost.values_list("kind", flat=True).distinct())
    count = lost.update(given_up_at=None, attempts=0, failing_since=None, due_at=timezone.now())
    for kind in kinds:
        wake_for(kind)
    return count


def hasten(kind: str, group: str) -> None:
    """Make due now what waits of a group: the reason to wait is gone.

    Rows that are due within a lease may be in somebody's hands, and are due soon in any case.
    """
    now = timezone.now()
    held_back = Delivery.objects.filter(kind=kind, group=group, given_up_at=None, due_at__gt=now + LEASE)
    held_back.update(due_at=now)


class _Crew:
    """Who is delivering a kind in this process."""

    def __init__(self, at_once: int) -> None:
        self.places = threading.BoundedSemaphore(at_once)
        self.asked_again = threading.Event()
        self._served: set[int] = set()
        self._changing = threading.Lock()

    @contextmanager
    def serve(self, account_id: int | None) -> Iterator[bool]:
        """Whether nobody else of the crew is at work for the account; if so, nobody begins before the block ends.

        So an account with slow receivers takes one place and not all of them.
        """
        with self._changing:
            is_free = account_id not in self._served
            if is_free and account_id is not None:
                self._served.add(account_id)
        try:
            yield is_free
        finally:
            if is_free and account_id is not None:
                with self._changing:
                    self._served.remove(account_id)

    @property
    def served(self) -> list[int]:
        with self._changing:
            return list(self._served)


_crews = {name: _Crew(kind.at_once) for name, kind in KINDS.items()}


def _due() -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(given_up_at=None, due_at__lte=timezone.now()).order_by("due_at")


def _empty(kind: str) -> int:
    """Deliver until nothing is due or the other side cannot be reached; how many went out."""
    crew, delivered = _crews[kind], 0
    # What is due for an account that is being served is for whoever serves it: they look again when they have done.
    while candidates := list(_due().filter(kind=kind).exclude(account_id__in=crew.served)[:_BATCH]):
        for delivery in candidates:
            try:
                with crew.serve(delivery.account_id) as is_free:
                    delivered += is_free and _claim(delivery) and _deliver(KINDS[kind], delivery)
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
    except NotYet as reason:
        _put_off(delivery, str(reason), reason.after)
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


def _put_off(delivery: Delivery, reason: str, after: timedelta) -> None:
    """Have the row wait, and what is due beside it: one UPDATE, however long the queue is."""
    until: dict[str, Any] = {"due_at": timezone.now() + max(after, SHORTEST_PAUSE), "last_error": reason[:1_000]}
    Delivery.objects.filter(pk=delivery.pk).update(attempts=F("attempts") - 1, **until)
    if delivery.group:
        _due().order_by().filter(kind=delivery.kind, group=delivery.group).update(**until)


def _postpone(kind: Kind, delivery: Delivery, reason: str, after: timedelta | None) -> None:
    now = timezone.now()
    if now - failing_since(delivery, now) > kind.tried_for:
        _give_up(delivery, reason)
        return
    pause = _pause(delivery.attempts) if after is None else max(after, SHORTEST_PAUSE)
    Delivery.objects.filter(pk=delivery.pk).update(
        due_at=now + pause, last_error=reason[:1_000], failing_since=failing_since(delivery, now)
    )


def _give_up(delivery: Delivery, reason: str) -> None:
    logger.error("The outbox gave up on %s: %s", delivery, reason)
    Delivery.objects.filter(pk=delivery.pk).update(given_up_at=timezone.now(), last_error=reason[:1_000])


def _pause(attempts: int) -> timedelta:
    """Twice as long each time, up to a limit, and never the same for all rows."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads the load, protects nothing
