"""Texts of what « Qui a consulté mes documents » checks of itself (`viewer_api/log_check/`).

Keys begin with `check.`; the findings stand in `findings.py` beside, whose numbers the program fills in.
"""

from collections.abc import Mapping

CHECK: Mapping[str, tuple[str, str]] = {
    "check.title": ("Contrôle de cette page", "Check of this page"),
    "check.running": (
        "Votre navigateur contrôle les lignes affichées…",
        "Your browser is checking the lines shown…",
    ),
    "check.without": (
        "Votre navigateur peut contrôler lui-même ces lignes, si JavaScript y est permis. Il ne l'est pas : "
        "les lignes sont affichées sans ce contrôle.",
        "Your browser can check these lines itself where JavaScript is allowed. It is not: the lines are "
        "shown without that check.",
    ),
    "check.details": ("Ce qui a été contrôlé, point par point", "What was checked, point by point"),
    "check.limits": ("Ce que ce contrôle ne peut pas dire", "What this check cannot tell"),
    "check.limits.unwritten": (
        "Il ne peut pas trouver un accès que l'hébergeur n'aurait jamais inscrit.",
        "It cannot find an access that the host never wrote down.",
    ),
    "check.limits.split": (
        "Il ne sait pas si l'hébergeur montre le même registre à tout le monde. Pour le savoir, comparez "
        "votre fichier de preuves avec celui d'une autre personne ou d'un organisme indépendant.",
        "It does not know whether the host shows everybody the same register. To find out, compare your file "
        "of proofs with that of another person or of an independent body.",
    ),
    "check.limits.program": (
        "Le programme du contrôle vient lui-même de l'hébergeur. Le fichier de preuves peut être contrôlé "
        "ailleurs, par un autre programme.",
        "The program of this check comes from the host as well. The file of proofs can be checked elsewhere, "
        "by another program.",
    ),
    "check.limits.page": (
        "Seules les lignes affichées ici sont contrôlées. Les pages plus anciennes le sont quand vous les "
        "ouvrez.",
        "Only the lines shown here are checked. Older pages are checked when you open them.",
    ),
    "check.kept": (
        "Pour comparer d'une fois à l'autre, ce navigateur garde la dernière signature du registre et "
        "l'empreinte des lignes vues. Il ne garde ni nom, ni contenu.",
        "To compare one visit with the next, this browser keeps the last signature of the register and the "
        "fingerprint of the lines seen. It keeps no name and no content.",
    ),
    "check.proofs": ("Télécharger les preuves de ces lignes", "Download the proofs of these lines"),
    "check.proofs.why": (
        "Le fichier contient les lignes affichées. Gardez-le pour vous, ou montrez-le à qui doit contrôler.",
        "The file contains the lines shown. Keep it to yourself, or show it to whoever is to check.",
    ),
    "check.contradiction": (
        "Télécharger les deux signatures qui se contredisent",
        "Download the two signatures that contradict each other",
    ),
    "check.contradiction.why": (
        "Gardez ce fichier : il montre que l'hébergeur a signé deux registres différents. Il ne contient "
        "rien sur votre santé. Signalez-le.",
        "Keep this file: it shows that the host signed two different registers. It contains nothing about "
        "your health. Report it.",
    ),
    "check.restart": (
        "Repartir du registre d'aujourd'hui, après avoir signalé l'alerte",
        "Start again from today's register, after you reported the alarm",
    ),
    "check.verdict.sound": (
        "Tout ce qui pouvait être contrôlé sur cette page est en ordre.",
        "All that could be checked on this page is in order.",
    ),
    "check.verdict.again": (
        "Le contrôle n'est pas fini. Il recommence dans un instant.",
        "The check is not finished. It starts again in a moment.",
    ),
    "check.verdict.in_part": (
        "Une partie n'a pas pu être contrôlée. Revenez sur cette page dans quelques minutes.",
        "A part could not be checked. Come back to this page in a few minutes.",
    ),
    "check.verdict.alarm": (
        "Alerte : un contrôle a échoué. Ne vous fiez pas à cette page. Gardez les fichiers proposés ici et "
        "signalez-le.",
        "Alarm: a check has failed. Do not rely on this page. Keep the files offered here and report it.",
    ),
    "check.verdict.impossible": (
        "Ce navigateur n'a pas pu faire le contrôle. Les lignes sont affichées sans lui.",
        "This browser could not do the check. The lines are shown without it.",
    ),
    "check.state.verified": ("Vérifié.", "Verified."),
    "check.state.unverified": ("Non vérifié.", "Not verified."),
    "check.state.alarm": ("Alerte.", "Alarm."),
    "check.line.unproven": ("Cette ligne n'est pas prouvée.", "This line is not proven."),
    "check.line.waiting": (
        "Cette ligne vient d'être écrite ; elle n'est pas encore au registre.",
        "This line has just been written; it is not in the register yet.",
    ),
    "check.other": ("Un contrôle a échoué.", "A check has failed."),
}
