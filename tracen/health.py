"""`/health` and `/ready`, for whatever watches the process; they need no key."""

import shutil

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

_FREE_BYTES = 16 * 1024 * 1024
_OK = '{"status":"ok"}'  # to the letter of the reference


@csrf_exempt
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that trouble elsewhere does not get it restarted."""
    return HttpResponse(_OK, content_type="application/json")


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether a request could be served in full: 200, or 503 with what is missing."""
    missing = [word for word in (_database_trouble(), _disk_trouble(), _cache_trouble()) if word]
    if missing:
        return JsonResponse({"error": "Not ready", "missing": missing}, status=503, headers={"Retry-After": "1"})
    return HttpResponse(_OK, content_type="application/json")


def _database_trouble() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return "database"
    return "migrations" if waiting else ""


def _disk_trouble() -> str:
    """SQLite, mail and exports are written to the data folder; reads go on when it is full, writes do not."""
    return "disk" if shutil.disk_usage(settings.DATA_DIR).free < _FREE_BYTES else ""


def _cache_trouble() -> str:
    cache.set("ready", 1, 5)
    return "" if cache.get("ready") else "redis"
