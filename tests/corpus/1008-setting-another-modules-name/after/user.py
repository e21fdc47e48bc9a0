import config
import local
from config import DEBUG

LOUD = f"debug={config.DEBUG}"


def debugging():
    return DEBUG
