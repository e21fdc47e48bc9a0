class Missing:
    def __repr__(self):
        return "MISSING"


MISSING = Missing()
STORE = {}


def get(k, default=MISSING):
    v = STORE.get(k, MISSING)
    return "none" if v is MISSING else v
