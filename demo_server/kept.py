"""The only place that knows of hotswap, and it is optional: under plain uvicorn the two are what they can be there."""

from typing import Any

try:
    from hotswap import generation, memory
except ImportError:

    def generation() -> int:
        """Nothing is ever swapped without hotswap."""
        return 0

    def memory(connection: object) -> dict[Any, Any]:  # noqa: ARG001
        """Without hotswap a connection never outlives its handler: there is nothing to remember."""
        return {}


__all__ = ["generation", "memory"]
