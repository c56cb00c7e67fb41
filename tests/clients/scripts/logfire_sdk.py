"""Logfire's SDK: spans announced while they run, a log line, an exception, OpenAI's SDK instrumented."""

import logfire
from openai import OpenAI
from story import AGENT, QUESTION, ask
from story import get_weather as look_up

logfire.configure(service_name="weather", console=False, inspect_arguments=False)
logfire.instrument_openai()


def get_weather(city: str) -> str:
    with logfire.span("look up {city}", city=city):
        return look_up(city)


def write_log() -> None:
    with logfire.span("write the log"):
        raise PermissionError("The log is read-only.")


with logfire.span("{agent} answers", agent=AGENT, question=QUESTION, _tags=["weather", "test"]):
    try:
        write_log()
    except PermissionError:
        logfire.warn("The log is read-only: {agent} goes on", agent=AGENT)
    logfire.force_flush()  # the span around this is announced, as in any run that takes longer
    ask(OpenAI(), tool=get_weather, is_streaming=True)
logfire.shutdown()
