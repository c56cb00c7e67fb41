"""The cache on Redis, which no request fails with: named by settings.CACHES, used for the login limits only.

While Redis is away, nothing is remembered and everybody gets in who has the right password: guessing is not slowed for
that time, and nobody is kept out. The log says so, and /ready does.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

SECONDS_TO_WAIT = 0.25
SECONDS_OF_SILENCE = 5
"""After a failure Redis is not asked for this long: a page asks ten times and waits once."""

P = ParamSpec("P")
T = TypeVar("T")


class ForgivingRedisCache(RedisCache):
    """Answers like an empty cache that takes everything while Redis does not answer."""

    _silent_until = 0.0  # for the whole process: Django makes a cache for each thread

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        limits = {"socket_connect_timeout": SECONDS_TO_WAIT, "socket_timeout": SECONDS_TO_WAIT}
        super().__init__(server, {**params, "OPTIONS": {**limits, "retry": Retry(NoBackoff(), 0)}})

    def add(self, *args: Any, **options: Any) -> bool:
        return self._ask(True, super().add, *args, **options)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask(default, super().get, key, default, version)

    def set(self, *args: Any, **options: Any) -> None:
        self._ask(None, super().set, *args, **options)

    def delete(self, *args: Any, **options: Any) -> bool:
        return self._ask(False, super().delete, *args, **options)

    @classmethod
    def _ask(cls, otherwise: T, operation: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        if time.monotonic() < cls._silent_until:
            return otherwise
        try:
            return operation(*args, **options)
        except RedisError as trouble:
            cls._silent_until = time.monotonic() + SECONDS_OF_SILENCE
            logger.warning("Redis is away (%s); the login limits count nothing meanwhile.", trouble)
            return otherwise
