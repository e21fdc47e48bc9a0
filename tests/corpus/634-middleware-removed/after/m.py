from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()


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
