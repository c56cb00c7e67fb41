"""Every example of the documentation, run exactly as it is shown, against the running product; and the playground.

The programs of the tracing libraries' guides run where those libraries are installed; only where they find their model
is told to them beside what the page says.
"""

import html
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api import NEXUS
from tests.bring.clients import LISTS, find_node_modules, find_python
from tests.bring.node import find_node
from tests.clients.catalogue import MODELS
from tests.live import LiveServer, live_server
from tests.llm_stand_in import LlmStandIn
from tracen.guides.examples import EXAMPLES, OTLP_EXPORT, TRACE_ID
from tracen.guides.libraries import LIBRARIES

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BLOCK = re.compile(r'<code data-language="([a-z-]+)">(.*?)</code>', re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture(scope="module")
def key(server) -> str:
    return server.run_command("create_api_key", "docs@example.com", "--plan", "unlimited")


def blocks(server: LiveServer, path: str, language: str) -> list[str]:
    with urllib.request.urlopen(server.base_url + path, timeout=30) as answer:
        page = answer.read().decode()
    return [html.unescape(code) for found, code in BLOCK.findall(page) if found == language]


def read(server: LiveServer, key: str, path: str):
    request = urllib.request.Request(server.base_url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def run(command: list[str], code: str = "") -> str:
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_references_curls(server, key):
    trace_id = ""
    curls = blocks(server, "/docs/api-reference", "shell")
    for example, shown in zip((*EXAMPLES, OTLP_EXPORT), curls, strict=True):
        command = shown.replace("YOUR_KEY", key).replace(TRACE_ID, trace_id).replace("curl ", "curl -sS ", 1)
        answer = json.loads(run(["sh"], command))
        assert type(answer) is type(example.answer)
        trace_id = answer["trace_id"] if example.slug == "nexus-create" else trace_id
    assert len(read(server, key, f"{NEXUS}/{trace_id}")["spans"]) == 1


def test_the_python_sdk_example(server, key):
    (code,) = blocks(server, "/docs/sdks", "python")

    trace_id = run([sys.executable, "-"], code.replace("YOUR_KEY", key))

    assert read(server, key, f"{NEXUS}/{trace_id}")["status"] == "success"


def test_the_fetch_example(server, key):
    (code,) = blocks(server, "/docs/sdks", "javascript")

    trace_id = run([find_node(), "--input-type=module"], code.replace("YOUR_KEY", key))

    assert read(server, key, f"{NEXUS}/{trace_id}")["spans"][0]["name"] == "llm_call"


PROGRAMS = [(library.slug, number) for library in LIBRARIES for number in range(len(library.snippets))]
GROUPS = {
    ("litellm", 0): "litellm",
    ("litellm", 1): "litellm",
    ("mlflow", 0): "mlflow",
    ("opentelemetry-javascript", 0): "npm",
    ("vercel-ai", 0): "npm",
    ("vercel-ai", 1): "npm-ai7",
    ("claude-code", 0): "npm-claude-code",
}
"""Which environment of tests/clients a program runs in, if not in that of most."""
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DO_NOT_TRACK": "1"}


def code_of(server: LiveServer, slug: str, number: int) -> tuple[str, str, str]:
    """What a guide shows of a program: the lines that set its variables, its language, and itself."""
    with urllib.request.urlopen(f"{server.base_url}/docs/tracing/{slug}", timeout=30) as answer:
        shown = [(language, html.unescape(code)) for language, code in BLOCK.findall(answer.read().decode())]
    _, (_, variables), (language, code) = shown[3 * number : 3 * number + 3]
    return variables, language, code


def command_of(language: str, group: str, code: str, folder: Path) -> tuple[list[str], Path]:
    """How a program is run, and where: Node looks for packages beside the code."""
    file = folder / f"program.{language}"
    file.write_text(code)
    if language == "python":
        return [str(find_python(group)), str(file)], folder
    if language == "javascript":
        return [find_node(), "--input-type=module", "--eval", code], find_node_modules(group)
    (program,) = (find_node_modules(group) / "node_modules/@anthropic-ai").glob("claude-code-*/claude")
    (folder / "claude").symlink_to(program)
    return ["sh", str(file)], folder


def installed_by(command: str) -> set[str]:
    """The packages that a guide's command names, without versions."""
    words = command.replace("\\\n", " ").replace('"', "").split()
    return {re.split(r"(?<=.)[@<\[]", word)[0] for word in words[2:] if word != "-g"}


def listed_in(group: str) -> set[str]:
    """The packages that the group's environment is asked to have."""
    if (LISTS / group / "package.json").exists():
        return set(json.loads((LISTS / group / "package.json").read_text())["dependencies"])
    return set(re.findall(r"^[\w-]+", (LISTS / f"requirements-{group}.txt").read_text(), re.MULTILINE))


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.slug)
def test_a_guides_command_installs_what_its_program_is_run_with(library):
    for number, snippet in enumerate(library.snippets):
        listed = listed_in(GROUPS.get((library.slug, number), "python"))
        assert installed_by(snippet.install) - listed == set()


@pytest.mark.one_database
@pytest.mark.parametrize(("slug", "number"), PROGRAMS)
def test_a_librarys_program_sends_one_finished_trace_with_what_was_said(slug, number, server, tmp_path):
    key = server.run_command("create_api_key", f"{slug}-{number}@example.com", "--plan", "unlimited")
    variables, language, code = code_of(server, slug, number)
    command, folder = command_of(language, GROUPS.get((slug, number), "python"), code, tmp_path)
    with LlmStandIn() as llm:
        models = {name: value.format(llm=llm.url) for name, value in MODELS.items()}
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", f'{variables.replace("YOUR_KEY", key)}\nexec "$@"', "sh", *command],
            cwd=folder,
            env={"PATH": path, "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1", **OFFLINE, **models},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    (listed,) = read(server, key, NEXUS)
    trace = read(server, key, f"{NEXUS}/{listed['id']}")
    texts = [json.dumps([span["input"], span["output"]]) for span in trace["spans"]]
    assert trace["status"] == "success"
    assert [question for question in texts if "Do I need an umbrella in Paris?" in question]
    assert [answer for answer in texts if "Take an umbrella." in answer]


def test_every_prefilled_request_of_the_playground_succeeds_and_equals_its_curl(server, key, page):
    seen = []
    page.on("request", lambda request: seen.append(request) if "/api/" in request.url else None)
    page.goto(f"{server.base_url}/docs/api-reference")
    page.get_by_label("Key").fill(key)
    for example in sorted(EXAMPLES, key=lambda example: example.slug != "nexus-create"):
        page.get_by_role("combobox", name="Request").select_option(example.slug)
        # The first made a trace, so the script need not ask for one and change the curl later.
        curl = page.locator("[data-curl]").inner_text()
        page.get_by_role("button", name="Send").click()
        expect(page.locator("[data-answer-line]")).to_contain_text(str(example.status))
        expect(page.locator("[data-state]")).to_have_text("Done")
        sent = seen[-1]
        assert f"curl -X {sent.method} '{sent.url}'" in curl
        assert f"-H 'Authorization: {sent.headers['authorization']}'" in curl
        assert (sent.post_data is None) == ("--data-binary" not in curl)
        if sent.post_data:
            assert f"--data-binary '{sent.post_data}'" in curl
        page.evaluate("document.querySelector('[data-answer-line]').textContent = ''")


def test_the_key_is_kept_in_this_tab_only(server, key, page):
    page.goto(f"{server.base_url}/docs/api-reference")
    page.get_by_label("Key").fill(key)

    page.reload()

    expect(page.get_by_label("Key")).to_have_value(key)
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.cookie").find(key) == -1


def test_a_call_on_a_trace_is_filled_in_with_the_newest_one(server, key, page):
    newest = read(server, key, f"{NEXUS}?source=nexus&limit=1")[0]["id"]
    page.goto(f"{server.base_url}/docs/api-reference")
    page.get_by_label("Key").fill(key)

    page.get_by_role("combobox", name="Request").select_option("nexus-span")

    expect(page.get_by_label("Trace id")).to_have_value(newest)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-answer-line]")).to_contain_text("201")
