from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def user():
    return "old"


User = Annotated[str, Depends(user)]


@app.get("/me")
def me(name: User):
    return name


@app.get("/you")
def you(name=Depends(user)):
    return name
