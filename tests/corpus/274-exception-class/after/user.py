from m import AppError, fail


def call():
    try:
        fail()
    except AppError as e:
        return e.status
