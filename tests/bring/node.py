"""Node.js for running the JavaScript examples as a reader would: on PATH, or from apt."""

import shutil

from tests.bring.system import CannotBring, apt_install, can_use_apt


def find_node() -> str:
    found = shutil.which("node")
    if not found and can_use_apt() and apt_install("nodejs"):
        found = shutil.which("node")
    if not found:
        raise CannotBring("Node.js is missing. Install it: sudo apt-get install nodejs.")
    return found
