"""Which clients there are, how each is told where to send, and how one is run; for tests and for capture.py.

A client is told by nothing but its own documented variables. Where it documents no variable for the address, its script
hands over TRACEN_URL and TRACEN_KEY as its documentation shows.
"""

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bring.clients import LISTS, find_node_modules, find_python
from tests.bring.node import find_node

SCRIPTS = Path(__file__).parent / "scripts"
SECONDS_TO_RUN = 120
LLM_KEY = "sk-for-the-stand-in"

MODELS = {
    "OPENAI_BASE_URL": "{llm}/v1",
    "OPENAI_API_KEY": LLM_KEY,
    "ANTHROPIC_BASE_URL": "{llm}",
    "ANTHROPIC_API_KEY": LLM_KEY,
}
"""Where every client finds its model."""
OTLP = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "{tracen}",
    "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20{key}",
    "OTEL_SERVICE_NAME": "weather",
}
CONTENT_IN_SPANS = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
}


@dataclass(frozen=True)
class Client:
    """One script in tests/clients/scripts with its environment; `packages` are those whose versions matter."""

    script: str
    packages: tuple[str, ...]
    environment: dict[str, str]
    group: str = "python"
    arguments: tuple[str, ...] = ()

    @property
    def is_javascript(self) -> bool:
        return self.script.endswith(".mjs")

    @property
    def versions(self) -> dict[str, str]:
        """The pinned version of each of its packages."""
        pinned = _pinned_by_npm(self.group) if self.is_javascript else _pinned_by_pip(self.group)
        return {name: pinned[name] for name in self.packages}


