def fetch():
    """Fetch one."""
    return 1
