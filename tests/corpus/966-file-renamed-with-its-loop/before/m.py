from clock import ticker

__all__ = ["ticker"]
