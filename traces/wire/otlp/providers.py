"""Who serves a model, by one word however a library spells it; the dialects are the callers. Pure."""

_WORDS = {
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_openai": "azure",
    "aws.bedrock": "aws",
    "bedrock": "aws",
    "amazon-bedrock": "aws",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "google_genai": "google",
    "google.generative-ai": "google",
    "google.vertex": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
_APIS = (".chat", ".responses", ".messages", ".completion", ".embedding", ".embeddings", ".textembedding", ".image")
_FRAMEWORKS = {"langchain", "llamaindex", "langgraph", "crewai", "unknown", "litellm", "opentelemetry"}


def provider_of(text: str | None) -> str | None:
    """ "openai.chat" and "OpenAI" are openai; a framework's name says nothing about who served the model."""
    if text is None:
        return None
    word = text.strip().lower()
    for api in _APIS:
        word = word.removesuffix(api)
    return None if word in _FRAMEWORKS or not word else _WORDS.get(word, word)
