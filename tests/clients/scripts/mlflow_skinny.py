"""MLflow's tracing, with its automatic spans for OpenAI's SDK, over OTLP instead of to a server of MLflow."""

import mlflow
from mlflow.entities import SpanType
from openai import OpenAI
from story import AGENT, QUESTION, SESSION, USER, ask
from story import get_weather as look_up

mlflow.openai.autolog()


@mlflow.trace(span_type=SpanType.TOOL)
def get_weather(city: str) -> str:
    return look_up(city)


@mlflow.trace(name=AGENT, span_type=SpanType.AGENT)
def run_agent(question: str) -> str:
    mlflow.update_current_trace(metadata={"mlflow.trace.session": SESSION, "mlflow.trace.user": USER})
    return ask(OpenAI(), tool=get_weather, is_streaming=True)


run_agent(QUESTION)
mlflow.flush_trace_async_logging()
