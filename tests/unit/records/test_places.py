"""Where a host lies, as far as its name tells (R50)."""

import pytest

from records.errors import Invalid
from records.places import check_aws_region, check_host, check_url

pytestmark = pytest.mark.requirement("R50")
INSIDE = [
    "s3.eu-west-3.amazonaws.com",
    "S3.EU-WEST-3.AMAZONAWS.COM.",
    "eu-west-2.s3.eu-west-3.amazonaws.com",  # a bucket may be called anything
    "coffre.abc.eu-west-3.rds.amazonaws.com",
    "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com",
    "vpce-1.kms.eu-west-1.vpce.amazonaws.com",
    "coffre.abc.0001.euw3.cache.amazonaws.com",
    "b-1.mq.eu-west-3.on.aws",
    "email-smtp.eu-west-3.amazonaws.com",
    "kms.eusc-de-east-1.amazonaws.eu",
    "s3.gra.io.cloud.ovh.net",
    "postgresql-1-o2.database.cloud.ovh.net",
    "ssl0.ovh.net",
    "pro1.mail.ovh.net",
    "vps-1a2b.vps.ovh.net",
    "eu-west-rbx.okms.ovh.net",
    "oos.eu-west-2.outscale.com",
    "lb-1.eu-west-2.lbu.outscale.com",
    "rw-1.rdb.fr-par.scw.cloud",
    "smtp.tem.scw.cloud",
    "1a2b.pub.instances.scw.cloud",
    "vault.coffre.internal",
    "127.0.0.1",
    "notamazonaws.com",
]
OUTSIDE = [
    "S3.EU-WEST-2.AMAZONAWS.COM",
    "s3.eu-west-2.amazonaws.com.",
    "s3.eu-west-2.amazonaws.com..",
    "s3.eu-west-2。amazonaws。com",
    "ｓ3.us-east-1.amazonaws.com",
    "s3.amazonaws.com",
    "amazonaws.com",
    "eu-west-3.s3.us-east-1.amazonaws.com",
    "eu-west-3.s3.amazonaws.com",
    "eu-west-3.evil.amazonaws.com",
    "coffre.abc.eu-west-2.rds.amazonaws.com",
    "coffre.abc.0001.use1.cache.amazonaws.com",
    "b-1.mq.us-east-1.on.aws",
    "s3.cn-north-1.amazonaws.com.cn",
    "s3.bhs.io.cloud.ovh.net.",
    "gra.s3.bhs.io.cloud.ovh.net",
    "io.cloud.ovh.net",
    "s3.io.cloud.ovh.net",
    "ca-east-bhs.okms.ovh.net",
    "eu-west-eri.okms.ovh.net",  # near London
    "okms.ovh.net",
    "s3.us-east-va.io.cloud.ovh.us",
    "oos.us-east-2.outscale.com",
    "fr-par.s3.us.scw.cloud",
    "evilinstances.scw.cloud",
]


@pytest.mark.parametrize("host", INSIDE)
def test_a_place_inside_and_a_name_of_ones_own_are_taken(host: str) -> None:
    check_host(host)


@pytest.mark.parametrize("host", OUTSIDE)
def test_a_place_outside_is_refused_however_it_is_spelled(host: str) -> None:
    for check, text in ((check_host, host), (check_url, f"https://me:word@{host}:8443/path")):
        with pytest.raises(Invalid) as refused:
            check(text)
        assert refused.value.code == "non_eea_region"
        assert "word" not in refused.value.sentence


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_region_beside_a_host_is_the_one_of_its_name(region: str) -> None:
    check_host("s3.eu-west-3.amazonaws.com", ["EU-WEST-3"])
    check_host("minio.coffre.internal", [region])
    with pytest.raises(Invalid, match="European Economic Area"):
        check_host("s3.eu-west-3.amazonaws.com", [region])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://role:a/b@db.eu-west-2.rds.amazonaws.com/index",
        "postgresql://role@db.coffre.internal,db.eu-west-2.rds.amazonaws.com:5432/index",
        "postgresql:///index?host=db.coffre.internal&host=db.eu-west-2.rds.amazonaws.com",
        "postgresql:///index?host=db.eu-west-2.rds%2Eamazonaws.com:5432",
        "amqps://coffre:word@b-1.mq.eu-west-2.amazonaws.com:5671//",
    ],
)
def test_every_host_of_an_address_is_looked_at(url: str) -> None:
    with pytest.raises(Invalid, match="European Economic Area"):
        check_url(url)


def test_regions_of_aws_are_known_whatever_their_case() -> None:
    check_aws_region("EU-West-3")
    check_aws_region("eusc-de-east-1")
    for region in ("eu-west-2", "us-east-1", "eu-central-2", ""):
        with pytest.raises(Invalid):
            check_aws_region(region)
