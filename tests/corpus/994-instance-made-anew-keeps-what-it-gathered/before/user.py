from m import by_argument, by_constant, cache


def settings():
    return [by_constant.limit, by_constant.log.size, by_argument.limit, by_argument.names, cache.size]


def gathered():
    found = [
        [sorted(m.connections), list(m.recent), m.log.lines, m.total] for m in (by_constant, by_argument)
    ]
    return [*found, cache.hits]
