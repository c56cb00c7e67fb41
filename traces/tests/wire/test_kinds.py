"""Guessing what a step is from its name."""

import pytest

from traces.wire.kinds import guess_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("llm_call", "llm"),
        ("llm-call", "llm"),
        ("call-gpt-4o", "llm"),
        ("ChatCompletion", "llm"),
        ("tool-use", "tool"),
        ("toolUse", "tool"),
        ("retrieval", "retriever"),
        ("vector search", "retriever"),
        ("embed_query", "embedding"),
        ("GET api.example/v1", "http"),
        ("research-agent", "agent"),
        ("check_guardrails", "guardrail"),
        ("workflow", "chain"),
        ("summarise", "other"),
        ("", "other"),
        ("日本語", "other"),
        ("x" * 255, "other"),
    ],
)
def test_a_name_tells_its_kind(name, kind):
    assert guess_kind(name) == kind
