"""axe-core, which finds faults of accessibility in a page as a browser has it (npm; a test's tool alone).

It comes with the packages of the viewer page, whose lock has its digest.
"""

import json
from pathlib import Path

from playwright.sync_api import Page

from tests.opener import node

FRONTEND = Path(__file__).parents[2] / "viewer_api" / "viewer" / "frontend"
RUN = """axe.run(document).then(({violations}) => JSON.stringify(violations.map(
    each => each.id + ': ' + each.nodes.map(node => node.target).join(' '))))"""


def violations(page: Page) -> list[str]:
    """The rules that the page breaks, each with the elements that do (WCAG 2.2 A and AA, good practice)."""
    program = node.locked(FRONTEND) / "axe-core" / "axe.min.js"
    session = page.context.new_cdp_session(page)  # a page's own policy lets no script in
    session.send("Runtime.evaluate", {"expression": program.read_text("utf-8")})
    found = session.send("Runtime.evaluate", {"expression": RUN, "awaitPromise": True})
    broken: list[str] = json.loads(found["result"]["value"])
    return broken
