from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

import conf

app = FastAPI(title=conf.TITLE)
app.add_middleware(CORSMiddleware, allow_origins=[conf.ORIGIN])


@app.get('/items')
def items():
    return 1


@app.get(conf.PATH)
def page():
    return conf.TITLE
