import pkg
from pkg import RATE, run
