"""`manage.py share_trace TRACE_ID`: a public address for a private trace, from a shell."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traces.access import parse_id
from traces.models import Trace
from traces.sharing import share, share_url

_LONGEST_DAYS = 3_650


class Command(BaseCommand):
    help = "Make a new share link for TRACE_ID and print its address, alone, on stdout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trace_id", metavar="TRACE_ID")
        parser.add_argument("--days", type=int, help="how long it lives (default: for ever)")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and not 1 <= days <= _LONGEST_DAYS:
            raise CommandError(f"--days must be from 1 to {_LONGEST_DAYS}.")
        trace = Trace.objects.filter(pk=parse_id(options["trace_id"])).first()
        if trace is None:
            raise CommandError(f"There is no trace {options['trace_id']}.")
        link = share(trace, timedelta(days=days) if days is not None else None)
        self.stdout.write(share_url(link.pk))
