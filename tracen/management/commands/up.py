"""`manage.py up`: the whole product with one command; prepares the database and runs the web server and the worker."""

import gc
import os
import signal
import sys
from argparse import ArgumentParser

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from accounts.models import Account
from tracen.lib.migrating import migrate_pending
from tracen.lib.storage_trouble import let_go_if_dead
from tracen.management.static_files import collect_static
from tracen.management.worker import WorkerKeeper
from tracen.server import bind, listen
from traces.models import Trace

FIRST_CURL = """\
  curl -X POST {base_url}/api/traces \\
    -H "Content-Type: application/json" \\
    -H "X-Tracen-Key: tracen_sk_YOUR_KEY_HERE" \\
    -d '{{
      "prompt": "Summarise this text: ...",
      "response": "Here is a summary: ...",
      "provider": "openai",
      "model": "gpt-4o",
      "steps": [{{"name": "llm_call", "timestamp": "2024-01-15T10:30:00.000Z", "latency_ms": 1240}}],
      "input_tokens": 120,
      "output_tokens": 45,
      "total_latency_ms": 1240,
      "status": "success",
      "error_message": null
    }}'"""


_PREPARED = "TRACEN_PREPARED"
"""Set by `up` for itself, when it starts anew after its preparations."""


class Command(BaseCommand):
    help = "Prepares the database and runs Tracen: web server and worker, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = (
            "HOST, PORT, TRACEN_DATA_DIR, DATABASE_URL and the other settings are read from the environment."
        )

    def handle(self, *args: object, **options: object) -> None:
        # SIGTERM ends it the way Ctrl-C does: the web server answers what it has begun, then the worker is ended.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if os.environ.pop(_PREPARED, None) is None:
            self._say(f"Starting Tracen: data in {settings.DATA_DIR}, database {_name_database()}.")
            refuse_taken_port(settings.HOST, settings.PORT)
            if self._prepare():
                # Again from the start: migrations and compressed files leave 40 MB behind that nobody needs any more.
                os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, _PREPARED: "1"})  # noqa: S606
        self._run()

    def _prepare(self) -> bool:
        """Make what is missing; whether anything was."""
        try:
            has_prepared = self._prepare_database()
        except DatabaseError as problem:
            raise CommandError(f"The database ({_name_database()}) cannot be used: {str(problem).strip()}") from problem
        try:
            has_collected = collect_static()
        except OSError as problem:
            raise CommandError(f"The data folder {settings.DATA_DIR} cannot be used: {problem.strerror}.") from problem
        self._say("Static files: collected." if has_collected else "Static files: unchanged.")
        return has_prepared or has_collected

    def _prepare_database(self) -> bool:
        has_migrated = migrate_pending(lambda pending: self._say(f"Preparing the database: {pending} migrations."))
        is_empty = not Trace.objects.exists() and not Account.objects.exists()
        if is_empty:
            self._say("Adding the demo trace:")
            call_command("add_demo_trace", stdout=self.stdout)
        connection.close()
        return has_migrated or is_empty

    def _run(self) -> None:
        # Only now: with the application, the list of static files is made, and on a first start there were none before.
        from tracen.wsgi import application, is_brief

        scheme = "https" if settings.IS_HTTPS else "http"
        server = bind(application, settings.HOST, settings.PORT, scheme, is_brief, let_go_if_dead)
        worker = WorkerKeeper(settings.DATA_DIR, self._say)
        worker.start()
        self._say_where()
        # What is there now is there to the end. Looking through it again and again for garbage, as Python does, stops all
        # requests for 50 ms each time.
        gc.collect()
        gc.freeze()
        try:
            server.run()
        finally:
            ignore_signals()
            self._say("Ending: the web server has stopped, the worker follows within seconds.")
            worker.stop()
        self._say("Ended.")

    def _say_where(self) -> None:
        base_url = settings.BASE_URL
        self._say("")
        self._say(f"Tracen runs on {base_url} (listening on {settings.HOST}:{settings.PORT}; Ctrl-C ends it).")
        self._say(f"Sign up: {base_url}/accounts/signup")
        self._say("Make an API key: python3 manage.py create_api_key you@example.com")
        self._say("Put the key into this and send your first trace:")
        self._say("")
        self._say(FIRST_CURL.format(base_url=base_url))
        self._say("")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def ignore_signals() -> None:
    """A second Ctrl-C does not break off the seconds in which the worker is ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _name_database() -> str:
    """Names the database without its password."""
    chosen = settings.DATABASES["default"]
    if connection.vendor == "sqlite":
        return f"SQLite at {chosen['NAME']}"
    return f"PostgreSQL {chosen['NAME']} on {chosen.get('HOST') or 'the local socket'}"


def refuse_taken_port(host: str, port: int) -> None:
    """Raises CommandError if the server could not listen, before any work is done."""
    try:
        listen(host, port).close()
    except OSError as problem:
        advice = f"Choose another port, as in: PORT={port + 1 if port < 65535 else 8000} python3 manage.py up"
        raise CommandError(f"Cannot listen on {host}, PORT {port}: {problem.strerror}. {advice}") from problem
