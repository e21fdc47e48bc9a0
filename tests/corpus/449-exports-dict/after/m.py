CODES = {"OK": 200, "TEAPOT": 418}
globals().update(CODES)
BY_CODE = {v: k for k, v in CODES.items()}
