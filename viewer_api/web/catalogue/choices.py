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
    "professional.named": ("{name} (RPPS {rpps})", "{name} (RPPS {rpps})"),
    "professional.sentence": ("Le professionnel RPPS {rpps}", "The professional RPPS {rpps}"),
    "professional.sentence.named": ("{name} (RPPS {rpps})", "{name} (RPPS {rpps})"),
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
    "authorise.scope": ("Que peut-il voir ?", "What may they see?"),
    "authorise.scope.all": ("Tous mes documents", "All my documents"),
    "authorise.scope.chosen": (
        "Seulement les documents que je choisis ensuite",
        "Only the documents that I choose next",
    ),
    "authorise.submit": ("Autoriser", "Authorise"),
    "authorised.scope.all": ("Voit tous vos documents", "Sees all your documents"),
    "authorised.scope.chosen": (
        "Voit seulement les documents que vous avez choisis",
        "Sees only the documents that you chose",
    ),
    "authorised.choose": ("Choisir les documents", "Choose documents"),
    "authorised.more": ("Autorisations suivantes", "More permissions"),
    "shown.title": ("Documents montrés à un professionnel", "Documents shown to a professional"),
    "shown.nobody": (
        "Vous n'avez pas autorisé ce professionnel, ou son autorisation est retirée.",
        "You have not authorised this professional, or the authorisation was withdrawn.",
    ),
    "shown.now.all": (
        "Aujourd'hui, ce professionnel voit tous vos documents.",
        "At present this professional sees all your documents.",
    ),
    "shown.now.chosen": (
        "Aujourd'hui, ce professionnel voit seulement ce qui est coché ci-dessous.",
        "At present this professional sees only what is ticked below.",
    ),
    "shown.explain": (
        "Quand vous enregistrez, il ne voit plus que ce que vous avez coché, et les documents qu'il a "
        "déposés lui-même ou que son établissement a déposés. Un nouveau document ne lui est pas montré, "
        "sauf s'il est d'une sorte cochée.",
        "Once you save, they see only what you ticked, and the documents that they or their institution "
        "deposited. A new document is not shown to them, unless it is of a kind that you ticked.",
    ),
    "shown.documents": ("Documents à montrer", "Documents to show"),
    "shown.kinds": (
        "Sortes de documents à montrer, présents et à venir",
        "Kinds of documents to show, present ones and later ones",
    ),
    "shown.together": (
        "Un examen d'imagerie et son compte rendu sont montrés ensemble.",
        "An imaging study and its report are shown together.",
    ),
    "shown.submit": ("Enregistrer mon choix", "Save my choice"),
    "shown.done": ("Votre choix est enregistré.", "Your choice is saved."),
    "shown.back": ("Revenir à mes autorisations", "Back to my permissions"),
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
    "confirm.authorise": (
        "Cette personne pourra consulter votre dossier pendant un an, ou jusqu'à la date que vous avez "
        "choisie. Vous pourrez retirer l'autorisation à tout moment.",
        "This person will be able to consult your record for a year, or until the date you chose. You can "
        "withdraw the authorisation at any time.",
    ),
    "confirm.who": ("C'est bien cette personne ?", "Is this the person?"),
    "confirm.where": ("Exerce", "Practises"),
    "confirm.where.unknown": ("Aucun lieu d'exercice n'est connu", "No place of practice is known"),
    "confirm.nobody": (
        "Aucun nom n'est connu pour ce numéro. Comparez-le chiffre par chiffre avec celui de l'ordonnance.",
        "No name is known for this number. Compare it digit by digit with the one on the prescription.",
    ),
    "confirm.title": ("Confirmez votre choix", "Confirm your choice"),
    "confirm.yes": ("Oui, je confirme", "Yes, I confirm"),
    "confirm.no": ("Non, revenir sans rien changer", "No, go back and change nothing"),
    "confirm.block": (
        "Cette personne ne pourra plus rien consulter dans votre dossier, même en cas "
        "d'urgence vitale. Vous pourrez la débloquer à tout moment.",
        "This person will no longer be able to consult anything in your record, not even "
        "when your life is at risk. You can unblock them at any time.",
    ),
    "confirm.name_attending": (
        "Cette personne verra tous vos documents, y compris ceux que vous avez masqués, et "
        "la liste de toutes les consultations.",
        "This person will see all your documents, including those you masked, and the "
        "list of all consultations.",
    ),
    "confirm.permanent": (
        "Cette personne pourra consulter votre dossier sans limite de durée, jusqu'à ce que "
        "vous retiriez l'autorisation vous-même.",
        "This person will be able to consult your record without an end, until you "
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
