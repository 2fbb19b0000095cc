"""The outbox: letters that wait to be sent, and what happens when the post office is closed."""

import random
import time


class Letter:
    """One letter with its address and the number of times it has come back.

    A letter without an address is refused when it is written, not when it is sent: the writer still
    has the envelope in hand then and can complete it. Stamps are counted in cents, because the price
    of a letter depends on its weight and on the country it goes to.
    """

    def __init__(self, address, text, stamps=85):
        if not address.strip():
            raise ValueError("a letter needs an address")
        self.address = address
        self.text = text
        self.stamps = stamps
        self.returned = 0


class Outbox:
    """Letters in the order in which they were written."""

    def __init__(self, carrier):
        self.carrier = carrier
        self.letters = []

    def put(self, letter):
        """Adds a letter at the end. The same letter twice is one letter.

        A letter to an address that is served already in this outbox is laid beside the earlier one:
        both travel in one bag, and the carrier walks the way once. The order among letters to other
        addresses does not change by that.
        """
        if letter in self.letters:
            return
        places = [at for at, other in enumerate(self.letters) if other.address == letter.address]
        if places:
            self.letters.insert(places[-1] + 1, letter)
        else:
            self.letters.append(letter)

    def send_later(self, letter, attempts=5, first_pause=0.5):
        """Retries a delivery that failed, with exponential backoff.

        After each failed attempt the pause before the next one is twice as long, and a random part is
        added to it, so that many outboxes which lost the same carrier do not all come back to it in
        the same moment. When every attempt has failed the letter stays with the caller, who is told
        how often it was tried and for whom; nothing is thrown away here, and nothing is logged, since
        an address is nobody's business.
        """
        pause = first_pause
        for attempt in range(attempts):
            try:
                return self.carrier.deliver(letter)
            except ConnectionError:
                letter.returned += 1
                if attempt + 1 < attempts:
                    jitter = random.uniform(0, pause / 2)
                    time.sleep(pause + jitter)
                    pause *= 2
        raise TimeoutError(f"the carrier failed {attempts} times for {letter.address}")

    def flush(self):
        """Sends everything that waits, oldest first, and gives back what could not be delivered.

        A letter that fails does not hold up those behind it. What is given back keeps its order, so
        that it can be put into the outbox again tomorrow.
        """
        undelivered = []
        while self.letters:
            letter = self.letters.pop(0)
            try:
                self.send_later(letter)
            except TimeoutError:
                undelivered.append(letter)
        return undelivered
