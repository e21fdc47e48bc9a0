from settings import LIMIT

HALF = LIMIT // 2
