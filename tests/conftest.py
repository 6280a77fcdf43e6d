"""Fixtures that every test may ask for."""

pytest_plugins = [
    "tests.services.fixtures_brokers",
    "tests.services.fixtures_postgres",
    "tests.services.fixtures_roots",
    "tests.services.fixtures_s3",
]
