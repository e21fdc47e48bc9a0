from typing import Literal, NewType, get_args

Mode = Literal["r", "w"]
UserId = NewType("UserId", int)
MODES = get_args(Mode)
