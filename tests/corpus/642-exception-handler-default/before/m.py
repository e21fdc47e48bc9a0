from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

app = FastAPI()


@app.exception_handler(HTTPException)
async def on_http(request, error):
    return JSONResponse({"mine": error.status_code}, 400)


@app.get("/items")
def items():
    return 1


@app.get("/nope")
def nope():
    raise HTTPException(404, "no")
