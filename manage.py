#!/usr/bin/env python3
"""Tracen's one command: `up`, `test`, `lint` and Django's own, run inside .venv, which is made when it is missing."""

import os
import sys


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python gets to read
        sys.exit("Tracen needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031
    from tracen import bootstrap

    try:
        bootstrap.enter_venv(sys.argv)
        run_command(sys.argv)
    except bootstrap.CannotInstall as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


def run_command(argv: list) -> None:
    """Hands over to Django; a wrong setting becomes one sentence instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracen.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except OperationalError as problem:
        sys.exit(f"The database cannot be used: {str(problem).strip()}")


if __name__ == "__main__":
    main()
