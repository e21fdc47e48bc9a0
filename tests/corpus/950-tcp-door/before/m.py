async def door(reader, writer):
    count = 0
    try:
        while line := await reader.readline():
            count += 1
            writer.write(b"old %d %s" % (count > 1, line))
            await writer.drain()
    finally:
        writer.close()
