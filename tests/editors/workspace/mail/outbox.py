"""The outbox: letters that wait to be sent, and what happens when the post office is closed."""

import random
import time


class Letter:
    """One letter with its address and the number of times it has come back."""

    def __init__(self, address, text):
        self.address = address
        self.text = text
        self.returned = 0


class Outbox:
    """Letters in the order in which they were written."""

    def __init__(self, carrier):
        self.carrier = carrier
        self.letters = []

    def put(self, letter):
        self.letters.append(letter)

    def send_later(self, letter, attempts=5, first_pause=0.5):
        """Try again when the carrier fails, waiting twice as long after each failure (exponential backoff)."""
        pause = first_pause
        for _ in range(attempts):
            try:
                return self.carrier.deliver(letter)
            except ConnectionError:
                letter.returned += 1
                time.sleep(pause + random.uniform(0, pause / 2))
                pause *= 2
        raise TimeoutError(f"the carrier failed {attempts} times for {letter.address}")

    def flush(self):
        """Send everything that waits, oldest first."""
        while self.letters:
            self.send_later(self.letters.pop(0))
