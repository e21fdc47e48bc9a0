from fastapi import FastAPI

sub = FastAPI()


@sub.get('/x')
def x():
    return 'sub old'


app = FastAPI()


@app.get('/items')
def items():
    return 1


app.mount('/sub', sub)
