from fastapi import FastAPI

app = FastAPI()


@app.get('/ping')
def ping():
    return 'ping'


@app.get('/items')
def items():
    return 1
