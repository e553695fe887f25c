"""Which models a turn may be answered by."""

from millrace.model.messages import Turn
from millrace.ports import ModelDirectory, ResolvedModel


def chain_of(models: ModelDirectory, turn: Turn) -> ResolvedModel:
    """The chain that the turn's request means.

    Where it means another one by now, because models came or went since the turn was admitted, it is the model that the
    turn was admitted with.

    Raises:
        InvalidRequest: There is no such model any more.
    """
    chain = models.resolve(turn.command.model)
    if any(link.info.id == turn.model for link in (chain, *chain.others)):
        return chain
    return models.resolve(turn.model)
