"""What Celery runs for billing: each task calls one function, may run twice, and does nothing without Stripe's keys."""

import logging

from celery import shared_task
from django.conf import settings

from billing import reconciling, subscriptions
from billing.gateway import StripeTrouble

logger = logging.getLogger(__name__)


@shared_task
def end_grace_periods() -> None:
    if settings.HAS_PAYMENTS:
        subscriptions.end_grace_periods()


@shared_task
def reconcile_stripe() -> None:
    """Whatever was missed is put right, and told: an event that never arrives is worth a look."""
    if not settings.HAS_PAYMENTS:
        return
    try:
        for difference in reconciling.reconcile(fix=True):
            logger.warning("Stripe and the database differed: %s", difference)
    except StripeTrouble as trouble:
        logger.warning("Stripe could not be compared with the database; the next night will: %s", trouble)


@shared_task
def forget_old_events() -> None:
    subscriptions.forget_old_events()
