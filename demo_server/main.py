"""The app: three doors, one room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from demo_server import chat, clock, history, prices, settings, tcp
from demo_server.room import room


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Open the book and the back door, and close them at the end."""
    history.open_book()
    if not room.lines:
        room.lines.extend(history.last(settings.HISTORY_SHOWN))
    server = await tcp.open_door()
    try:
        yield
    finally:
        if server is not None:
            server.close()
        history.close_book()


app = FastAPI(title=settings.TITLE, lifespan=lifespan)
app.include_router(chat.router)
app.include_router(clock.router)
app.mount("/static", StaticFiles(directory=settings.HERE / "static"), name="static")

templates = Jinja2Templates(directory=settings.HERE / "templates")


@app.get("/", response_class=HTMLResponse)
async def page(request: Request) -> HTMLResponse:
    """Show the market."""
    return templates.TemplateResponse(
        request,
        "index.html",
        {"title": settings.TITLE, "menu": prices.menu(), "pulse": clock.pulse()},
    )


@app.get("/price/{item}")
async def price(item: str, amount: int = 1) -> dict[str, int | str]:
    """Say what something costs: ``curl 127.0.0.1:8000/price/tea?amount=3``."""
    if item not in prices.MENU:
        return {"item": item, "error": "not on the menu"}
    return {"item": item, "amount": amount, "coppers": prices.price(item, amount)}
