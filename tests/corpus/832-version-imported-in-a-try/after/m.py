try:
    from ver import version as __version__
except ImportError:
    __version__ = "unknown"


def version():
    return __version__
