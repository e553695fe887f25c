"""The models that can be asked: `/api/models`."""

from fastapi import APIRouter

from millrace.server.routes.documentation import problems
from millrace.server.schemas import AliasShape, ModelShape, ModelsShape
from millrace.server.services import Caller, ServicesDep

router = APIRouter(prefix="/api", tags=["models"])


@router.get("/models", responses=problems(401))
async def list_models(_: Caller, services: ServicesDep) -> ModelsShape:
    """All models that are known, the one that answers where none is named, and the names that stand for several."""
    models = [ModelShape.of(info) for info in services.models.models()]
    aliases = [
        AliasShape(name=alias.name, models=list(alias.models), hedge=alias.hedge) for alias in services.models.aliases()
    ]
    return ModelsShape(default=services.models.default, models=models, aliases=aliases)
