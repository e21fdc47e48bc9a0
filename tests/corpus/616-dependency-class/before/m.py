from fastapi import Depends, FastAPI

app = FastAPI()


class Query:
    def __init__(self, q: str = 'a'):
        self.q = q


@app.get('/items')
def items(q: Query = Depends()):
    return q.q
