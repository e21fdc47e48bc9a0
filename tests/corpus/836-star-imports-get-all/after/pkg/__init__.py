from .base import *
from .child import *
