"""Brokers shared by a test session, started when first asked for."""

from collections.abc import Iterator

import pytest

from tests.services import rabbitmq, redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with rabbitmq.running(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url
