import settings
from mid import HALF

QUARTER = HALF // 2


def f():
    return settings.LIMIT, HALF, QUARTER
