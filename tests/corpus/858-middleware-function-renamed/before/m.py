from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["*"])


@app.middleware("http")
async def timing(request, call_next):
    reply = await call_next(request)
    reply.headers["x-who"] = "timing"
    return reply


@app.get("/")
def home():
    return 1
