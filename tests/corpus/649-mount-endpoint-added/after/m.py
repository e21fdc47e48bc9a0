from fastapi import FastAPI
from subapp import sub

app = FastAPI()


@app.get('/items')
def items():
    return 1


app.mount('/sub', sub)
