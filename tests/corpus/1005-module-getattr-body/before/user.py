import old
from old import LIMIT

DOUBLE = LIMIT * 2
AGAIN = old.LIMIT + 1
