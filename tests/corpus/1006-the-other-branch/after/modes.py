FAST = True
if FAST:

    def run():
        return "fast"

else:

    def run():
        return "slow"
