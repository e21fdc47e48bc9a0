"""The page of all edits is up to date."""

from __future__ import annotations

from tests.corpus import swaps_page


def test_page_is_up_to_date() -> None:
    """Mend with ``python -m tests.corpus.swaps_page``."""
    assert swaps_page.PAGE.read_text("utf-8") == swaps_page.text()
