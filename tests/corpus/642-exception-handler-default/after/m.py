from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

app = FastAPI()


@app.get("/items")
def items():
    return 1


@app.get("/nope")
def nope():
    raise HTTPException(404, "no")
