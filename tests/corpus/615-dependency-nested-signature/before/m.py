from fastapi import Depends, FastAPI
from deps import admin

app = FastAPI()


@app.get('/items')
def items():
    return 1


@app.get('/me')
def me(who=Depends(admin)):
    return who
