CODES = {"OK": 200, "GONE": 410}
globals().update(CODES)
BY_CODE = {v: k for k, v in CODES.items()}
