"""Content that lies in an object store of another origin: the browser reads it there, and opens it.

The first address is one that the store refuses, as it refuses those that have ended.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Route

from coffre.demo_authority import identity_files
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre
from tests.opener import node
from tests.services.processes import free_port
from tests.services.service import S3Service
from tests.services.warm import WarmServer

pytestmark = pytest.mark.long
READ = """async told => {
    const known = window.fetch, altered = [];
    window.fetch = (url, options) => {
        const isFirst = String(url).includes("X-Amz-Signature=") && !altered.length;
        if (isFirst) altered.push(url);
        return known(isFirst ? url.replace(/X-Amz-Signature=./, "X-Amz-Signature=-") : url, options);
    };
    const opening = await import("/opener/index.js");
    const { readEverything } = await import("/test/served.js");
    return readEverything(opening, told);
}"""


@pytest.fixture(scope="module")
def coffre(seaweedfs_server: S3Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    data, port = tmp_path_factory.mktemp("stored") / "data", free_port()
    with pytest.MonkeyPatch.context() as environment:
        settings = {
            **seaweedfs_server.environment(),
            "COFFRE_OBJECTS_URL": seaweedfs_server.url("s3", f"opened-{uuid4().hex}"),
            "COFFRE_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "COFFRE_GATEWAY": "false",
        }
        for name, value in settings.items():
            environment.setenv(name, value)
        initialise(load(data=data))
        with WarmServer(data, port) as server:
            yield Coffre(data, server)


def test_a_page_reads_from_the_store_itself(
    browser: Browser, coffre: Coffre, seaweedfs_server: S3Service
) -> None:
    person = coffre.open_record()
    files = person.ct(3, 64)
    assert coffre.stow(coffre.depositor(), files, person.ins).status_code == 200
    page = browser.new_page()
    with coffre.system() as system:
        page.goto(identity_files.sign_in_link(system, person.token, coffre.url))
    page.route(f"{coffre.url}/test/*", _test_file)
    # a page that the test makes up counts as one of the internet, which may not reach the loopback
    page.goto(f"{coffre.url}/audit/keys")
    found = page.evaluate(READ, {"base": "", "record": str(person.public_id)})
    page.close()
    assert {each["whole"] for each in found["series"][0]["instances"]} == {each.hex() for each in files}
    ranges = [each["url"] for each in found["fetched"] if each["what"] in ("frames", "instance")]
    assert sum(each["what"] == "addresses" for each in found["fetched"]) == 2  # for that one, and as asked
    assert {urlsplit(each).netloc for each in ranges} == {urlsplit(seaweedfs_server.endpoint).netloc}


def _test_file(route: Route) -> None:
    path = node.FOLDER / Path(urlsplit(route.request.url).path).name
    kind = "text/html" if path.suffix == ".html" else "text/javascript"
    route.fulfill(body=path.read_bytes(), content_type=kind)
