"""Texts of the page where the holder decides."""

from collections.abc import Mapping

CHOICES: Mapping[str, tuple[str, str]] = {
    "choices.title": ("Mes autorisations", "My permissions"),
    "choices.intro": (
        "Ce que vous décidez ici s'applique dès la consultation suivante. Les documents déjà lus par un "
        "professionnel ne peuvent pas lui être repris.",
        "What you decide here applies from the next consultation on. What a professional has already read "
        "cannot be taken back.",
    ),
    "rpps": ("Numéro RPPS du professionnel", "The professional's RPPS number"),
    "rpps.hint": (
        "11 chiffres, imprimés sur ses ordonnances. Le numéro à 12 chiffres qui commence par 8 convient "
        "aussi.",
        "11 digits, printed on their prescriptions. The 12-digit number that starts with 8 works as well.",
    ),
    "professional": ("Professionnel RPPS {rpps}", "Professional RPPS {rpps}"),
    "authorised.title": ("Professionnels autorisés", "Authorised professionals"),
    "authorised.none": ("Vous n'avez autorisé personne.", "You have authorised nobody."),
    "authorised.until": ("Depuis le {since}, jusqu'au {until}", "Since {since}, until {until}"),
    "authorised.permanent": ("Depuis le {since}, sans limite de durée", "Since {since}, without an end"),
    "authorised.expired": ("Terminée le {until}", "Ended on {until}"),
    "authorised.revoke": ("Retirer l'autorisation", "Withdraw"),
    "authorise.title": ("Autoriser un professionnel", "Authorise a professional"),
    "authorise.duration": ("Pour combien de temps ?", "For how long?"),
    "authorise.year": ("Un an", "One year"),
    "authorise.until": ("Jusqu'à une date", "Until a date"),
    "authorise.permanent": ("Sans limite de durée", "Without an end"),
    "authorise.date": ("Dernier jour de l'autorisation", "Last day of the authorisation"),
    "authorise.date.hint": (
        "Seulement si vous avez choisi « Jusqu'à une date ».",
        "Only if you chose “Until a date”.",
    ),
    "authorise.submit": ("Autoriser", "Authorise"),
    "attending.title": ("Médecin traitant", "Attending doctor"),
    "attending.explain": (
        "Votre médecin traitant voit tous vos documents, même masqués, ainsi que la liste des "
        "consultations, accès en urgence compris. Vous pouvez en désigner plusieurs.",
        "Your attending doctor sees all your documents, masked ones too, and the list of consultations, "
        "emergency accesses included. You may name several.",
    ),
    "attending.none": ("Vous n'avez désigné aucun médecin traitant.", "You have named no attending doctor."),
    "attending.submit": ("Désigner", "Name"),
    "attending.remove": ("Ne plus désigner", "Remove"),
    "blocks.title": ("Professionnels bloqués", "Blocked professionals"),
    "blocks.explain": (
        "Un professionnel bloqué ne consulte rien, même en urgence et même si vous l'aviez autorisé.",
        "A blocked professional consults nothing, not even in an emergency, not even if you had authorised "
        "them.",
    ),
    "blocks.none": ("Vous n'avez bloqué personne.", "You have blocked nobody."),
    "blocks.submit": ("Bloquer", "Block"),
    "blocks.remove": ("Débloquer", "Unblock"),
    "emergency.choices.title": ("En cas d'urgence", "In an emergency"),
    "switch.state": ("Aujourd'hui : {state}", "At present: {state}"),
    "switch.allowed": ("autorisé", "allowed"),
    "switch.opposed": ("interdit", "forbidden"),
    "switch.allow": ("Autoriser de nouveau", "Allow again"),
    "switch.oppose": ("Interdire", "Forbid"),
    "switch.bris_de_glace": ("Bris de glace", "Breaking the glass"),
    "switch.bris_de_glace.about": ("le bris de glace", "breaking the glass"),
    "switch.bris_de_glace.explain": (
        "Si votre vie est en danger et que vous ne pouvez pas parler, un professionnel de santé peut "
        "ouvrir votre dossier sans votre autorisation. Il doit écrire pourquoi. Vous le verrez sur la page "
        "« Mes documents » à votre prochaine visite. Vos documents masqués restent masqués.",
        "If your life is in danger and you cannot speak, a health professional may open your record "
        "without your authorisation. They must write why. You will see it on the page “My documents” on your "
        "next visit. Your masked documents stay masked.",
    ),
    "switch.centre_15": ("Appel au 15 (SAMU)", "Call to the emergency number 15"),
    "switch.centre_15.about": ("l'appel au 15 (SAMU)", "the call to the emergency number 15"),
    "switch.centre_15.explain": (
        "Si quelqu'un appelle le 15 pour vous, le médecin qui répond peut lire votre dossier sans votre "
        "autorisation. Vous le verrez sur la page « Mes documents » à votre prochaine visite.",
        "If somebody calls 15 for you, the doctor who answers may read your record without your "
        "authorisation. You will see it on the page “My documents” on your next visit.",
    ),
    "confirm.title": ("Confirmez votre choix", "Confirm your choice"),
    "confirm.yes": ("Oui, je confirme", "Yes, I confirm"),
    "confirm.no": ("Non, revenir sans rien changer", "No, go back and change nothing"),
    "confirm.block": (
        "Le professionnel RPPS {rpps} ne pourra plus rien consulter dans votre dossier, même en cas "
        "d'urgence vitale. Vous pourrez le débloquer à tout moment.",
        "The professional RPPS {rpps} will no longer be able to consult anything in your record, not even "
        "when your life is at risk. You can unblock them at any time.",
    ),
    "confirm.name_attending": (
        "Le professionnel RPPS {rpps} verra tous vos documents, y compris ceux que vous avez masqués, et "
        "la liste de toutes les consultations.",
        "The professional RPPS {rpps} will see all your documents, including those you masked, and the "
        "list of all consultations.",
    ),
    "confirm.permanent": (
        "Le professionnel RPPS {rpps} pourra consulter votre dossier sans limite de durée, jusqu'à ce que "
        "vous retiriez l'autorisation vous-même.",
        "The professional RPPS {rpps} will be able to consult your record without an end, until you "
        "withdraw the authorisation yourself.",
    ),
    "confirm.bris_de_glace": (
        "Si votre vie est en danger et que vous ne pouvez pas parler, aucun soignant ne pourra lire vos "
        "allergies, vos traitements ou vos examens sans autorisation. Il n'y a pas d'exception.",
        "If your life is in danger and you cannot speak, no carer will be able to read your allergies, "
        "treatments or examinations without authorisation. There is no exception.",
    ),
    "confirm.centre_15": (
        "Si quelqu'un appelle le 15 pour vous, le médecin qui répond ne pourra rien lire de votre dossier. "
        "Il n'y a pas d'exception.",
        "If somebody calls 15 for you, the doctor who answers will not be able to read anything in your "
        "record. There is no exception.",
    ),
    "done.authorise": ("Le professionnel est autorisé.", "The professional is authorised."),
    "done.revoke": ("L'autorisation est retirée.", "The authorisation is withdrawn."),
    "done.block": ("Le professionnel est bloqué.", "The professional is blocked."),
    "done.unblock": ("Le professionnel n'est plus bloqué.", "The professional is no longer blocked."),
    "done.name_attending": ("Le médecin traitant est désigné.", "The attending doctor is named."),
    "done.remove_attending": (
        "Ce professionnel n'est plus votre médecin traitant.",
        "This professional is no longer your attending doctor.",
    ),
    "done.set_emergency": ("Votre choix est enregistré.", "Your choice is recorded."),
}
