"""What Celery runs for the outbox; a message carries only a kind, the rows say what is to be done."""

from celery import shared_task

from tracen.outbox import delivery, mail


@shared_task
def deliver(kind: str) -> None:
    delivery.deliver_due(kind)


@shared_task
def sweep() -> None:
    """Have delivered what no message told of: the broker was away, a worker was killed, or a pause is over."""
    for kind in delivery.due_kinds():
        deliver.delay(kind)


@shared_task
def forget_given_up() -> None:
    delivery.forget_given_up()


@shared_task
def forget_mail_files() -> None:
    mail.forget_old_files()
