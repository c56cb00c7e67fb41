"""The tracing libraries that the documentation has a guide for: what to install, set and run, as tests run it.

What a guide says in words is in templates/docs/libraries/<slug>.html, its code in tracen/guides/snippets/.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SNIPPETS = Path(__file__).parent / "snippets"
_LANGUAGES = {".py": ("python", "Python"), ".mjs": ("javascript", "JavaScript"), ".sh": ("shell", "Shell")}


@dataclass(frozen=True)
class Snippet:
    """A whole program: `install` and `file` as they are, `variables` with {base_url} and {key} to be filled in."""

    file: str
    install: str
    variables: dict[str, str]
    title: str = ""

    @cached_property
    def code(self) -> str:
        return (SNIPPETS / self.file).read_text().rstrip()

    @property
    def language(self) -> str:
        """What the page marks the code with."""
        return _LANGUAGES[Path(self.file).suffix][0]

    @property
    def heading(self) -> str:
        return _LANGUAGES[Path(self.file).suffix][1]


def shell_lines(variables: dict[str, str], base_url: str, key: str = "YOUR_KEY") -> str:
    """The variables, filled in, as lines for a shell."""
    filled = {name: value.format(base_url=base_url, key=key) for name, value in variables.items()}
    return "\n".join(f'export {name}="{value}"' for name, value in filled.items())


@dataclass(frozen=True)
class Library:
    """One guide. `told_by` names the variable that leads its traces here, for the list of all."""

    slug: str
    title: str
    told_by: str
    snippets: tuple[Snippet, ...]

    @property
    def template(self) -> str:
        return f"docs/libraries/{self.slug}.html"


_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
OTLP_ADDRESS = {_ENDPOINT: "{base_url}", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20{key}"}
_SERVICE = {"OTEL_SERVICE_NAME": "weather"}
_OTLP = {**OTLP_ADDRESS, **_SERVICE}
_EXPORTER = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
_JS_EXPORTER = "@opentelemetry/api @opentelemetry/sdk-trace-node"
_LOGFIRE = {"LOGFIRE_BASE_URL": "{base_url}", "LOGFIRE_TOKEN": "{key}"}

LIBRARIES = (
    Library(
        "opentelemetry-python",
        "OpenTelemetry, Python",
        _ENDPOINT,
        (
            Snippet(
                "with_opentelemetry.py",
                f'pip install openai {_EXPORTER} \\\n  opentelemetry-instrumentation-openai-v2 "opentelemetry-util-genai<1"',
                {
                    **_OTLP,
                    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
                    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
                },
            ),
        ),
    ),
    Library(
        "opentelemetry-javascript",
        "OpenTelemetry, JavaScript",
        _ENDPOINT,
        (
            Snippet(
                "with_opentelemetry.mjs",
                f"npm install {_JS_EXPORTER} \\\n  @opentelemetry/exporter-trace-otlp-proto @opentelemetry/resources",
                OTLP_ADDRESS,
            ),
        ),
    ),
    Library(
        "openinference",
        "OpenInference",
        _ENDPOINT,
        (
            Snippet(
                "with_openinference.py",
                f"pip install openai openinference-instrumentation-openai \\\n  {_EXPORTER}",
                _OTLP,
            ),
        ),
    ),
    Library(
        "openllmetry",
        "OpenLLMetry",
        "TRACELOOP_BASE_URL",
        (
            Snippet(
                "with_openllmetry.py",
                "pip install openai traceloop-sdk",
                {"TRACELOOP_BASE_URL": "{base_url}", "TRACELOOP_API_KEY": "{key}"},
            ),
        ),
    ),
    Library(
        "langfuse",
        "Langfuse SDK",
        "LANGFUSE_BASE_URL",
        (
            Snippet(
                "with_langfuse.py",
                "pip install openai langfuse",
                {
                    "LANGFUSE_BASE_URL": "{base_url}",
                    "LANGFUSE_PUBLIC_KEY": "tracen",
                    "LANGFUSE_SECRET_KEY": "{key}",
                },
            ),
        ),
    ),
    Library(
        "logfire",
        "Logfire",
        "LOGFIRE_BASE_URL",
        (
            Snippet("with_logfire.py", "pip install openai logfire", _LOGFIRE, "With OpenAI's SDK"),
            Snippet(
                "with_logfire_pydantic_ai.py",
                'pip install logfire "pydantic-ai-slim[openai]"',
                _LOGFIRE,
                "With Pydantic AI",
            ),
        ),
    ),
    Library(
        "pydantic-ai",
        "Pydantic AI",
        _ENDPOINT,
        (Snippet("with_pydantic_ai.py", f'pip install "pydantic-ai-slim[openai]" \\\n  {_EXPORTER}', _OTLP),),
    ),
    Library(
        "openai-agents",
        "OpenAI Agents",
        "BackendSpanExporter(endpoint=…)",
        (
            Snippet(
                "with_openai_agents.py",
                "pip install openai-agents",
                {"TRACEN_URL": "{base_url}", "TRACEN_KEY": "{key}"},
            ),
        ),
    ),
    Library(
        "litellm",
        "LiteLLM",
        "OTEL_ENDPOINT",
        (
            Snippet(
                "with_litellm_otel.py",
                f"pip install litellm {_EXPORTER}",
                {
                    "OTEL_EXPORTER": "otlp_http",
                    "OTEL_ENDPOINT": "{base_url}/v1/traces",
                    "OTEL_HEADERS": "Authorization=Bearer {key}",
                    **_SERVICE,
                },
                "By OpenTelemetry",
            ),
            Snippet(
                "with_litellm_generic.py",
                "pip install litellm",
                {
                    "GENERIC_LOGGER_ENDPOINT": "{base_url}/v1/traces/litellm",
                    "GENERIC_LOGGER_HEADERS": "Authorization=Bearer {key}",
                },
                "By the generic logger",
            ),
        ),
    ),
    Library(
        "langchain",
        "LangChain",
        _ENDPOINT,
        (
            Snippet(
                "with_langchain.py",
                "pip install langchain langchain-openai \\\n"
                f"  openinference-instrumentation-langchain \\\n  {_EXPORTER}",
                _OTLP,
            ),
        ),
    ),
    Library(
        "langsmith",
        "LangSmith SDK",
        _ENDPOINT,
        (
            Snippet(
                "with_langsmith.py",
                f"pip install openai langsmith \\\n  {_EXPORTER}",
                {
                    _ENDPOINT: "{base_url}",
                    **_SERVICE,
                    "LANGSMITH_API_KEY": "{key}",
                    "LANGSMITH_TRACING": "true",
                    "LANGSMITH_OTEL_ENABLED": "true",
                    "LANGSMITH_OTEL_ONLY": "true",
                },
            ),
        ),
    ),
    Library(
        "mlflow",
        "MLflow",
        _ENDPOINT,
        (
            Snippet(
                "with_mlflow.py",
                "pip install openai mlflow-skinny numpy pandas \\\n  opentelemetry-exporter-otlp-proto-http",
                {**_OTLP, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            ),
        ),
    ),
    Library(
        "vercel-ai",
        "Vercel AI SDK",
        _ENDPOINT,
        (
            Snippet(
                "with_vercel_ai.mjs",
                f"npm install ai@6 @ai-sdk/openai@3 zod \\\n  {_JS_EXPORTER} \\\n  @opentelemetry/exporter-trace-otlp-http",
                OTLP_ADDRESS,
                "Version 6",
            ),
            Snippet(
                "with_vercel_ai_7.mjs",
                "npm install ai@7 @ai-sdk/openai@4 @ai-sdk/otel@1 zod \\\n"
                f"  {_JS_EXPORTER} \\\n  @opentelemetry/exporter-trace-otlp-proto",
                OTLP_ADDRESS,
                "Version 7",
            ),
        ),
    ),
    Library(
        "claude-code",
        "Claude Code",
        _ENDPOINT,
        (
            Snippet(
                "with_claude_code.sh",
                "npm install -g @anthropic-ai/claude-code",
                {
                    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
                    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
                    "OTEL_TRACES_EXPORTER": "otlp",
                    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                    _ENDPOINT: "{base_url}",
                    "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer {key}",
                    "OTEL_LOG_USER_PROMPTS": "1",
                    "OTEL_LOG_TOOL_DETAILS": "1",
                    "OTEL_LOG_TOOL_CONTENT": "1",
                    "ENABLE_BETA_TRACING_DETAILED": "1",
                    "BETA_TRACING_ENDPOINT": "{base_url}",
                },
            ),
        ),
    ),
)
BY_SLUG = {library.slug: library for library in LIBRARIES}
