"""`/health` and `/ready`, for whatever watches the process; they need no key."""

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

_OK = '{"status":"ok"}'  # to the letter of the reference


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that trouble elsewhere does not get it restarted."""
    return HttpResponse(_OK, content_type="application/json")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether a request could be served in full: 200, or 503 with what is missing."""
    missing = [word for word in (_database_trouble(), _cache_trouble()) if word]
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


def _cache_trouble() -> str:
    try:
        cache.set("ready", 1, 5)
    except Exception:  # noqa: BLE001 - each cache has its own errors, and each means the same here
        return "redis"
    return ""
