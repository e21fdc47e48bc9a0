"""A style sheet that is fetched anew asks for its ``@import``ed sheets anew, at any depth. PURE.

A page replaces a sheet by asking for it with ``?hs=VERSION``. Every such answer carries the version on to the sheets
it imports, whose answers do the same: the address stays the sheet's own, so relative ``url()`` keeps its meaning.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

PARAMETER = "hs"

# CSS Syntax 3: what may stand before the last @import is comments, space, @charset and @layer statements.
SKIP = re.compile(rb"(?:\s+|/\*.*?\*/|<!--|-->)+", re.DOTALL)
STATEMENT = re.compile(rb"@(?:charset|layer)\b[^{};]*;", re.IGNORECASE)
IMPORT = re.compile(
    rb"""@import(?:\s|/\*.*?\*/)*(?:url\(\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)'|([^\s"'()\\]+))\s*\)"""
    rb"""|"([^"\\\n]*)"|'([^'\\\n]*)')[^;{}]*(?:;|$)""",
    re.IGNORECASE | re.DOTALL,
)


def carry_version(sheet: bytes, version: str) -> bytes:
    """Give `sheet` with `version` added to each address that it imports from this server."""
    place = 3 if sheet.startswith(b"\xef\xbb\xbf") else 0
    out = [sheet[:place]]
    while place < len(sheet):
        found = (
            SKIP.match(sheet, place) or STATEMENT.match(sheet, place) or IMPORT.match(sheet, place)
        )
        if found is None or found.end() == place:
            break
        if found.re is IMPORT:
            group = next(
                number for number, value in enumerate(found.groups(), 1) if value is not None
            )
            begin, end = found.span(group)
            address = versioned(found[group].decode("utf-8", "replace"), version)
            out += [sheet[place:begin], address.encode(), sheet[end : found.end()]]
        else:
            out.append(found[0])
        place = found.end()
    out.append(sheet[place:])
    return b"".join(out)


def versioned(address: str, version: str) -> str:
    """Give a relative or absolute-path address with its version; one of another server is left alone."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return address
    query = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != PARAMETER
    ]
    query.append((PARAMETER, version))
    return urlunsplit(("", "", parts.path, urlencode(query), parts.fragment))
