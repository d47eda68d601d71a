"""How many threads the next piece of a run gets: all or one, by what pieces with each have taken.

On a machine with other work several threads may take longer than one, since all wait for that which has no processor.
How it is changes with the work of others and with the network's own rates, so that it is tried again and again, on
short pieces and more seldom with time. No spike depends on it.
"""

from __future__ import annotations

__all__ = ["Pace"]


# A trial gets such a part of a piece.
_PART = 8
# Seconds from one trial to the next; each time twice as long. And at least so many times as long as the trial took.
_FIRST, _LONGEST, _TIMES = 0.1, 2.0, 20.0
# What is not faster by so much is no reason to change.
_FASTER = 0.95


class Pace:
    """The choice between `most` threads and one.

    Parameters
    ----------
    most : int
        How many threads there may be.
    free : bool
        Whether there is a choice; if not, all of them are taken.

    Examples
    --------
    Two threads that take three times as long a window as one:

    >>> pace = Pace(2, free=True)
    >>> for _ in range(4):
    ...     threads, part = pace.following()
    ...     pace.took(8, 0.003 if threads == 2 else 0.001)
    >>> pace.following()
    (1, 1)
    """

    def __init__(self, most: int, free: bool) -> None:
        self.most, self.free = most, free and most > 1
        self.chosen = self.threads = most
        # The first windows show what is not yet in the caches.
        self._before = [most, 1, most] if self.free else []
        self._cost = {1: 0.0, most: 0.0}
        self._pause, self._waited, self._due = _FIRST, 0.0, _FIRST

    def following(self) -> tuple[int, int]:
        """Give the number of threads for the next piece, and by what to divide its length: more than 1 for a trial."""
        part = 1
        self.threads = self.chosen
        if self._before:
            self.threads = self._before.pop(0)
        elif self.free and self._waited >= self._due:
            self.threads, part = (1 if self.chosen > 1 else self.most), _PART
        return self.threads, part

    def took(self, windows: int, seconds: float) -> None:
        """Learn what the piece just done has taken."""
        if not self.free:
            return
        self._cost[self.threads] = seconds / windows
        trial = self.threads != self.chosen
        self._waited += seconds
        if trial and self._waited >= self._due:
            self._pause = min(2.0 * self._pause, _LONGEST)
            self._waited, self._due = 0.0, max(self._pause, _TIMES * seconds)
        if not self._before and self._cost[1] > 0.0:
            other = 1 if self.chosen > 1 else self.most
            if self._cost[other] < _FASTER * self._cost[self.chosen]:
                self.chosen = other
