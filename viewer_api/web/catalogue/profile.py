"""Texts of own information, and of documents that the patient deposits."""

from collections.abc import Mapping

PROFILE: Mapping[str, tuple[str, str]] = {
    "profile.title": ("Mon profil médical", "My medical profile"),
    "profile.intro": (
        "Ce que vous écrivez ici aide à vous soigner, surtout en urgence. Les professionnels que vous avez "
        "autorisés le lisent, avec la mention « déclaré par le patient ». Vous seul pouvez l'écrire.",
        "What you write here helps to care for you, above all in an emergency. The professionals whom you "
        "authorised read it, marked as declared by the patient. You alone can write it.",
    ),
    "profile.none": ("Rien pour le moment.", "Nothing yet."),
    "profile.add": ("Ajouter", "Add"),
    "profile.change": ("Modifier ou retirer", "Change or remove"),
    "profile.since": ("Déclaré le", "Declared on"),
    "profile.back": ("Retour à mon profil médical", "Back to my medical profile"),
    "profile.submit": ("Enregistrer", "Save"),
    "profile.remove": ("Retirer cette information", "Remove this information"),
    "profile.former": ("Ce que vous aviez écrit avant", "What you had written before"),
    "profile.optional": ("(facultatif)", "(optional)"),
    "profile.mask": (
        "Masquer aux professionnels, sauf à mon médecin traitant, même en urgence",
        "Hide it from professionals but my attending doctor, in an emergency too",
    ),
    "profile.done.declared": ("C'est enregistré.", "It is saved."),
    "profile.done.removed": (
        "L'information est retirée. Vous seul la retrouvez, parmi vos documents.",
        "The information is removed. You alone find it, among your documents.",
    ),
    "profile.done.later": (
        "C'est reçu, et sera enregistré dans quelques instants.",
        "It is received, and will be saved in a moment.",
    ),
    "profile.date.hint": (
        "Par exemple 31/12/2019, ou 12/2019, ou 2019.",
        "For example 31/12/2019, or 12/2019, or 2019.",
    ),
    "profile.kind.blood_group": ("Groupe sanguin", "Blood group"),
    "profile.kind.allergy": ("Allergies et intolérances", "Allergies and intolerances"),
    "profile.kind.vaccination": ("Vaccinations", "Vaccinations"),
    "profile.kind.treatment": ("Traitements", "Treatments"),
    "profile.kind.directives": ("Directives anticipées", "Advance directives"),
    "profile.kind.organ_donation": ("Don d'organes", "Organ donation"),
    "profile.kind.trusted_person": ("Personne de confiance", "Trusted person"),
    "profile.kind.to_warn": ("Personne à prévenir", "Person to warn"),
    "profile.field.group": ("Groupe", "Group"),
    "profile.field.date": ("Date", "Date"),
    "profile.field.note": ("Remarque", "Remark"),
    "profile.field.text": ("Nom", "Name"),
    "profile.field.criticality": ("Gravité", "Severity"),
    "profile.field.lot": ("Numéro de lot", "Lot number"),
    "profile.field.dosage": ("Dose et moment", "Dose and time"),
    "profile.field.state": ("Où en est le traitement", "State of the treatment"),
    "profile.field.words": ("Mes volontés", "My wishes"),
    "profile.field.wish": ("Après ma mort", "After my death"),
    "profile.field.name": ("Nom et prénom", "Name"),
    "profile.field.phone": ("Téléphone", "Telephone"),
    "profile.criticality.low": ("Peu grave", "Not serious"),
    "profile.criticality.high": ("Grave", "Serious"),
    "profile.criticality.unable-to-assess": ("Je ne sais pas", "I do not know"),
    "profile.state.active": ("En cours", "Under way"),
    "profile.state.completed": ("Terminé", "Ended"),
    "profile.state.stopped": ("Arrêté avant la fin", "Stopped early"),
    "profile.wish.permit": ("J'accepte le don de mes organes", "I accept to donate my organs"),
    "profile.wish.deny": ("Je refuse le don de mes organes", "I refuse to donate my organs"),
    "profile.problem": (
        "Ce n'est pas enregistré. Vérifiez ce que vous avez écrit, puis recommencez.",
        "It is not saved. Check what you have written, then try again.",
    ),
    "profile.problem.entry_member_missing": (
        "Il manque une réponse. Remplissez tous les champs qui ne sont pas facultatifs.",
        "An answer is missing. Fill in each field that is not optional.",
    ),
    "profile.problem.entry_code_unknown": (
        "Il manque un choix. Cochez une des réponses.",
        "A choice is missing. Tick one of the answers.",
    ),
    "profile.problem.entry_value_bad": (
        "Une réponse manque, est trop longue ou contient un signe qui ne peut pas être affiché.",
        "An answer is missing, too long, or has a sign that cannot be shown.",
    ),
    "profile.problem.entry_date_bad": (
        "La date n'existe pas. Écrivez-la comme dans l'exemple.",
        "The date does not exist. Write it as in the example.",
    ),
    "profile.problem.not_newest": (
        "Vous avez déjà modifié cette information ailleurs. Rouvrez-la depuis votre profil.",
        "You have changed this information elsewhere. Open it again from your profile.",
    ),
    "profile.shown.title": ("Profil médical", "Medical profile"),
    "profile.shown.link": (
        "Profil médical déclaré par le patient",
        "Medical profile declared by the patient",
    ),
    "profile.shown.tag": ("Déclaré par le patient", "Declared by the patient"),
    "profile.shown.about": (
        "Ces informations sont déclarées par le patient. Aucun professionnel ne les a vérifiées.",
        "The patient declares this information. No professional has checked it.",
    ),
    "profile.shown.none": (
        "Le patient n'a rien déclaré que vous puissiez lire.",
        "The patient has declared nothing that you may read.",
    ),
    "own_document.link": ("Déposer un document", "Deposit a document"),
    "own_document.title": ("Déposer un document", "Deposit a document"),
    "own_document.back": ("Retour à mes documents", "Back to my documents"),
    "own_document.intro": (
        "Le document entre dans votre dossier, avec la mention qu'il vient de vous.",
        "The document enters your record, and is said to come from you.",
    ),
    "own_document.name": ("Titre", "Title"),
    "own_document.type": ("Sorte de document", "Kind of document"),
    "own_document.type.DOCPAT03": ("Compte rendu", "Report"),
    "own_document.type.DOCPAT05": ("Résultat de biologie", "Laboratory result"),
    "own_document.type.DOCPAT04": ("Imagerie", "Imaging"),
    "own_document.type.DOCPAT02": ("Traitement ou soins", "Treatment or care"),
    "own_document.type.DOCPAT07": ("Certificat", "Certificate"),
    "own_document.type.DOCPAT09": ("Document administratif", "Administrative document"),
    "own_document.type.EXPPAT_3": ("Directives anticipées", "Advance directives"),
    "own_document.type.EXPPAT_2": ("Autre document", "Other document"),
    "own_document.file": ("Fichier", "File"),
    "own_document.file.hint": ("Un fichier PDF de 20 Mo au plus.", "A PDF file of 20 MB at most."),
    "own_document.submit": ("Déposer", "Deposit"),
    "done.deposited": ("Le document est dans votre dossier.", "The document is in your record."),
    "own_document.problem": (
        "Le document n'est pas déposé. Ce n'est pas un PDF, ou il contient un programme ou un mot de passe. "
        "Imprimez-le dans un nouveau PDF, puis recommencez.",
        "The document is not deposited. It is no PDF, or has a program or a password in it. Print it to a "
        "new PDF, then try again.",
    ),
    "own_document.problem.title_missing": ("Donnez un titre au document.", "Give the document a title."),
    "own_document.problem.file_missing": ("Choisissez un fichier.", "Choose a file."),
    "own_document.problem.pdf_too_large": (
        "Le fichier est trop grand : 20 Mo au plus.",
        "The file is too large: 20 MB at most.",
    ),
}
