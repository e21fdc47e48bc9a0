from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


def lines():
    for n in range(2):
        yield "old" + str(n)


@app.get("/items")
def items():
    return StreamingResponse(lines())
