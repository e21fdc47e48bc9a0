from sqlalchemy import create_engine, event, text

engine = create_engine("sqlite://")
seen = []


def work():
    seen.clear()
    with engine.begin() as connection:
        connection.execute(text("select 1"))
        seen.append("asked")
    return list(seen)
