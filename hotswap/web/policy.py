"""A page's Content-Security-Policy, widened by just what the development client needs. PURE (CSP level 3)."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE = re.compile(r"'nonce-([^']+)'")
TRUSTED_POLICY = "hotswap"
"""The Trusted Types policy that the client makes to parse the server's HTML and to evaluate patches."""
BODY = re.compile(rb"</head|<body", re.IGNORECASE)
META = re.compile(rb"""<meta\b(?:[^>"']|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
IS_POLICY = re.compile(rb"""http-equiv\s*=\s*["']?content-security-policy["'\s/>]""", re.IGNORECASE)
CONTENT = re.compile(rb"""(\bcontent\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
HASH = re.compile(r"'sha(?:256|384|512)-[^']+'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Widened:
    """The new header values, in order, and the nonce that our script tag must carry (``""``: none)."""

    values: tuple[str, ...]
    nonce: str
    scripts: bool
    """Whether the page may run scripts at all: a sandbox without ``allow-scripts`` may not, and stays as it is."""
    styles: Literal["any", "nonce", "none"] = "any"
    """Which style elements show what they say: all, those with `nonce`, or none that the client could make."""


def widen(values: Sequence[str], fresh_nonce: str) -> Widened:
    """Let the client load, connect and patch under every policy of the page; all else stays forbidden.

    A nonce of the page is used again. Where scripts are known by hash alone, `fresh_nonce` is added (it cannot switch
    ``'unsafe-inline'`` off there, hashes have done so); elsewhere ``'self'`` is enough. Evaluating is what patching a
    function in place takes.
    """
    # One header may hold several policies (RFC 9110, section 5.3).
    policies = [_parse(part) for value in values for part in value.split(",") if part.strip()]
    if any("sandbox" in p and "allow-scripts" not in p["sandbox"].lower() for p in policies):
        return Widened(tuple(values), "", scripts=False)
    nonce = next(
        (found[1] for p in policies for found in [NONCE.search(_scripts(p) or "")] if found), ""
    )
    if not nonce and any(_needs_nonce(_scripts(p)) for p in policies):
        nonce = fresh_nonce
    for policy in policies:
        _widen_scripts(policy, nonce)
        _widen_connections(policy)
        if "trusted-types" in policy:
            policy["trusted-types"] = _with(policy["trusted-types"], TRUSTED_POLICY)
    styles = {_admitted(_styles(policy), nonce) for policy in policies}
    styled: Literal["any", "nonce", "none"] = (
        "none" if "none" in styles else "nonce" if "nonce" in styles else "any"
    )
    return Widened(tuple(_spell(policy) for policy in policies), nonce, scripts=True, styles=styled)


def widen_markup(head: bytes) -> bytes:
    """Widen the policies that ``<meta http-equiv>`` sets in a document's head, which begins before or in `head`."""
    end = BODY.search(head)
    stop = end.start() if end is not None else len(head)
    return META.sub(_widen_tag, head[:stop]) + head[stop:]


def _widen_tag(tag: re.Match[bytes]) -> bytes:
    if not IS_POLICY.search(tag[0]):
        return tag[0]
    return CONTENT.sub(_widen_content, tag[0], count=1)


def _widen_content(found: re.Match[bytes]) -> bytes:
    value = html.unescape((found[2] or found[3] or found[4] or b"").decode("utf-8", "replace"))
    # Our own script has come before this policy: a nonce is of no use.
    widened = ", ".join(widen([value], "").values)
    return found[1] + b'"' + html.escape(widened).encode() + b'"'


def _parse(value: str) -> dict[str, str]:
    """Give directives by lower-case name; of several with one name the first counts, as in the standard."""
    policy: dict[str, str] = {}
    for part in value.split(";"):
        name, _, sources = part.strip().partition(" ")
        if name:
            policy.setdefault(name.lower(), sources.strip())
    return policy


def _spell(policy: dict[str, str]) -> str:
    return "; ".join(f"{name} {sources}".strip() for name, sources in policy.items())


def _scripts(policy: dict[str, str]) -> str | None:
    """Give the sources that decide about a script element."""
    for name in ("script-src-elem", "script-src", "default-src"):
        if name in policy:
            return policy[name]
    return None


def _styles(policy: dict[str, str]) -> str | None:
    """Give the sources that decide about a style element."""
    for name in ("style-src-elem", "style-src", "default-src"):
        if name in policy:
            return policy[name]
    return None


def _admitted(sources: str | None, nonce: str) -> Literal["any", "nonce", "none"]:
    if sources is None:
        return "any"
    if nonce and f"'nonce-{nonce}'" in sources:
        return "nonce"
    strict = NONCE.search(sources) or HASH.search(sources)  # which switch 'unsafe-inline' off
    return "any" if "'unsafe-inline'" in sources.lower() and not strict else "none"


def _needs_nonce(sources: str | None) -> bool:
    if sources is None:
        return False
    return "'strict-dynamic'" in sources.lower() or bool(HASH.search(sources))


def _widen_scripts(policy: dict[str, str], nonce: str) -> None:
    sources = _scripts(policy)
    if sources is None:
        return
    admits = "'self'"
    if _needs_nonce(sources) or NONCE.search(sources):
        admits = f"'nonce-{nonce}'"
    # script-src-elem decides about the tag, script-src about eval; both fall back to default-src.
    evaluating = policy.get("script-src", policy.get("default-src"))
    if "script-src-elem" in policy:
        policy["script-src-elem"] = _with(policy["script-src-elem"], admits)
    elif evaluating is not None:
        evaluating = _with(evaluating, admits)
    if evaluating is not None:
        policy["script-src"] = _with(evaluating, "'unsafe-eval'")


def _widen_connections(policy: dict[str, str]) -> None:
    sources = policy.get("connect-src", policy.get("default-src"))
    if sources is not None:
        policy["connect-src"] = _with(sources, "'self'")


def _with(sources: str, wanted: str) -> str:
    kept = [source for source in sources.split() if source.lower() != "'none'"]
    return " ".join(kept if wanted in kept else [*kept, wanted])