CLIENTS = {
    "opentelemetry-sdk": Client(
        "opentelemetry_sdk.py",
        ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
        {**OTLP, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
    ),
    "opentelemetry-js-json": Client(
        "opentelemetry_js.mjs",
        ("@opentelemetry/exporter-trace-otlp-http", "@opentelemetry/sdk-trace-node"),
        {**OTLP, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
        "npm",
    ),
    "opentelemetry-js-proto": Client(
        "opentelemetry_js.mjs",
        ("@opentelemetry/exporter-trace-otlp-proto", "@opentelemetry/sdk-trace-node"),
        {**OTLP, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
        "npm",
    ),
    "opentelemetry-openai-v2": Client(
        "openai_v2.py",
        ("opentelemetry-instrumentation-openai-v2", "openai"),
        {**OTLP, **CONTENT_IN_SPANS},
    ),
    "openinference-openai": Client("openinference_openai.py", ("openinference-instrumentation-openai", "openai"), OTLP),
    "openinference-langchain": Client(
        "openinference_langchain.py",
        ("openinference-instrumentation-langchain", "langchain", "langchain-openai"),
        OTLP,
    ),
    "openinference-retrieval": Client(
        "openinference_retrieval.py",
        ("openinference-instrumentation-langchain", "langchain", "langchain-openai"),
        OTLP,
    ),
    "openinference-anthropic": Client(
        "openinference_anthropic.py",
        ("openinference-instrumentation-anthropic", "anthropic"),
        {**OTLP, "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content"},
    ),
    "openllmetry": Client(
        "openllmetry.py",
        ("traceloop-sdk", "openai"),
        {"TRACELOOP_BASE_URL": "{tracen}", "TRACELOOP_API_KEY": "{key}"},
    ),
    "langfuse": Client(
        "langfuse_sdk.py",
        ("langfuse", "openai"),
        {"LANGFUSE_BASE_URL": "{tracen}", "LANGFUSE_PUBLIC_KEY": "tracen", "LANGFUSE_SECRET_KEY": "{key}"},
    ),
    "logfire": Client(
        "logfire_sdk.py", ("logfire", "openai"), {"LOGFIRE_BASE_URL": "{tracen}", "LOGFIRE_TOKEN": "{key}"}
    ),
    "logfire-pydantic-ai": Client(
        "logfire_pydantic_ai.py",
        ("logfire", "pydantic-ai-slim"),
        {"LOGFIRE_BASE_URL": "{tracen}", "LOGFIRE_TOKEN": "{key}"},
    ),
    "pydantic-ai": Client("pydantic_ai_agent.py", ("pydantic-ai-slim",), OTLP),
    "openai-agents": Client("openai_agents.py", ("openai-agents",), {"TRACEN_URL": "{tracen}", "TRACEN_KEY": "{key}"}),
    "openai-agents-chat": Client(
        "openai_agents.py",
        ("openai-agents",),
        {"TRACEN_URL": "{tracen}", "TRACEN_KEY": "{key}"},
        arguments=("chat_completions",),
    ),
    "litellm-otel": Client(
        "litellm_otel.py",
        ("litellm", "opentelemetry-sdk"),
        {
            "OTEL_EXPORTER": "otlp_http",
            "OTEL_ENDPOINT": "{tracen}/v1/traces",
            "OTEL_HEADERS": "Authorization=Bearer {key}",
            "OTEL_SERVICE_NAME": "weather",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        "litellm",
    ),
    "litellm-generic": Client(
        "litellm_generic.py",
        ("litellm",),
        {
            "GENERIC_LOGGER_ENDPOINT": "{tracen}/v1/traces/litellm",
            "GENERIC_LOGGER_HEADERS": "Authorization=Bearer {key}",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        "litellm",
    ),
    "mlflow": Client(
        "mlflow_skinny.py",
        ("mlflow-skinny", "openai"),
        {**OTLP, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
        "mlflow",
    ),
    "langsmith": Client(
        "langsmith_sdk.py",
        ("langsmith", "openai"),
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "{tracen}",
            "OTEL_SERVICE_NAME": "weather",
            "LANGSMITH_API_KEY": "{key}",
            "LANGSMITH_TRACING": "true",
            "LANGSMITH_OTEL_ENABLED": "true",
            "LANGSMITH_OTEL_ONLY": "true",
        },
    ),
    "vercel-ai": Client(
        "vercel_ai.mjs", ("ai", "@ai-sdk/openai", "@opentelemetry/exporter-trace-otlp-http"), OTLP, "npm"
    ),
    "vercel-ai-7": Client(
        "vercel_ai_7.mjs", ("ai", "@ai-sdk/otel", "@opentelemetry/exporter-trace-otlp-proto"), OTLP, "npm-ai7"
    ),
}


def run_client(name: str, *, tracen: str, key: str, llm: str) -> None:
    """Have a client make its run and send it to `tracen`, with models at `llm`; returns when it has ended."""
    client = CLIENTS[name]
    words = {"tracen": tracen, "key": key, "llm": llm}
    told = {variable: value.format(**words) for variable, value in {**MODELS, **client.environment}.items()}
    with tempfile.TemporaryDirectory(prefix="tracen-client-") as home:
        command, folder, code = _how_to_run(client, home)
        done = subprocess.run(
            [*command, *client.arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": home, "NO_PROXY": "127.0.0.1", "DO_NOT_TRACK": "true", **told},
            input=code,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_RUN,
        )
    assert done.returncode == 0, f"{name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _how_to_run(client: Client, home: str) -> tuple[list[str], str | Path, str]:
    """The command, the folder to run it in, and what to hand it by stdin."""
    script = SCRIPTS / client.script
    if client.is_javascript:
        # Node looks for packages beside the code: what comes in by stdin belongs to the working folder.
        return [find_node(), "--input-type=module", "-"], find_node_modules(client.group), script.read_text()
    return [str(find_python(client.group)), str(script)], home, ""


def _pinned_by_npm(group: str) -> dict[str, str]:
    return dict(json.loads((LISTS / group / "package.json").read_text())["dependencies"])


def _pinned_by_pip(group: str) -> dict[str, str]:
    listed = (LISTS / f"requirements-{group}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", listed, re.MULTILINE))
