"""All data of an account as one file: asked for on the settings page, written by a task, kept for a week.

The file is a ZIP with a file of JSON lines for each table. Everything is told but an API key's digest and a webhook's secret.
"""

import base64
import json
import logging
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from accounts.belongings import Belonging, belongings
from accounts.models import Account, Export

logger = logging.getLogger(__name__)

DAYS_KEPT = 7
_GIVEN_UP_AFTER = timedelta(hours=6)
_PATIENCE = timedelta(minutes=2)
_CHUNK = 1_000
_SECRETS = {"accounts.apikey.digest", "traces.webhook.secret"}


def file_of(export: Export) -> Path:
    return settings.DATA_DIR / "exports" / f"{export.pk}.zip"


def request_export(account: Account) -> tuple[Export, bool]:
    """The export that is under way, or a new one; and whether it is new."""
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        running = account.exports.filter(finished_at=None, failed_at=None).first()
        return (running, False) if running else (Export.objects.create(account=account), True)


def waiting_exports() -> list[Export]:
    """What nobody has begun for minutes: the message that should have woken a worker was lost."""
    lately = timezone.now() - _PATIENCE
    return list(Export.objects.filter(rows_total=0, finished_at=None, failed_at=None, created_at__lt=lately))


def write_export(export: Export) -> None:
    """Write the file, counting as it goes; whatever goes wrong is told on the page, and half a file is no file."""
    path = file_of(export)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_suffix(f".{timezone.now():%H%M%S%f}.part")
    own = Export.objects.filter(pk=export.pk)
    try:
        _write(export, unfinished)
        unfinished.replace(path)
        if not own.update(finished_at=timezone.now(), size=path.stat().st_size):
            path.unlink(missing_ok=True)  # the account was deleted meanwhile
    except Exception:
        own.update(failed_at=timezone.now())
        logger.exception("An export could not be written.")
        raise
    finally:
        unfinished.unlink(missing_ok=True)


def _write(export: Export, path: Path) -> None:
    account = export.account
    found = [belonging for belonging in belongings() if belonging.model is not Export]
    own = Export.objects.filter(pk=export.pk)
    own.update(rows_done=0, rows_total=sum(belonging.rows(account.pk).count() for belonging in found))
    done = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("account.json", _line(_about(account)))
        for belonging in reversed(found):
            with archive.open(f"{belonging.model._meta.db_table}.jsonl", "w", force_zip64=True) as file:
                for row in _rows(belonging, account):
                    file.write(_line(row))
                    done += 1
                    if done % _CHUNK == 0:
                        own.update(rows_done=done)
    own.update(rows_done=done)


def _about(account: Account) -> dict[str, Any]:
    members = account.memberships.order_by("pk").values_list("user__email", "role", "created_at")
    return {
        "name": account.name,
        "plan": account.plan_slug,
        "created_at": account.created_at,
        "members": [{"email": email, "role": role, "joined_at": joined} for email, role, joined in members],
    }


def _rows(belonging: Belonging, account: Account) -> Iterator[dict[str, Any]]:
    model = belonging.model
    columns = [field.attname for field in model._meta.concrete_fields]
    shown = [column for column in columns if f"{model._meta.label_lower}.{column}" not in _SECRETS]
    rows = belonging.rows(account.pk).order_by("pk").values(*shown).iterator(chunk_size=_CHUNK)
    # A table that keeps its texts packed says how they are read.
    readable = getattr(model, "readable", None)
    return map(readable, rows) if readable else rows


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return base64.b64encode(o).decode() if isinstance(o, bytes | memoryview) else super().default(o)


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, cls=_Encoder, ensure_ascii=False) + "\n").encode()


def forget_exports(account: Account) -> None:
    """Delete all exports of the account, files first."""
    for export in account.exports.all():
        _forget(export)


def forget_old_exports() -> None:
    """Delete what is older than a week, and give up what no worker finished."""
    now = timezone.now()
    Export.objects.filter(finished_at=None, failed_at=None, created_at__lt=now - _GIVEN_UP_AFTER).update(failed_at=now)
    for export in Export.objects.filter(created_at__lt=now - timedelta(days=DAYS_KEPT)):
        _forget(export)


def _forget(export: Export) -> None:
    file_of(export).unlink(missing_ok=True)
    export.delete()
