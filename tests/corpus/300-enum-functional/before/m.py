from enum import Enum

Color = Enum("Color", "RED BLUE", module=__name__)
