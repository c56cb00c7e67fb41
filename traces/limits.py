"""Every limit of the ingest API, once: read by the code, the error bodies and the documentation. Pure numbers."""

MAX_BODY_BYTES = 5 * 1024 * 1024
"""A JSON body after decompression."""
MAX_OTLP_BODY_BYTES = 20 * 1024 * 1024
MAX_JSON_DEPTH = 64
MAX_JSON_VALUES = 200_000
"""Objects, arrays and scalars in one body: 5 MiB of `[],[],` would cost 60 MB of memory."""
MAX_JSON_INTEGER = 2**63 - 1
MAX_NAME_LENGTH = 255
MAX_STEPS_PER_POST = 1_000
MAX_SPANS_PER_TRACE = 10_000
MAX_ATTRIBUTES_PER_SPAN = 10_000
"""OpenTelemetry's own default is 128; a long chat that is flattened into attributes has thousands."""
MAX_EVENTS_PER_SPAN = 10_000
MAX_TOKENS = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly. Of a span, and of a trace, whose sum stops there."""
MAX_NANODOLLARS = MAX_TOKENS
MAX_LATENCY_MS = 366 * 24 * 3600 * 1000
MAX_PROMPT_NAME_LENGTH = 120
"""How much of a prompt's first line becomes a trace's name."""
EARLIEST_YEAR, LATEST_YEAR = 1970, 2199

RATE_WINDOW_SECONDS = 3600
RATE_WINDOW_REQUESTS = 100
IDEMPOTENCY_HOURS = 24
MAX_IDEMPOTENCY_KEY_LENGTH = 255
LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX = 50, 200
LIST_COUNT_MAX = 10_000
"""A count stops here: beyond it a person wants "10,000+", and the database should not read on."""
