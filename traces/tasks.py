"""What Celery runs for the domain: each task calls one function and may run twice."""

from celery import shared_task

from accounts.models import Account
from traces import agents, idempotency, retention, rollups, search_index, timeouts
from traces.webhooks import events


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget_old_requests()


@shared_task
def refresh_search_names(agent_id: int) -> None:
    agents.refresh_search_names(agent_id)


@shared_task
def prune_traces() -> None:
    for account in Account.objects.filter(closed_at=None).order_by("pk").iterator():
        retention.prune(account)


@shared_task
def end_silent_traces() -> None:
    timeouts.end_silent_traces()


@shared_task
def summarise_hours() -> None:
    rollups.summarise_hours()


@shared_task
def forget_deleted_words() -> None:
    search_index.forget_deleted_words()


@shared_task
def forget_webhook_deliveries() -> None:
    events.forget_old_deliveries()
