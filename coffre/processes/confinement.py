"""Children that read strangers' files: in production each is confined as a whole, or there is none."""

from content.sandbox.confinement import WHOLE, Confinement, grantable, named
from records.errors import CoffreError
from records.vocabulary.codes import Environment


def demanded(environment: Environment) -> Confinement:
    """Of the kernel; elsewhere than in production children are confined as far as it grants."""
    return WHOLE if environment is Environment.PRODUCTION else Confinement(0)


def check(environment: Environment) -> None:
    """Raises `CoffreError` "not_confined", so that a process says at its start what files would wait for."""
    wanted = demanded(environment)
    if missing := wanted and wanted & ~grantable():
        raise CoffreError(
            f"Children that read files are not confined as a whole: {named(missing)} is not granted. In "
            "production none reads one then: run this process on Linux on x86-64, where it may make user and "
            "network namespaces (RestrictNamespaces= of a unit, the seccomp profile of a container).",
            code="not_confined",
        )
