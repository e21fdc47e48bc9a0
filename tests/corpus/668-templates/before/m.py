from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates

app = FastAPI()
templates = Jinja2Templates(directory=Path(__file__).parent / "t")


@app.get("/items")
def items(request: Request):
    return templates.TemplateResponse(request, "page.html", {"word": "old"})
