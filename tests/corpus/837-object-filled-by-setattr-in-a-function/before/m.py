from status import codes

FINAL = (codes.ok,)
