"""Share links: made, counted and revoked here; a link is the only public door to a trace."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from traces.errors import TraceNotFound
from traces.models import ShareLink, Trace


def share(trace: Trace, lifetime: timedelta | None = None) -> ShareLink:
    """Open a new public address for `trace`, for ever or for `lifetime`; its id is random and tells nothing.

    Raises TraceNotFound if the trace was removed since it was read.
    """
    expires_at: datetime | None = timezone.now() + lifetime if lifetime is not None else None
    with transaction.atomic():
        if Trace.objects.select_for_update().filter(pk=trace.pk).only("pk").first() is None:
            raise TraceNotFound
        return ShareLink.objects.create(trace=trace, expires_at=expires_at)


def revoke(link: ShareLink) -> None:
    """Close the address for good; the next request for it is a 404."""
    ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())


def count_view(link: ShareLink) -> None:
    """Count one look at the page. A page that can be read is worth more than an exact count, so trouble is ignored."""
    try:
        ShareLink.objects.filter(pk=link.pk).update(view_count=F("view_count") + 1)
    except OperationalError:
        return


def share_url(share_id: object) -> str:
    """The public address of a share link, on BASE_URL, never on the request's Host."""
    return f"{settings.BASE_URL}/traces/{share_id}"
