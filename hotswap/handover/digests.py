"""What values were, remembered without a copy: only what is another by now is carried."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from hotswap.handover import places
from hotswap.handover.pickling import dumps, type_name
from hotswap.handover.places import SCALARS


class Digest(NamedTuple):
    """What a value was right after import."""

    type: str
    size: int
    """Length of a container; -1 of anything else."""
    mark: object
    """The value itself when it cannot change, else a hash of its pickle; None when it cannot be pickled."""


def digest(value: Any) -> Digest:
    """Remember a value, without a copy."""
    if isinstance(value, SCALARS) and type(value) in SCALARS:
        return Digest(type_name(value), -1, (value,))
    size = places.size(value)
    pickled = dumps(value)
    mark = hashlib.blake2b(pickled, digest_size=16).digest() if pickled is not None else None
    return Digest(type_name(value), size, mark)


def changed(value: Any, before: Digest | None) -> bool:
    """Say whether a value is another than it was."""
    if before is None or before.type != type_name(value):
        return True
    if isinstance(before.mark, tuple):
        old = before.mark[0]
        return not (value is old or value == old or value != value)
    if before.size != places.size(value):
        return True
    if before.mark is None:
        return False
    return digest(value).mark != before.mark
