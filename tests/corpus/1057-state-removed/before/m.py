from fastapi import FastAPI

app = FastAPI()
app.state.limit = 10
app.state.name = "shop"


@app.get("/")
def index():
    return {"limit": getattr(app.state, "limit", None), "store": getattr(app.state, "store", None)}
