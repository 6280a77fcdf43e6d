"""Texts of the findings of « Qui a consulté mes documents » about itself: `check.` and the code of each."""

from collections.abc import Mapping

FINDINGS: Mapping[str, tuple[str, str]] = {
    "check.signature.verified": (
        "Le registre porte la signature de l'hébergeur, avec la même clé que la dernière fois.",
        "The register bears the signature of the host, with the same key as last time.",
    ),
    "check.signature.first_visit": (
        "Le registre porte la signature de l'hébergeur. C'est la première visite de ce navigateur : il "
        "retient la clé {key}.",
        "The register bears the signature of the host. This is this browser's first visit: it remembers the "
        "key {key}.",
    ),
    "check.signature.key_changed": (
        "La clé de l'hébergeur n'est plus celle que ce navigateur connaît.",
        "The key of the host is no longer the one that this browser knows.",
    ),
    "check.signature.checkpoint_signature": (
        "La signature du registre est fausse.",
        "The signature of the register is false.",
    ),
    "check.signature.checkpoint_origin": (
        "La signature est celle d'un autre registre.",
        "The signature is that of another register.",
    ),
    "check.signature.checkpoint_malformed": (
        "Ce que l'hébergeur présente n'est pas un registre signé.",
        "What the host presents is no signed register.",
    ),
    "check.signature.unsupported": (
        "Ce navigateur ne sait pas lire cette signature (Ed25519). Un navigateur plus récent le sait.",
        "This browser cannot read this signature (Ed25519). A more recent browser can.",
    ),
    "check.signature.no_answer": (
        "La signature du registre n'a pas pu être lue.",
        "The signature of the register could not be read.",
    ),
    "check.inclusion.verified.one": (
        "La ligne est inscrite au registre signé, parmi {size} inscriptions.",
        "The line is entered in the signed register, among {size} entries.",
    ),
    "check.inclusion.verified.many": (
        "{lines} lignes sont inscrites au registre signé, parmi {size} inscriptions.",
        "{lines} lines are entered in the signed register, among {size} entries.",
    ),
    "check.inclusion.waiting.one": (
        "Une ligne vient d'être écrite et n'est pas encore au registre signé.",
        "One line has just been written and is not in the signed register yet.",
    ),
    "check.inclusion.waiting.many": (
        "{lines} lignes viennent d'être écrites et ne sont pas encore au registre signé.",
        "{lines} lines have just been written and are not in the signed register yet.",
    ),
    "check.inclusion.not_included": (
        "La ligne n° {seq} n'est pas au registre signé.",
        "Line no. {seq} is not in the signed register.",
    ),
    "check.inclusion.no_answer": (
        "L'hébergeur n'a pas répondu : l'inscription des lignes au registre n'est pas contrôlée.",
        "The host did not answer: whether the lines are in the register is not checked.",
    ),
    "check.growth.same": (
        "Le registre est le même que lors de la dernière visite de ce navigateur.",
        "The register is the same as at this browser's last visit.",
    ),
    "check.growth.grown": (
        "Le registre contient, inchangé, tout ce qu'il contenait lors de la dernière visite de ce navigateur "
        ": {before} inscriptions alors, {now} aujourd'hui.",
        "The register contains, unchanged, all that it contained at this browser's last visit: {before} "
        "entries then, {now} today.",
    ),
    "check.growth.first_visit": (
        "C'est la première visite de ce navigateur : il n'a pas d'état plus ancien du registre à comparer.",
        "This is this browser's first visit: it has no older state of the register to compare.",
    ),
    "check.growth.fork": (
        "L'hébergeur a signé deux registres différents de même longueur, {now} inscriptions.",
        "The host signed two different registers of the same length, {now} entries.",
    ),
    "check.growth.rollback": (
        "Le registre est plus court que lors de la dernière visite : {before} inscriptions alors, {now} "
        "aujourd'hui. Il en manque.",
        "The register is shorter than at the last visit: {before} entries then, {now} today. Some are "
        "missing.",
    ),
    "check.growth.rewritten": (
        "Le registre ne contient plus ce qu'il contenait lors de la dernière visite : il a été réécrit.",
        "The register no longer contains what it contained at the last visit: it was rewritten.",
    ),
    "check.growth.kept_malformed": (
        "Ce que ce navigateur gardait du registre a été altéré.",
        "What this browser kept of the register was altered.",
    ),
    "check.growth.no_answer": (
        "L'hébergeur n'a pas donné la preuve que le registre a grandi sans être réécrit.",
        "The host did not give the proof that the register grew without being rewritten.",
    ),
    "check.event.verified.one": (
        "Le détail de la ligne est bien celui qui a été inscrit.",
        "The details of the line are those that were entered.",
    ),
    "check.event.verified.many": (
        "Le détail des {lines} lignes est bien celui qui a été inscrit.",
        "The details of the {lines} lines are those that were entered.",
    ),
    "check.event.entry_malformed": (
        "L'inscription de la ligne n° {seq} manque ou est illisible.",
        "The entry of line no. {seq} is missing or cannot be read.",
    ),
    "check.event.event_changed": (
        "Le détail de la ligne n° {seq} n'est pas celui qui a été inscrit.",
        "The details of line no. {seq} are not those that were entered.",
    ),
    "check.event.event_differs": (
        "Le détail et l'inscription de la ligne n° {seq} ne disent pas la même chose.",
        "Details and entry of line no. {seq} do not say the same.",
    ),
    "check.shown.verified.one": (
        "La ligne affichée dit le jour, l'heure, la personne et le résultat qui ont été inscrits.",
        "The line shown tells the day, the hour, the person and the result that were entered.",
    ),
    "check.shown.verified.many": (
        "Les {lines} lignes affichées disent le jour, l'heure, la personne et le résultat qui ont été "
        "inscrits.",
        "The {lines} lines shown tell the day, the hour, the person and the result that were entered.",
    ),
    "check.shown.other": (
        "La ligne n° {seq} affichée ne dit pas ce qui a été inscrit.",
        "Line no. {seq} as shown does not say what was entered.",
    ),
    "check.chain.verified": (
        "Les lignes de votre dossier se suivent sans trou, de la n° {from} à la n° {to}.",
        "The lines of your record follow each other without a gap, from no. {from} to no. {to}.",
    ),
    "check.chain.in_part": (
        "Les lignes de votre dossier se suivent sans trou de la n° {from} à la n° {to}. Plus haut dans le "
        "temps, il y en a trop que votre choix n'affiche pas.",
        "The lines of your record follow each other without a gap from no. {from} to no. {to}. Further back "
        "there are too many that your choice does not show.",
    ),
    "check.chain.chain_gap": (
        "Il manque dans votre dossier la ligne n° {seq}.",
        "Line no. {seq} of your record is missing.",
    ),
    "check.chain.chain_link": (
        "La ligne n° {seq} de votre dossier ne suit pas celle qui la précède.",
        "Line no. {seq} of your record does not follow the one before it.",
    ),
    "check.seen.verified.one": (
        "Une ligne déjà vue par ce navigateur est toujours là, inchangée.",
        "One line that this browser saw before is still there, unchanged.",
    ),
    "check.seen.verified.many": (
        "{lines} lignes déjà vues par ce navigateur sont toujours là, inchangées.",
        "{lines} lines that this browser saw before are still there, unchanged.",
    ),
    "check.seen.line_changed": (
        "La ligne n° {seq} n'est plus celle que ce navigateur a vue.",
        "Line no. {seq} is no longer the one that this browser saw.",
    ),
    "check.seen.line_removed": (
        "La ligne n° {seq}, que ce navigateur a vue, a disparu.",
        "Line no. {seq}, which this browser saw, has disappeared.",
    ),
    "check.seen.other_record": (
        "Des lignes d'un autre dossier sont affichées parmi les vôtres.",
        "Lines of another record are shown among yours.",
    ),
    "check.seen.no_answer": (
        "Ce navigateur n'a pas pu comparer avec les lignes déjà vues.",
        "This browser could not compare with the lines seen before.",
    ),
}
