from .base import Base
from .child import Child
