from .sub import DEEP
