def fetch():
    """Fetch the first."""
    return 1
