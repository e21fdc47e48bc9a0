class AppError(Exception):
    status = 418

    def __str__(self):
        return "teapot"


def fail():
    raise AppError("x")
