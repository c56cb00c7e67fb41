"""`python -m bench.naive PORT`: makes the tables, loads rows and keys (told on stdin) and serves, by two processes.

The web server is the product's, so that what differs is the application.
"""

import json
import os
import sys

PROCESSES = 2


def prepare(keys: list[str], rows: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from bench.client import PROMPT, RESPONSE
    from bench.naive.models import ApiKey, Customer, Step, Trace

    call_command("migrate", run_syncdb=True, verbosity=0)
    customer = Customer.objects.create(name="bench")
    ApiKey.objects.bulk_create([ApiKey(customer=customer, key=key) for key in keys])
    traces = [
        Trace(customer=customer, prompt=PROMPT, response=RESPONSE, provider="openai", model="gpt-4o", status="success")
        for _ in range(rows)
    ]
    Trace.objects.bulk_create(traces, batch_size=500)
    steps = [Step(trace=trace, name="llm_call", timestamp=trace.created_at, latency_ms=1_240) for trace in traces]
    Step.objects.bulk_create(steps, batch_size=500)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    connection.close()


def serve(port: int) -> None:
    from django.core.wsgi import get_wsgi_application

    from tracen.server import listen, server_on

    application = get_wsgi_application()
    listener = listen("127.0.0.1", port)
    for _ in range(PROCESSES - 1):
        if os.fork() == 0:
            break
    server_on(listener, application).run()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.naive.settings"
    import django

    django.setup()
    told = json.load(sys.stdin)
    prepare(told["keys"], told["rows"])
    serve(int(sys.argv[1]))
