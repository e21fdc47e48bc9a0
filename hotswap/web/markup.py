"""Where in a stream of bytes an HTML document's head begins: PURE, and never fooled by comments or attributes.

Only the beginning of a document is read, as a browser's tokenizer would (WHATWG HTML, section 13.2.5): whitespace,
comments, a doctype, ``<html>``, ``<head>``. Whatever begins otherwise is a fragment, and fragments are left alone,
but where a browser is known to show them as a page of their own (``<h1>hi</h1>`` is all that many a first app says).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

LIMIT = 65_536
"""Bytes of prologue after which we stop looking."""

SPACE = re.compile(rb"[\t\n\f\r ]*")
TAG_NAME = re.compile(rb"<([a-zA-Z][^\t\n\f\r />]*)")
INTEGRITY = re.compile(rb"<script\b[^>]*\bintegrity\s*=[^>]*>", re.IGNORECASE)
SOURCE = re.compile(rb"""\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
BOM = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")
"""Begins UTF-16, in which a tag of ours would be noise."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where to put the script; `offset` is -1 unless ``verdict`` is ``"document"``."""

    verdict: Literal["document", "fragment", "more"]
    offset: int = -1


MORE = Found("more")
FRAGMENT = Found("fragment")


def head(data: bytes, *, last: bool, shown: bool = False) -> Found:
    """Find the place right after ``<head>`` (or what stands for it) in the beginning of a body.

    Args:
        data: What has come so far.
        last: Whether that is the whole body.
        shown: Whether a browser shows it as a page: then what looks like a fragment is a document, too.

    Returns:
        ``more`` when the answer hangs on bytes that have not come yet.
    """
    found = _head(data, last=last)
    if found is FRAGMENT and shown and not data.startswith(WIDE) and b"\0" not in data[:4]:
        return Found("document", len(BOM) if data.startswith(BOM) else 0)
    return found


def _head(data: bytes, *, last: bool) -> Found:
    undecided = FRAGMENT if last or len(data) >= LIMIT else MORE
    if not last and len(data) < len(BOM) and BOM.startswith(data):
        return MORE
    place = len(BOM) if data.startswith(BOM) else 0
    best = -1
    opened_html = False
    while True:
        place = _match_end(SPACE, data, place)
        rest = data[place : place + 9]
        if rest.startswith(b"<!--"):
            closed = _comment_end(data, place)
            if closed < 0:
                return _settled(best, undecided)
            place = closed
        elif rest.lower().startswith(b"<!doctype"):
            closed = data.find(b">", place)
            if closed < 0:
                return undecided
            place = best = closed + 1
        elif rest and (b"<!doctype".startswith(rest.lower()) or b"<!--".startswith(rest)):
            return _settled(best, undecided)  # half of a mark, or a lone "<"
        elif rest.startswith((b"<?", b"<!")):
            closed = data.find(b">", place)  # a bogus comment: an XML declaration, <![if IE]>
            if closed < 0:
                return _settled(best, undecided)
            place = closed + 1
        else:
            break
        if place >= len(data):
            return _settled(best, undecided)
    while True:
        place = _match_end(SPACE, data, place)
        if data.startswith(b"<!--", place):
            closed = _comment_end(data, place)
            if closed < 0:
                return _settled(best, undecided)
            place = closed
            continue
        name = TAG_NAME.match(data, place)
        complete = name is not None and name.end() < len(data)
        if not complete and not last and _may_become_tag(data[place:]):
            return _settled(best, undecided)
        tag = name[1].lower() if name is not None else b""
        if name is None or tag not in (b"html", b"head") or (tag == b"html" and opened_html):
            return Found("document", best) if best >= 0 else FRAGMENT
        closed = _tag_end(data, name.end())
        if closed < 0:
            return _settled(best, undecided)
        place = best = closed
        if tag == b"head":
            return _after_charset(data, place, last=last)
        opened_html = True


def verbatim_scripts(data: bytes) -> list[str]:
    """Give the ``src`` of scripts with an ``integrity`` attribute: a rewritten one would be refused by the browser."""
    found = []
    for tag in INTEGRITY.finditer(data):
        source = SOURCE.search(tag[0])
        if source is not None:
            value: bytes = source[1] or source[2] or source[3] or b""
            found.append(value.decode("utf-8", "replace").replace("&amp;", "&"))
    return found


def _after_charset(data: bytes, place: int, *, last: bool) -> Found:
    """Step over a ``<meta charset>`` that comes first: it must stay within the document's first 1,024 bytes."""
    after = _match_end(SPACE, data, place)
    rest = data[after : after + 512]
    if not last and len(rest) < 6 and b"<meta ".startswith(rest.lower()):
        return Found("document", place) if len(data) >= LIMIT else MORE
    if not rest[:6].lower().startswith(b"<meta") or rest[5:6] not in b"\t\n\f\r ":
        return Found("document", place)
    closed = _tag_end(data, after + 5)
    if closed < 0:
        return Found("document", place) if last or len(data) >= LIMIT else MORE
    is_charset = re.match(rb"\s+charset\s*=", data[after + 5 : closed], re.IGNORECASE)
    return Found("document", closed if is_charset else place)


def _tag_end(data: bytes, place: int) -> int:
    """Give the end of the tag whose name ends at `place`, or -1. Quotes count only where a value begins."""
    value = False
    while place < len(data):
        character = data[place : place + 1]
        if character == b">":
            return place + 1
        if value and character in b"\"'":
            place = data.find(character, place + 1)
            if place < 0:
                return -1
            value = False
        elif character == b"=":
            value = True
        elif character not in b"\t\n\f\r ":
            value = False
        place += 1
    return -1


def _match_end(pattern: re.Pattern[bytes], data: bytes, place: int) -> int:
    match = pattern.match(data, place)
    return match.end() if match is not None else place


def _comment_end(data: bytes, place: int) -> int:
    """Give the end of the comment at `place`, or -1; ``<!-->`` and ``<!--->`` are whole comments, by the standard."""
    for short in (b"<!-->", b"<!--->"):
        if data.startswith(short, place):
            return place + len(short)
    ends = [
        end + len(mark) for mark in (b"-->", b"--!>") if (end := data.find(mark, place + 4)) >= 0
    ]
    return min(ends, default=-1)


def _may_become_tag(rest: bytes) -> bool:
    """Say whether `rest` could be the beginning of ``<html``, ``<head`` or a comment once more bytes come."""
    short = rest[:6].lower()
    return any(word.startswith(short) for word in (b"<html", b"<head", b"<!--"))


def _settled(best: int, undecided: Found) -> Found:
    """Without more bytes, the best place found so far will do."""
    return Found("document", best) if undecided is FRAGMENT and best >= 0 else undecided
