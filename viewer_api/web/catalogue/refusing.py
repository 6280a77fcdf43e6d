"""Texts about documents that the holder refuses or archives, and about what she does not take."""

from collections.abc import Mapping

REFUSING: Mapping[str, tuple[str, str]] = {
    "document.refused.tag": ("Refusé", "Refused"),
    "document.archived.tag": ("Archivé", "Archived"),
    "document.refused": (
        "Vous avez refusé ce document le {when} : « {reason} ». Vous seul le voyez encore.",
        "You refused this document on {when}: “{reason}”. Only you still see it.",
    ),
    "document.admit": ("Accepter de nouveau ce document", "Accept this document again"),
    "document.refuse": ("Refuser ce document", "Refuse this document"),
    "document.refuse.explain": (
        "Un document refusé n'est plus montré à personne d'autre que vous : ni à votre médecin traitant, ni "
        "en cas d'urgence. Celui qui l'a déposé saura que vous l'avez refusé, mais pas pourquoi. Vous "
        "pourrez l'accepter de nouveau.",
        "A refused document is no longer shown to anybody but you: not to your attending doctor, not in an "
        "emergency. Whoever deposited it will know that you refused it, but not why. You can accept it "
        "again.",
    ),
    "document.refuse.reason": ("Pourquoi refusez-vous ce document ?", "Why do you refuse this document?"),
    "document.refuse.reason.hint": (
        "Par exemple : ce document concerne une autre personne. Vous seul lirez cette réponse.",
        "For example: this document is about another person. Only you will read this answer.",
    ),
    "document.refuse.submit": ("Oui, je refuse ce document", "Yes, I refuse this document"),
    "document.delete": ("Supprimer ce document", "Delete this document"),
    "document.delete.explain": (
        "Vous ou votre établissement avez déposé ce document. Une fois supprimé, plus personne ne le voit, "
        "et ce choix ne se reprend pas. Le patient en est averti.",
        "You or your institution deposited this document. Once deleted nobody sees it any more, and this "
        "cannot be undone. The patient is told.",
    ),
    "document.delete.submit": ("Oui, je supprime ce document", "Yes, I delete this document"),
    "document.archive": ("Archiver ce document", "Archive this document"),
    "document.archive.explain": (
        "Archiver range un document qui ne sert plus. Ceux qui y ont droit peuvent toujours le lire.",
        "Archiving puts away a document that is no longer of use. Those who may can still read it.",
    ),
    "document.unarchive": ("Sortir ce document des archives", "Take this document out of the archive"),
    "refusals.title": ("Documents que je ne reçois pas", "Documents that I do not take"),
    "refusals.explain": (
        "Vous pouvez refuser d'avance une sorte de documents, ou tout ce qu'envoie un établissement. Ce qui "
        "est déjà dans votre dossier y reste : refusez ces documents un par un.",
        "You can refuse a kind of documents in advance, or all that an institution sends. What is in your "
        "record already stays there: refuse those documents one by one.",
    ),
    "refusals.none": ("Vous recevez toutes les sortes de documents.", "You take all kinds of documents."),
    "refusals.remove": ("Recevoir de nouveau", "Take again"),
    "refusals.kind": ("Sorte de documents", "Kind of documents"),
    "refusals.kind.submit": ("Ne plus recevoir cette sorte", "Take this kind no more"),
    "refusals.number": ("Numéro de l'établissement", "The institution's number"),
    "refusals.number.hint": (
        "Il est écrit sur vos documents, après le mot « Établissement » : il commence par 1 ou 3.",
        "It is written on your documents, after the word “Institution”: it begins with 1 or 3.",
    ),
    "refusals.structure.submit": (
        "Ne plus rien recevoir de cet établissement",
        "Take nothing from this institution any more",
    ),
    "confirm.refuse_deposits": (
        "Ces documents n'entreront plus dans votre dossier : {what}. Vos soignants ne les y trouveront pas, "
        "même en cas d'urgence. Celui qui les envoie saura que vous ne les recevez pas. Vous pourrez changer "
        "d'avis à tout moment.",
        "These documents will no longer enter your record: {what}. Your carers will not find them there, not "
        "even in an emergency. Whoever sends them will know that you do not take them. You can change your "
        "mind at any time.",
    ),
    "done.refuse_deposits": ("Ces documents ne sont plus reçus.", "These documents are no longer taken."),
    "done.admit_deposits": ("Ces documents sont reçus de nouveau.", "These documents are taken again."),
    "notices.taken_back": (
        "Le {when}, un document a été supprimé de votre dossier par celui qui l'avait écrit.",
        "On {when}, a document was deleted from your record by whoever wrote it.",
    ),
    "notices.refusals_changed": (
        "Le {when}, vos refus de documents ont changé.",
        "On {when}, your refusals of documents changed.",
    ),
}
