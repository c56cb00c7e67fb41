"""The yardstick: the same two POST APIs as most would write them with Django and DRF, neither careless nor careful.

ModelSerializers, a key looked up by query, a quota by count(*) without an index of its own, the seven default middlewares,
ATOMIC_REQUESTS and a connection for each request. It has no hourly window, no idempotency and no share links, and its
SQLite gets WAL and IMMEDIATE transactions, without which most of its requests end in "database is locked": each of these
is in its favour.
"""
