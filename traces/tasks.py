"""What Celery runs for the domain: each task calls one function and may run twice."""

from celery import shared_task

from traces import agents, idempotency


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget_old_requests()


@shared_task
def refresh_search_names(agent_id: int) -> None:
    agents.refresh_search_names(agent_id)
