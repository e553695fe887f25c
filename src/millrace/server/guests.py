"""Guests: people without an account, known by the signed cookie that they were given."""

import secrets

from millrace.limits.rates import Rates
from millrace.model.principal import Principal

_ID_BYTES = 16


class GuestDesk:
    """Lets new guests in, not too many at a time from one place."""

    def __init__(self, rates: Rates, per_minute: int) -> None:
        self._rates = rates
        self._per_minute = per_minute

    def admit(self, address: str) -> Principal:
        """A new guest, calling from the network address `address`.

        Raises:
            RateLimited: Too many new guests came from there.
        """
        self._rates.take("guests", address, per_minute=self._per_minute)
        token = secrets.token_hex(_ID_BYTES)
        return Principal(user_id=f"guest-{token}", kind="guest", name="Guest")
