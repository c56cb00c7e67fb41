"""Programs that run within the product's own Django, each a process of its own: `python -m bench.inside.<name>`.

They read one JSON value from stdin, find the database by the product's environment, and print one JSON value.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

BENCH_EMAIL = "bench@example.com"


def answer(act: Callable[[Any], Any]) -> None:
    """Hand what was asked to `act`, once Django is set up, and print what it returns."""
    import tracen.wsgi  # noqa: F401 - importing it sets Django up as the server has it

    print(json.dumps(act(json.load(sys.stdin))))
