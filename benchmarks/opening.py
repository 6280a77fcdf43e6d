"""Content opened by the opener in Node and in Chromium, beside WebCrypto alone on as many bytes."""

import random

from benchmarks.measuring import table
from tests.opener import node, work
from tests.opener.faulty_store import Store, serving
from tests.services.ohif import chromium
from tests.unit.keyvault.sealing import DEK, seal
from viewer_api.opener.files import HERE

SIZE = 192 * 2**20
MEASURE = """async ([folder, told]) => {
    const { load } = await import("/node/answer.js");
    const { measure } = await import("/node/measure.js");
    return measure(await load(folder), told);
}"""
COLUMNS = {
    "opened": "ranges fetched and opened",
    "frames": "frames of 512 KiB",
    "fetched": "fetched alone",
    "memory": "opened from memory",
    "large": "WebCrypto alone, 1 MiB",
    "bare": "64 KiB",
}


def run() -> None:
    made = seal([random.Random(1).randbytes(SIZE)])
    with serving(Store({"opener": HERE, "node": node.FOLDER})) as store:
        store.put("long", str(made.sealed.ref.blob_id), made.cipher)
        told = {"sealed": work.told(made.sealed), "dek": DEK.hex(), "base": store.url}
        told |= {"url": "/store/good/long", "grant": "good~long"}
        found = {"Node": node.run("measure_node.js", told)}
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"{store.url}/node/page.html")
            for name, workers in {"Chromium": 0, "Chromium, two workers": 2}.items():
                found[name] = page.evaluate(MEASURE, [f"{store.url}/opener", {**told, "workers": workers}])
    rows = [(name, *(f"{each[column]}" for column in COLUMNS)) for name, each in found.items()]
    table(
        f"{SIZE // 2**20} MiB opened by the opener, MB/s, the best of three", ("in", *COLUMNS.values()), rows
    )
