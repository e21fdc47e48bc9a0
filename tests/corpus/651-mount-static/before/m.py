from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

app = FastAPI()
app.mount('/static', StaticFiles(directory=Path(__file__).parent / 'static'))


@app.get('/items')
def items():
    return 1
