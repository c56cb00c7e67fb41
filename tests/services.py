"""The pytest plugin that gives a run its database, Redis, data folder and static files; pytest.ini loads it by name.

It has to be a plugin: pytest-django reads the settings before any conftest.py, and the settings read the environment.
`manage.py test` brings the services once for all its runs and hands them down in TEST_DATABASE_URL, TEST_REDIS_URL,
CHROMIUM and TRACEN_TEST_ROOT; a pytest started by itself brings what it needs.
"""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.bring.postgres import bring_postgres
from tests.bring.redis import bring_redis
from tests.bring.system import CannotBring

VENDORS = {"sqlite": "sqlite", "postgres": "postgresql"}
# What a developer has set for a real installation must not reach a test.
PRODUCT_VARIABLES = (
    "BASE_URL",
    "DATABASE_URL",
    "DEBUG",
    "EMAIL_FROM",
    "EMAIL_URL",
    "HOST",
    "PORT",
    "REDIS_URL",
    "SECRET_KEY",
    "STRIPE_API_BASE",
    "STRIPE_PRICE_PRO",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "TRACEN_DATA_DIR",
    "TRACEN_DEFAULT_PLAN",
    "TRACEN_EMAIL_VERIFICATION",
    "TRACEN_RETENTION_DAYS",
    "TRACEN_WEBHOOK_NETWORKS",
)
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server", "live_server_process"}
SERIAL_MARKS = ("browser", "fault", "slow")
LIVE_REDIS_NUMBER = 8
"""Real servers started by tests use the Redis databases from here on; the tests' own process uses those below."""

brought = ExitStack()
"""The services that this process brought; ended with the run."""


def pytest_addoption() -> None:
    """The first hook of all, hence before pytest-django reads the settings."""
    try:
        prepare_environment()
    except CannotBring as problem:
        brought.close()
        raise pytest.UsageError(str(problem)) from problem


def prepare_environment() -> None:
    """Sets the environment that the settings are read from: empty folders, the run's database, nothing inherited."""
    for name in PRODUCT_VARIABLES:
        os.environ.pop(name, None)
    data_dir = _test_root() / f"{claimed_database()}-{_worker() or 'main'}-{os.getpid()}"
    data_dir.mkdir()
    (data_dir / "static").symlink_to(_test_root() / "static")
    os.environ["TRACEN_DATA_DIR"] = str(data_dir)
    if claimed_database() == "postgres":
        os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"] = brought.enter_context(bring_postgres())
        os.environ["REDIS_URL"] = redis_address(number=worker_number())


def claimed_database() -> str:
    claimed = os.environ.get("TRACEN_TEST_DB", "sqlite")
    if claimed not in VENDORS:
        raise pytest.UsageError(f"TRACEN_TEST_DB is {claimed!r}; it must be one of: {', '.join(VENDORS)}.")
    return claimed


def redis_address(number: int) -> str:
    """The run's Redis, brought at the first call, with the number of one of its databases."""
    if "TEST_REDIS_URL" not in os.environ:
        os.environ["TEST_REDIS_URL"] = brought.enter_context(bring_redis())
    return f"{os.environ['TEST_REDIS_URL']}/{number}"


def _test_root() -> Path:
    """The folder of everything that a run writes; made and removed by the outermost process."""
    if "TRACEN_TEST_ROOT" not in os.environ:
        root = tempfile.mkdtemp(prefix="tracen-test-")
        brought.callback(shutil.rmtree, root, ignore_errors=True)
        os.environ["TRACEN_TEST_ROOT"] = root
        (Path(root) / "static").mkdir()
    return Path(os.environ["TRACEN_TEST_ROOT"])


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def worker_number() -> int:
    """0 without parallel workers, else 1, 2 and so on."""
    return int(_worker().removeprefix("gw") or -1) + 1


def pytest_configure() -> None:
    import hypothesis
    from django.conf import settings
    from django.core.management import call_command

    # A shell starts what runs in its background with Ctrl-C ignored, and the servers of tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What stands still for a moment is the machine, not the example.
    hypothesis.settings.register_profile("tests", deadline=None)
    hypothesis.settings.load_profile("tests")
    if claimed_database() == "sqlite":
        # Threads need a file, with the product's own options; Django's default would be a database in memory.
        database: dict[str, Any] = settings.DATABASES["default"]
        database["TEST"] = {**database.get("TEST", {}), "NAME": str(settings.DATA_DIR / "test.sqlite3")}
    if not _worker() and not any((_test_root() / "static").iterdir()):
        call_command("collectstatic", interactive=False, verbosity=0)


def pytest_unconfigure() -> None:
    brought.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps what this run is for: TRACEN_TEST_PART is `parallel` or `serial`, or not set for both."""
    part = os.environ.get("TRACEN_TEST_PART")
    left_out = [item for item in items if not _belongs(item, part)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _belongs(item, part)]


def _belongs(item: pytest.Item, part: str | None) -> bool:
    is_serial = any(item.get_closest_marker(mark) for mark in SERIAL_MARKS)
    is_in_part = part is None or is_serial == (part == "serial")
    return is_in_part and (claimed_database() == "sqlite" or uses_database(item))


def uses_database(item: pytest.Item) -> bool:
    """True for a test whose outcome may depend on the database; a pure one need not run on a second.

    A test with a mark of SERIAL_MARKS counts, as it drives a real server, unless it is marked `one_database`.
    """
    from django.test import TransactionTestCase

    if item.get_closest_marker("one_database"):
        return False
    if any(item.get_closest_marker(mark) for mark in ("django_db", *SERIAL_MARKS)):
        return True
    case = getattr(item, "cls", None)
    is_database_case = isinstance(case, type) and issubclass(case, TransactionTestCase)
    return is_database_case or bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells `manage.py test` the counts."""
    report = os.environ.get("TRACEN_TEST_REPORT")
    if report and not _worker():
        found = {name: len(tests) for name, tests in terminalreporter.stats.items()}
        failed = found.get("failed", 0) + found.get("error", 0)
        counts = {
            "passed": found.get("passed", 0),
            "failed": failed,
            "skipped": found.get("skipped", 0),
            "repeated": found.get("rerun", 0),
        }
        Path(report).write_text(json.dumps(counts))


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """No test sees what another one cached."""
    yield
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(autouse=True, scope="session")
def patient_cache() -> None:
    """A Redis that stands still for a moment with its machine is not away; the next tests would hear of it too."""
    from tracen.lib import redis_cache

    redis_cache.SECONDS_TO_WAIT = 20


@pytest.fixture
def redis_url() -> str:
    """An empty database of a real Redis."""
    import redis

    address = redis_address(number=worker_number())
    with redis.Redis.from_url(address) as client:
        client.flushdb()
    return address
