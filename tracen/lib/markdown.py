"""Markdown written by strangers, as HTML that is safe to show; pages call `render_markdown` and nothing else.

Raw HTML stays text, images are dropped (each would tell its server who reads), links are http, https or mailto and
lend no reputation. Whatever cannot be rendered is shown as the text it is: this never raises.
"""

import logging
from collections.abc import Sequence

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_MARKDOWN = 16 * 1024
"""Longer texts are shown plain: parsing time grows faster than the text (137 KB took 1.4 s)."""
MAX_PLAIN = 256 * 1024

_TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "a"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "p": {"class"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(["table", "strikethrough"])
_log = logging.getLogger(__name__)


def render_markdown(text: str) -> SafeString:
    """The text as HTML; beyond MAX_MARKDOWN, or where markdown fails, as plain text with its line breaks."""
    if len(text) > MAX_MARKDOWN:
        return plain_text(text)
    try:
        return mark_safe(_clean(_render(text)))  # noqa: S308 - nh3 has just cleaned it
    except Exception:  # noqa: BLE001 - no text may take the page down, whichever corner of two parsers it found
        _log.exception("markdown failed")
        return plain_text(text)


def plain_text(text: str) -> SafeString:
    """The text as it is, in one block that keeps its line breaks."""
    return format_html('<p class="plain">{}</p>', text[:MAX_PLAIN])


def _render(text: str) -> str:
    tokens = _parser.parse(text)
    _lower_headings(tokens)
    _name_images(tokens)
    return str(_parser.renderer.render(tokens, _parser.options, {}))


def _name_images(tokens: Sequence[Token]) -> None:
    """An image is never loaded, for it would tell its server who reads; what it was called stays."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                child.type, child.tag, child.content = "text", "", f"[image: {child.content or 'no name'}]"


def _lower_headings(tokens: Sequence[Token]) -> None:
    """A heading inside a message is no heading of our page: it becomes a bold paragraph."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
            if token.type == "heading_open":
                token.attrSet("class", "md-h")


def _clean(html: str) -> str:
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="nofollow noopener ugc")
