"""What Celery runs for the domain: each task calls one function and may run twice."""

from celery import shared_task

from traces import idempotency


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget_old_requests()
