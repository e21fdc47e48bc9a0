"""How listeners are told apart from one image to the next."""

from __future__ import annotations

from collections import Counter


class Names:
    """Gives each listener its key; the same address asked for again gets a number."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def key(self, kind: str, *address: object) -> str:
        """Give ``kind:address``, with ``#2`` for the second of its name."""
        name = ":".join((kind, *(str(part) for part in address)))
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"

    def release(self, name: str) -> None:
        """Let the next listener of this address have the key again: the one that had it was closed."""
        self._seen[name.partition("#")[0]] -= 1
