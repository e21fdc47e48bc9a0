from times import ticker

__all__ = ["ticker"]
