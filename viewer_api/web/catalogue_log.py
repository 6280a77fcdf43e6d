"""Texts of « Qui a consulté mes documents »."""

from collections.abc import Mapping

LOG: Mapping[str, tuple[str, str]] = {
    "nav.own": ("Mes consultations", "My consultations"),
    "own.title": ("Mes consultations", "My consultations"),
    "own.intro": (
        "Tout ce que vous avez fait ou demandé sous cette identification, dans cet établissement, du plus "
        "récent au plus ancien. Vous seul lisez cette page. Une demande refusée ne dit ni le dossier ni la "
        "raison. Les heures sont celles de Paris.",
        "Everything you did or asked for under this identification, at this institution, newest first. You "
        "alone read this page. A refused request tells neither the record nor the reason. Times are those of "
        "Paris.",
    ),
    "own.none": ("Rien n'est noté pour l'instant.", "Nothing is noted so far."),
    "own.record": ("Dossier", "Record"),
    "own.open": ("Dossier {record}…", "Record {record}…"),
    "own.no_record": ("Aucun dossier nommé", "No record named"),
    "log.title": ("Qui a consulté mes documents", "Who looked at my documents"),
    "log.intro": (
        "Chaque accès et chaque tentative sont notés ici, du plus récent au plus ancien. Personne ne peut "
        "effacer ces lignes. Ce qu'une même personne a fait le même jour, de la même façon et avec le même "
        "résultat est réuni ; le détail montre chaque ligne. Un accès en urgence est toujours à part. Les "
        "heures sont celles de Paris.",
        "Every access and every attempt is written here, newest first. Nobody can remove these lines. What "
        "one person did on one day, in the same way and with the same result stands together; the details "
        "show each line. An emergency access always stands apart. Times are those of Paris.",
    ),
    "log.none": (
        "Rien dans cette partie de l'historique.",
        "Nothing in this part of the history.",
    ),
    "log.others": (
        "Vos propres actions ne sont pas affichées.",
        "Your own actions are not shown.",
    ),
    "log.filter.title": ("Choisir ce qui est affiché", "Choose what is shown"),
    "log.filter.qui": ("Qui", "Who"),
    "log.filter.qui.autres": ("Tous, sauf moi", "Everybody but me"),
    "log.filter.qui.tous": ("Tous, moi compris", "Everybody, me included"),
    "log.filter.qui.moi": ("Moi seulement", "Me alone"),
    "log.filter.qui.professionnels": ("Les professionnels de santé", "Health professionals"),
    "log.filter.qui.person": ("La personne choisie", "The person chosen"),
    "log.filter.acte": ("Quoi", "What"),
    "log.filter.acte.all": ("Tout", "Everything"),
    "log.filter.acte.urgence": ("Les accès en urgence", "Emergency accesses"),
    "log.filter.acte.lecture": ("Les lectures", "Readings"),
    "log.filter.acte.depot": ("Les dépôts et retraits", "Deposits and withdrawals"),
    "log.filter.acte.choix": ("Mes choix", "My choices"),
    "log.filter.acte.autre": ("Le reste", "The rest"),
    "log.filter.resultat.all": ("Permis et refusé", "Permitted and refused"),
    "log.filter.resultat.permis": ("Permis", "Permitted"),
    "log.filter.resultat.refuse": ("Refusé", "Refused"),
    "log.filter.du": ("Du", "From"),
    "log.filter.au": ("Au", "To"),
    "log.filter.submit": ("Afficher", "Show"),
    "log.filter.reset": ("Revenir à l'affichage habituel", "Back to the usual view"),
    "log.count": ("Sur cette page : {rows}, {lines}.", "On this page: {rows}, {lines}."),
    "log.rows.one": ("1 passage", "1 sitting"),
    "log.rows.many": ("{n} passages", "{n} sittings"),
    "log.lines.one": ("1 ligne", "1 line"),
    "log.lines.many": ("{n} lignes", "{n} lines"),
    "log.detail": ("Détail : {lines}", "Details: {lines}"),
    "log.ways": (
        "Lire un document laisse plusieurs lignes : trouver le dossier, afficher la liste, puis ouvrir le "
        "document. Quand elles se suivent à moins de dix minutes, elles comptent plus haut pour une seule "
        "lecture.",
        "Reading a document leaves several lines: finding the record, showing the list, then opening the "
        "document. Where they follow each other within ten minutes, they count above as one reading.",
    ),
    "log.times": ("{n} fois", "{n} times"),
    "log.assumed": (
        "Cette règle est supposée : le tableau officiel n'est pas connu en entier.",
        "This rule is assumed: the official table is not known in full.",
    ),
    "log.repeated": (
        "{n} autres demandes, de {first} à {last}, refusées de même",
        "{n} further requests, from {first} to {last}, refused alike",
    ),
    "log.from_to": ("de {first} à {last}", "from {first} to {last}"),
    "log.day_continues": (
        "Cette journée peut continuer à la page suivante, qui compte alors le reste de ses lignes.",
        "This day may go on on the next page, which then counts the rest of its lines.",
    ),
    "log.older": ("Plus ancien", "Older"),
    "log.newest": ("Revenir au plus récent", "Back to the newest"),
    "log.who": ("Qui", "Who"),
    "log.what": ("Quoi", "What"),
    "log.when": ("Quand", "When"),
    "log.mode": ("Mode", "Mode"),
    "log.result": ("Résultat", "Result"),
    "log.permit": ("Permis", "Permitted"),
    "log.deny": ("Refusé", "Refused"),
    "who.patient": ("Vous", "You"),
    "who.professional": ("{profession}", "{profession}"),
    "who.depositor": ("Un établissement qui dépose des documents", "An institution that deposits documents"),
    "who.operator": ("L'hébergeur du dossier", "The host of the record"),
    "who.unknown": ("Une personne non identifiée", "A person not identified"),
    "who.profession.unknown": (
        "Professionnel de profession inconnue",
        "Professional of unknown profession",
    ),
    "who.rpps": ("RPPS {rpps}", "RPPS {rpps}"),
    "who.structure": ("établissement n° {structure}", "institution no. {structure}"),
    "mode.normal": ("Normal", "Normal"),
    "mode.bris_de_glace": ("Urgence : bris de glace", "Emergency: broken glass"),
    "mode.centre_15": ("Urgence : appel au 15", "Emergency: call to 15"),
    "mode.INGEST": ("Dépôt", "Deposit"),
    "mode.MAINTENANCE": ("Maintenance", "Maintenance"),
    "log.reason": ("Motif écrit : {reason}", "Written reason: {reason}"),
    "did.search": ("Liste des documents", "List of documents"),
    "did.retrieve": ("Lecture de documents", "Reading of documents"),
    "did.retrieve.many": ("Lecture de {n} documents", "Reading of {n} documents"),
    "did.retrieve.titled": ("Lecture du document « {title} »", "Reading of the document “{title}”"),
    "did.opened_by.gateway": (
        "{what}, ouvert et affiché par le serveur de Coffre",
        "{what}, opened and shown by the server of Coffre",
    ),
    "did.deposit": ("Dépôt d'un document", "Deposit of a document"),
    "did.read_log": ("Lecture de cet historique", "Reading of this history"),
    "did.read_own_log": ("Lecture de ses propres actions", "Reading of own actions"),
    "did.open_record": ("Ouverture du dossier", "Opening of the record"),
    "did.close_record": ("Fermeture du dossier", "Closing of the record"),
    "did.reopen_record": ("Réouverture du dossier", "Reopening of the record"),
    "did.suspend_record": ("Suspension du dossier", "Suspension of the record"),
    "did.authorise": ("Autorisation d'un professionnel", "Authorisation of a professional"),
    "did.revoke": ("Retrait d'une autorisation", "Withdrawal of an authorisation"),
    "did.choose": (
        "Choix des documents montrés à un professionnel",
        "Choice of what a professional is shown",
    ),
    "did.record_consent": (
        "Consentement recueilli par le professionnel pendant une consultation",
        "Consent that the professional recorded during a visit",
    ),
    "did.form_team": ("Autorisation d'une équipe ou d'une liste", "Authorisation of a team or a list"),
    "did.join_team": ("Ajout dans une équipe", "Addition to a team"),
    "did.leave_team": ("Départ d'une équipe", "Departure from a team"),
    "did.end_team": ("Fin d'une équipe et de ses accès", "End of a team and of its access"),
    "did.withdraw_consent": ("Retrait de tout consentement", "Withdrawal of all consent"),
    "did.give_consent": ("Consentement donné", "Consent given"),
    "did.archive_choices": (
        "Classement par le coffre d'autorisations terminées",
        "Filing by the vault of authorisations that had ended",
    ),
    "did.move_choices": (
        "Rangement d'une autorisation par le coffre, sans changement de droits",
        "Filing of an authorisation by the vault; no right changes",
    ),
    "did.block": ("Blocage d'un professionnel", "Blocking of a professional"),
    "did.unblock": ("Déblocage d'un professionnel", "Unblocking of a professional"),
    "did.name_attending": ("Désignation d'un médecin traitant", "Naming of an attending doctor"),
    "did.remove_attending": (
        "Fin de désignation d'un médecin traitant",
        "End of an attending doctor's status",
    ),
    "did.label": ("Changement de visibilité d'un document", "Change of a document's visibility"),
    "did.label.titled": (
        "Changement de visibilité de « {title} »",
        "Change of visibility of “{title}”",
    ),
    "did.announce": ("Annonce d'un document au patient", "Announcement of a document to the patient"),
    "did.announce.titled": (
        "Annonce de « {title} » au patient",
        "Announcement of “{title}” to the patient",
    ),
    "did.set_emergency": ("Choix pour les urgences", "Choice for emergencies"),
    "did.read_notices": ("Lecture des avis", "Reading of notices"),
    "did.read_contacts": ("Lecture de l'adresse e-mail", "Reading of the e-mail address"),
    "did.set_contact": ("Nouvelle adresse pour les avis", "New address for notices"),
    "did.confirm_contact": (
        "Confirmation d'une adresse pour les avis",
        "Confirmation of an address for notices",
    ),
    "did.delete_contact": ("Retrait d'une adresse pour les avis", "Removal of an address for notices"),
    "did.identify": ("Recherche du dossier", "Search for the record"),
    "did.search_deposits": (
        "Recherche, par la structure qui les a déposés, de ses propres dépôts",
        "Search for deposits of its own, by the structure that made them",
    ),
    "did.still": ("Suite d'une lecture en cours", "Continuation of a reading"),
    "did.reject": ("Document refusé au dépôt", "Document refused at deposit"),
    "did.quarantine": ("Document mis de côté au dépôt", "Document put aside at deposit"),
    "did.release": (
        "Reprise d'un document mis de côté, par deux opérateurs",
        "Release of a document that was set aside, by two operators",
    ),
    "did.destroy": ("Destruction d'un document mis de côté", "Destruction of a document that was set aside"),
    "did.compact": (
        "Regroupement technique d'un examen, sans lecture",
        "Technical repacking of a study, without reading",
    ),
    "did.render": (
        "Préparation technique de petites images d'un examen, sans lecture",
        "Technical preparation of small pictures of a study, without reading",
    ),
    "did.withdraw": ("Retrait d'images par leur auteur", "Withdrawal of images by their author"),
    "did.erase": ("Effacement de ce qui a été retiré", "Erasure of what was withdrawn"),
    "did.authenticate": ("Identification", "Identification"),
    "did.acknowledge": ("Lecture d'un avis", "Reading of a notice"),
    "did.other": ("Autre opération", "Other operation"),
}
