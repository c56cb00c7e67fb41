"""What Celery runs for accounts: each task calls one function and may run twice."""

from celery import shared_task

from accounts import closing, exports, sessions
from accounts.models import Account, Export


@shared_task
def forget_ended_sessions() -> None:
    sessions.forget_ended_sessions()


@shared_task
def erase_closed_accounts() -> None:
    """All that are closed and not erased yet: a worker that was away forgets none."""
    for account_id in Account.objects.exclude(closed_at=None).values_list("pk", flat=True):
        closing.erase_account(account_id)


@shared_task
def write_export(export_id: str) -> None:
    export = Export.objects.select_related("account").filter(pk=export_id).first()
    if export is not None and export.is_running:
        exports.write_export(export)


@shared_task
def write_waiting_exports() -> None:
    for export in exports.waiting_exports():
        exports.write_export(export)


@shared_task
def forget_old_exports() -> None:
    exports.forget_old_exports()
