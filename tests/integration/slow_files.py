"""Files that cost seconds of CPU to examine, and nothing to make."""

from itertools import accumulate

OBJECTS_PER_CPU_S = 12_000  # on the machine that docs/scale.md was measured on


def slow_pdf(seed: int, objects: int = 3 * OBJECTS_PER_CPU_S) -> bytes:
    """A sound PDF of one page and a great many small objects, of which both readers look at each."""
    extra = b" ".join(b"%d 0 R" % (4 + number) for number in range(objects))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Seed %d/Extra[%b]>>" % (seed, extra),
        *[b"<</A[1 2 3 4]/B(abc)>>"] * objects,
    ]
    written = [b"%d 0 obj%bendobj\n" % (number, body) for number, body in enumerate(bodies, 1)]
    head = b"%PDF-1.4\n"
    *places, end = accumulate(map(len, written), initial=len(head))
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(bodies) + 1
    return b"".join(
        (
            head,
            *written,
            b"xref\n0 %d\n0000000000 65535 f \n" % count,
            table,
            b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (count, end),
        )
    )
