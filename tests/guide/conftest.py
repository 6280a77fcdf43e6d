from tests.integration.conftest import coffre, patient

__all__ = ["coffre", "patient"]
