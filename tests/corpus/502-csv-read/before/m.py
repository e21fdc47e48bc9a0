from io_ import rows

PRICES = {r['name']: int(r['price']) for r in rows('prices.csv')}
HITS = []
