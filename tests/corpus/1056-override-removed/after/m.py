from fastapi import Depends, FastAPI

app = FastAPI()


def user():
    return "somebody"


def fake():
    return "tester"


@app.get("/")
def index(name: str = Depends(user)):
    return {"name": name}


# none
