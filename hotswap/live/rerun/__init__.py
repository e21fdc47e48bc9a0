"""Carries out the plans of one batch, statement by statement, in the real modules.

A statement runs when it was edited, or when something it reads, calls or fills changed on the way; equal values end
the chain. Whatever a statement makes is grafted on what was there (live/functions.py, live/classes.py), so held
references stay true.

Read `state.py` (what is known while it goes on), then `turns.py` (the order of it all); the others answer one question
each. Why does a statement run: `reasons`, `shapes`, `looked`, `chains`, `branches`, `followers`. When it runs:
`remembering`, `statement`, `merging`, `removed`. When an object that many statements fill has to be filled anew:
`fillers`, `edited`, `due`, `frameworks`, `refill`.
"""
