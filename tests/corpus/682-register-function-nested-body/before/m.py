from fastapi import FastAPI

from routes import setup

app = FastAPI()


@app.get('/items')
def items():
    return 1


setup(app)
