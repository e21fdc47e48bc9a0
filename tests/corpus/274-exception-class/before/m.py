class AppError(Exception):
    status = 400


def fail():
    raise AppError("x")
