CREATE TABLE lines (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     TEXT NOT NULL,
    who    TEXT NOT NULL,
    door   TEXT NOT NULL,
    text   TEXT NOT NULL,
    kind   TEXT NOT NULL
);
