"""What a program prints when it ends by an exception: the lines that it would print under Python alone."""

from __future__ import annotations

import traceback

import pytest

from hotswap.session.holding import Hold
from hotswap.tracebacks import without_ours


def test_ctrl_c_while_the_main_thread_is_held_stands_on_the_users_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold = Hold()

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hold, "_asleep_at", interrupted)
    hold._swapping.acquire()

    with pytest.raises(KeyboardInterrupt) as caught:
        hold._wait(0, None)
    without_ours(caught.value)

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.filename for frame in frames] == [__file__]
