from enum import Enum

Color = Enum("Color", "RED GREEN BLUE", module=__name__)
