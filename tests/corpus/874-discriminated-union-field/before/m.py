from fastapi import FastAPI

from models import Owner

app = FastAPI()


@app.post("/owners")
def own(owner: Owner) -> Owner:
    return owner
