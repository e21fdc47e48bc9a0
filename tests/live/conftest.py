"""Live tests use the fixtures that users get with ``-p hotswap.testing``."""

from __future__ import annotations

from hotswap.testing import live, project

__all__ = ["live", "project"]
