"""The dialects in the order in which they are asked; for each field of a span the first that says something wins.

A dialect is a module with a `DIALECT`; to add one, write it, list it here and put a payload of a real sender beside
its tests. The order is that of the kinds: what a library says of its own spans goes before what can be guessed.
"""

from traces.wire.otlp.dialects import (
    claude_code,
    gen_ai,
    generic,
    google,
    laminar,
    langfuse,
    langsmith,
    litellm,
    logfire,
    mcp,
    mlflow,
    openai_agents,
    openinference,
    openlit,
    openllmetry,
    pydantic_ai,
    vercel,
)

DIALECTS = tuple(
    module.DIALECT
    for module in (
        langfuse,
        openai_agents,
        openinference,
        # Before the conventions, in which its runs have instructions, but no messages.
        pydantic_ai,
        gen_ai,
        langsmith,
        laminar,
        mlflow,
        openllmetry,
        google,
        vercel,
        claude_code,
        litellm,
        openlit,
        logfire,
        mcp,
        generic,
    )
)
