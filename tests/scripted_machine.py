"""A machine whose pace is scripted."""


class Machine:
    """A clock that goes forward by sleep, and by work, which takes `slower(now)` times as long as it should."""

    def __init__(self, slower):
        self.now = 0.0
        self.slower = slower

    def __call__(self):
        return self.now

    def work(self, seconds):
        self.now += seconds * self.slower(self.now)

    def sleep(self, seconds):
        self.now += seconds
