"""The documentation says what the code does: pages, numbers, the schema, and every example sent as it is shown."""

import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api import Api, reference
from tracen.guides.examples import EXAMPLES, OTLP_EXPORT, TRACE_ID, TRACEN_POST
from tracen.guides.libraries import LIBRARIES, SNIPPETS
from tracen.guides.openapi import document
from traces import limits

GUIDES = [f"/docs/tracing/{library.slug}" for library in LIBRARIES]
PAGES = [
    "/docs", "/docs/api-reference", "/docs/errors", "/docs/sdks", "/docs/tracing", *GUIDES, "/pricing", "/terms",
    "/privacy",
]  # fmt: skip
SCHEMA = document("http://127.0.0.1:8000")


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_public_with_and_without_a_slash(client, path):
    for address in (path, f"{path}/"):
        assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_the_numbers_are_the_codes_own(client):
    page = client.get("/docs/errors").content.decode()

    bodies = (limits.MAX_BODY_BYTES, limits.MAX_OTLP_BODY_BYTES)
    for number in (*bodies, limits.MAX_SPANS_PER_TRACE, limits.MAX_TOKENS, 1_000, 50_000):
        assert f"{number:,}" in page


@pytest.mark.django_db
def test_a_library_without_a_guide_is_not_found(client):
    assert client.get("/docs/tracing/no-such-library").status_code == 404


@pytest.mark.django_db
def test_the_list_of_libraries_leads_to_every_guide(client):
    page = client.get("/docs/tracing").content.decode()

    assert [guide for guide in GUIDES if page.count(f'href="{guide}"') != 2] == []


def test_every_snippet_is_shown_in_a_guide():
    shown = {snippet.file for library in LIBRARIES for snippet in library.snippets}

    assert {file.name for file in SNIPPETS.iterdir() if file.is_file()} == shown


@pytest.mark.django_db
def test_a_guides_variables_name_this_server(client, settings):
    settings.BASE_URL = "https://traces.example.org"
    page = client.get("/docs/tracing/langfuse").content.decode()

    assert "export LANGFUSE_BASE_URL=&quot;https://traces.example.org&quot;" in page


@pytest.mark.django_db
def test_robots_stay_out_of_what_is_private(client):
    lines = client.get("/robots.txt").content.decode().splitlines()

    assert lines[0] == "User-agent: *"
    assert {"Disallow: /traces/", "Disallow: /dashboard", "Disallow: /accounts/"} <= set(lines)


def test_the_schema_is_openapi_3_1():
    OpenAPIV31SpecValidator(SCHEMA).validate()


def test_the_schema_is_served():
    answer = Api(None).get("/api/schema")

    assert (answer.status_code, answer.json()["openapi"]) == (200, "3.1.0")


def test_the_first_example_is_the_references_body():
    assert TRACEN_POST.body == reference("tracen_post")


def operation_of(example):
    path = example.path.split("?")[0].replace(TRACE_ID, "{trace_id}")
    return SCHEMA["paths"][path][example.method.lower()]


def check(content, value) -> None:
    schema = content["content"]["application/json"]["schema"]
    Draft202012Validator(schema | {"components": SCHEMA["components"]}).validate(value)


@pytest.mark.django_db
def test_every_example_is_accepted_and_fits_the_schema(alice):
    trace_id = ""
    for example in (*EXAMPLES, OTLP_EXPORT):
        operation = operation_of(example)
        path = example.path.replace(TRACE_ID, trace_id)
        answer = alice.api.send(example.method, path, example.body)
        assert answer.status_code == example.status, example.slug
        if example.body is not None:
            check(operation["requestBody"], example.body)
        for said in (answer.json(), example.answer):
            check(operation["responses"][str(example.status)], said)
        trace_id = answer.json()["trace_id"] if example.slug == "nexus-create" else trace_id


@pytest.mark.django_db
def test_every_error_fits_the_schema(alice):
    error = {"content": SCHEMA["components"]["responses"]["E400"]["content"]}
    for answer in (
        alice.api.post("/api/traces", {}),
        alice.api.post("/api/traces", raw=b"{"),
        Api(None).post("/api/traces"),
        alice.api.get("/api/v1/traces/x"),
        alice.api.post("/v1/traces", raw=b""),
    ):
        check(error, answer.json())


@pytest.mark.django_db
def test_the_playground_names_an_agent_that_the_member_has(client, alice):
    alice.api.create_trace(agent_id='my "own" agent')
    client.force_login(alice.user)

    page = client.get("/docs/api-reference")

    calls = {call["slug"]: call for call in page.context["playground"]}
    assert json.loads(calls["nexus-create"]["body"])["agent_id"] == 'my "own" agent'
