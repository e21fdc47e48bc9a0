from .a import x
from .b import y
from . import b
