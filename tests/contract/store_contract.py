"""What every `Store` promises. A backend's test file gives the `store` fixture and inherits the rest."""

from tests.contract.store.keys import KeysContract
from tests.contract.store.people import PreferencesContract, SessionsContract, UsersContract
from tests.contract.store.search import SearchContract
from tests.contract.store.shares import SharesContract
from tests.contract.store.text import LifeContract, TextContract
from tests.contract.store.turns import TitlesContract, TurnsContract
from tests.contract.store.versions import ReactionsContract, VersionsContract


class StoreContract(
    UsersContract,
    KeysContract,
    PreferencesContract,
    SessionsContract,
    SharesContract,
    TurnsContract,
    TitlesContract,
    VersionsContract,
    ReactionsContract,
    SearchContract,
    TextContract,
    LifeContract,
):
    """All of it."""
