from fastapi import FastAPI

from deps import Pages

app = FastAPI()


@app.get("/items")
def items(pages: Pages):
    return vars(pages)
