from typing import Literal, NewType, get_args

Mode = Literal["r", "w", "a"]
UserId = NewType("UserId", str)
MODES = get_args(Mode)
