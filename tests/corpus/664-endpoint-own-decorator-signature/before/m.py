import functools

from fastapi import FastAPI

app = FastAPI()


def boxed(f):
    @functools.wraps(f)
    def wrapper(*a, **k):
        return {'box': f(*a, **k)}
    return wrapper


@app.get('/items')
@boxed
def items(n: int = 1):
    return n
