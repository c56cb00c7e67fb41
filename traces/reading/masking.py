"""Hides what looks like a credential or names somebody's home directory in an error text; publishing.py calls `masked`.

An error is written by a program for its own developer: it repeats the key that was refused, the header that was sent
and the path of the file it happened in. A pattern cannot know every secret, so this only lowers the harm of sharing.
"""

import re

MASK = "•••"
# No repetition can begin anew inside itself without a bound, so a text of a megabyte is read in a second.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|pk|rk)[-_][\w*-]{8,}"  # OpenAI, Anthropic, Langfuse, Stripe
    r"|(?:tracen_sk|nxs|gh[a-z]|github_pat|glpat|hf|gsk|whsec|lsv2|pypi|npm|r8|xai|pplx)[-_][\w*-]{8,}"
    r"|xox[a-z]-[\w-]{8,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|AIza[\w-]{20,}"
    r"|eyJ[\w-]{5,1000}\.[\w-]{5,}(?:\.[\w-]*)?"  # a JSON Web Token
    r")"
)
_BEARER = re.compile(r"\b(Bearer\s{1,9})[\w.~+/=*-]{6,}", re.IGNORECASE)
_NAMED = re.compile(
    r"((?:api[_-]?key|authorization|cookie|secret|passwd|password|private[_-]?key|credentials?"
    r"|(?:access|auth|bearer|id|refresh|security|session)[_-]?token)[\w-]{0,40}"
    r"[\"'\\]{0,4}\s{0,9}[:=]\s{0,9}[\"'\\]{0,4}(?:(?:Basic|Bearer|Token)\s{1,9})?)"
    r"[^\s\"'\\,;&(){}\[\]<>]+",
    re.IGNORECASE,
)
# What follows is one value also where it has spaces in it: a scheme and a key, or some cookies.
_HEADER = re.compile(
    r"((?:authorization|cookie)[\"'\\]{0,4}\s{0,9}[:=]\s{0,9}[\"'\\]{0,4})[^\"'\\\n{}\[\]]+", re.IGNORECASE
)
_QUERY = re.compile(r"([?&](?:key|token|sig|signature)=)[^\s\"'&]+", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^\s/@\"']{1,200}:[^\s/@\"']{1,200}@")
_HOME = re.compile(
    r"(?<![\w.])(?:"
    r"(?:(?:/mnt)?/[a-z]|/var|/export)?/(?:home|Users)/[^/\s\"':,;)]+"
    r"|/root(?![\w.-])"
    r"|[A-Za-z]:[\\/]{1,4}Users[\\/]{1,4}(?:[^\\/:*?\"'<>|\n]{1,64}(?=[\\/])|[^\\/\s:*?\"'<>|]+)"
    r")",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """The text with its keys as "•••" and home directories as "~"."""
    text = _HEADER.sub(rf"\1{MASK}", text)
    for named in (_NAMED, _BEARER, _QUERY):
        text = named.sub(rf"\1{MASK}", text)
    text = _LOGIN.sub(f"{MASK}@", _KEY.sub(MASK, text))
    return _HOME.sub("~", text)
