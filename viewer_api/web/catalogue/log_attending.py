"""Texts of the access log where an attending doctor reads it: those that speak to the patient elsewhere."""

from collections.abc import Mapping

LOG_ATTENDING: Mapping[str, tuple[str, str]] = {
    "attending.log.title": ("Qui a consulté ce dossier", "Who looked at this record"),
    "attending.log.intro": (
        "Vous lisez cet historique comme médecin traitant. Chaque accès et chaque tentative sont notés ici, "
        "du plus récent au plus ancien ; votre lecture de cette page aussi, et le patient la voit. Personne "
        "ne peut effacer ces lignes. Ce qu'une même personne a fait le même jour, de la même façon et avec "
        "le même résultat est réuni ; le détail montre chaque ligne. Un accès en urgence est toujours à "
        "part. Les heures sont celles de Paris.",
        "You read this history as attending doctor. Every access and every attempt is written here, newest "
        "first; your reading of this page, too, and the patient sees it. Nobody can remove these lines. What "
        "one person did on one day, in the same way and with the same result stands together; the details "
        "show each line. An emergency access always stands apart. Times are those of Paris.",
    ),
    "attending.log.others": (
        "Les actions du patient ne sont pas affichées.",
        "The patient's own actions are not shown.",
    ),
    "attending.log.filter.qui.autres": ("Tous, sauf le patient", "Everybody but the patient"),
    "attending.log.filter.qui.tous": ("Tous, patient compris", "Everybody, the patient included"),
    "attending.log.filter.qui.moi": ("Le patient seulement", "The patient alone"),
    "attending.log.filter.acte.choix": ("Les choix du patient", "The patient's choices"),
    "attending.who.patient": ("Le patient", "The patient"),
    "attending.denied.blocked": (
        "Le patient avait bloqué ce professionnel.",
        "The patient had blocked this professional.",
    ),
    "attending.denied.authorisation_expired": (
        "L'autorisation donnée par le patient avait expiré.",
        "The authorisation that the patient had given had expired.",
    ),
    "attending.denied.forbidden_sector": (
        "La loi ne donne pas accès à ce secteur d'activité, même avec l'accord du patient.",
        "The law gives no access to this sector of activity, even if the patient agrees.",
    ),
    "attending.denied.masked": (
        "Le patient avait masqué ce document aux professionnels.",
        "The patient had masked this document to professionals.",
    ),
    "attending.denied.not_shown": (
        "Ce professionnel ne voit que les documents que le patient a choisis.",
        "This professional sees only the documents that the patient chose.",
    ),
    "attending.denied.opted_out": (
        "Le patient avait interdit ce mode d'accès en urgence.",
        "The patient had forbidden this mode of emergency access.",
    ),
}
