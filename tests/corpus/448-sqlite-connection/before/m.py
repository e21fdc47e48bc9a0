import sqlite3

db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table t (n int)")
PAGE = 10


def rows():
    return db.execute("select n from t limit ?", (PAGE,)).fetchall()
