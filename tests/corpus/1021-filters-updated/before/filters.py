VERSION = 1


def loud(text: str) -> str:
    return text.upper()


FILTERS = {"loud": loud}
