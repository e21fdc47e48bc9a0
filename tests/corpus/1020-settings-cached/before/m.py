from conf import get_settings
from fastapi import FastAPI

app = FastAPI(title=get_settings().title)
HEADLINE = get_settings().title.upper()
