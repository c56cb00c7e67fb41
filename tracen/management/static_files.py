"""Collects the static files if a source has changed since the last time; only `up` calls it.

Collecting compresses every file, which is most of the time that a start takes.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_static() -> bool:
    """True if there was something to do."""
    # Beside the folder, not in it: what is in it is served.
    mark = settings.STATIC_ROOT.with_name("static-sources.sha256")
    sources = fingerprint()
    if mark.exists() and mark.read_text() == sources and settings.STATIC_ROOT.is_dir():
        return False
    mark.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(sources)
    return True


def fingerprint() -> str:
    """Changes with every source's name, size and time, in either direction, and with the way they are stored."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
