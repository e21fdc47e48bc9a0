from fastapi import FastAPI

from settings import settings

app = FastAPI(title=settings.title)
BANNER = settings.title.upper()


@app.get("/")
def index():
    return settings.title
