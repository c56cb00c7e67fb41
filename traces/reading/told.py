"""What a span that came by OTLP tells beside its messages: tools, documents, parameters; detail.py is the caller.

The values are strangers' data of any shape: each part is read on its own and drawn as a tree, which shows anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString

from tracen.lib.wording import duration_text
from traces.reading.jsontree import Budget, render_tree
from traces.reading.publishing import published_parameters, published_tool
from traces.reading.spending import Amount
from traces.reading.texts import FoldedText, first_sentence, fold_text

if TYPE_CHECKING:
    from traces.wire.otlp.span import OtlpSpan
    from traces.wire.otlp.words import Reading

MAX_TOOLS, MAX_DOCUMENTS = 100, 50
_NOTHING = SafeString()
_EMPTY: tuple[Any, ...] = (None, "", [], {}, ())


@dataclass(frozen=True, slots=True)
class ShownTool:
    """A tool that the model was offered."""

    name: str
    about: str
    tree: SafeString


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """What a retriever found."""

    title: str
    score: str
    text: FoldedText | None
    tree: SafeString = _NOTHING


@dataclass(frozen=True, slots=True)
class Told:
    facts: tuple[Amount, ...] = ()
    note: str = ""
    """A hint for its owners, such as which switch brings the content."""
    documents: tuple[ShownDocument, ...] = ()
    tools: tuple[ShownTool, ...] = ()
    parameters: SafeString = _NOTHING
    context: SafeString = _NOTHING
    """Session, user, tags, environment, metadata: its owners' alone."""
    origin: SafeString = _NOTHING
    """All that came, by the names that it came with: its owners' alone."""


def tell_more(sent: "OtlpSpan", reading: "Reading", budget: Budget, *, is_public: bool) -> Told:
    """Those parts in the order of what they are worth, since they share what is left of the budget."""
    told = Told(
        facts=tuple(_call_facts(reading)),
        documents=tuple(_documents(reading, budget, is_public=is_public)),
        tools=tuple(_tools(reading, budget, is_public=is_public)),
        parameters=_tree(_parameters(reading, is_public=is_public), budget),
    )
    if is_public:
        return told
    return replace(
        told, note=reading.note or "", context=_tree(_context(reading), budget), origin=_tree(_origin(sent), budget)
    )


def _call_facts(reading: "Reading") -> Iterator[Amount]:
    """How the call began to answer and why it stopped."""
    if reading.first_token_ms is not None:
        yield Amount("First token", duration_text(reading.first_token_ms), "Time to the first token")
    if reading.finish_reason:
        yield Amount("Finished", str(reading.finish_reason), str(reading.finish_reason))
    # A dated name, as in "gpt-4o-2024-08-06", is still the model that was asked for.
    if reading.model_requested and not (reading.model or "").startswith(reading.model_requested):
        yield Amount("Asked for", reading.model_requested, reading.model_requested)


def _documents(reading: "Reading", budget: Budget, *, is_public: bool) -> Iterator[ShownDocument]:
    found = [document for document in reading.documents or () if isinstance(document, dict)]
    for number, document in enumerate(found[:MAX_DOCUMENTS], 1):
        if budget.is_spent:
            return
        content, score = document.get("content"), document.get("score")
        rest = {key: value for key, value in document.items() if key not in ("content", "score", "id")}
        yield ShownDocument(
            title=str(document.get("id") or f"Document {number}"),
            score=f"{score:.3g}" if isinstance(score, float) else str(score if score is not None else ""),
            text=fold_text(content, budget) if isinstance(content, str) else None,
            tree=_NOTHING if is_public else _tree(rest.get("metadata") or rest, budget),
        )


def _tools(reading: "Reading", budget: Budget, *, is_public: bool) -> Iterator[ShownTool]:
    for number, tool in enumerate((reading.tools or ())[:MAX_TOOLS], 1):
        if budget.is_spent:
            return
        held = tool.get("function", tool) if isinstance(tool, dict) else {}
        named = held if isinstance(held, dict) else {}
        name, about = named.get("name"), named.get("description")
        yield ShownTool(
            name=str(name or f"Tool {number}"),
            about=first_sentence(about) if isinstance(about, str) else "",
            tree=render_tree(published_tool(tool) if is_public else tool, budget),
        )


def _parameters(reading: "Reading", *, is_public: bool) -> dict[str, Any]:
    given = reading.parameters if isinstance(reading.parameters, dict) else {}
    return published_parameters(given) if is_public else given


def _context(reading: "Reading") -> dict[str, Any]:
    return {
        "session": reading.session,
        "user": reading.user,
        "agent": reading.agent,
        "tags": list(reading.tags),
        "environment": reading.environment,
        "release": reading.release,
        "response id": reading.response_id,
        "metadata": reading.metadata,
    }


def _origin(sent: "OtlpSpan") -> dict[str, Any]:
    return {
        "trace_id": sent.trace_id,
        "span_id": sent.span_id,
        "parent_span_id": sent.parent_id,
        "name": sent.name,
        "scope": " ".join(filter(None, (sent.scope_name, sent.scope_version))),
        "attributes": sent.attributes,
        "events": [{"name": event.name, "attributes": event.attributes} for event in sent.events],
        "links": [
            {"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes} for link in sent.links
        ],
        "resource": sent.resource,
    }


def _tree(value: dict[str, Any] | None, budget: Budget) -> SafeString:
    """The members that say something; nothing if none does."""
    kept = {key: item for key, item in (value or {}).items() if item not in _EMPTY}
    return render_tree(kept, budget) if kept else _NOTHING
