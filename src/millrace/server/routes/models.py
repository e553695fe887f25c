"""The models that can be asked: `/api/models`."""

from fastapi import APIRouter

from millrace.server.routes.documentation import problems
from millrace.server.schemas import ModelShape, ModelsShape
from millrace.server.services import Caller, ServicesDep

router = APIRouter(prefix="/api", tags=["models"])


@router.get("/models", responses=problems(401))
async def list_models(_: Caller, services: ServicesDep) -> ModelsShape:
    """All models that are known, and the one that answers where none is named."""
    models = [ModelShape.of(info) for info in services.models.models()]
    return ModelsShape(default=services.models.default, models=models)
