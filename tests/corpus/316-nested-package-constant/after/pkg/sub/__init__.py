from .leaf import DEEP
