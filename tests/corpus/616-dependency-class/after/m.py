from fastapi import Depends, FastAPI

app = FastAPI()


class Query:
    def __init__(self, q: str = 'a', r: int = 1):
        self.q = q * r


@app.get('/items')
def items(q: Query = Depends()):
    return q.q
