from fastapi import FastAPI

app = FastAPI()


@app.get('/items')
def items():
    return 1


import views  # noqa: E402, F401
