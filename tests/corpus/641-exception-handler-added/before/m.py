from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()


@app.middleware("http")
async def mark(request: Request, call_next):
    response = await call_next(request)
    response.headers["x-mark"] = "old"
    return response


class AppError(Exception):
    pass


@app.exception_handler(AppError)
async def on_error(request, error):
    return JSONResponse({"error": str(error)}, 418)


@app.get("/items")
def items():
    return 1


@app.get("/fail")
def fail():
    raise AppError("bad")
