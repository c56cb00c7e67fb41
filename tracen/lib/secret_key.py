"""The signing key of an installation that was given none; settings.py is the only caller."""

import os
import secrets
from pathlib import Path


def read_or_create_secret_key(path: Path) -> str:
    """Return the key kept in `path`, making it on first use with mode 0600; two starts at once agree on one key."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(64))
    return path.read_text()


def _read(path: Path) -> str:
    key = path.read_text().strip()
    if len(key) < 50:
        # A start that was cut off between creating and writing the file left it short: nothing was signed with it yet.
        path.unlink(missing_ok=True)
        return read_or_create_secret_key(path)
    return key
