import sqlite3

db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table t (n int)")
PAGE = 1


def rows():
    return [r[0] for r in db.execute("select n from t limit ?", (PAGE,))]
