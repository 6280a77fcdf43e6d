"""Texts of the pages of teams and lists, and of consent that is recorded, withdrawn or given again."""

from collections.abc import Mapping

TEAMS: Mapping[str, tuple[str, str]] = {
    "teams.title": ("Mes équipes de soins et listes", "My care teams and lists"),
    "teams.link": ("Autoriser une équipe ou une liste", "Authorise a team or a list"),
    "teams.intro": (
        "Ici vous autorisez plusieurs professionnels à la fois : une équipe qui vous soigne, ou les médecins "
        "d'un hôpital. Vous pouvez mettre fin à tous leurs accès en une fois.",
        "Here you authorise several professionals at once: a team that cares for you, or the doctors of a "
        "hospital. You can end the access of all of them at once.",
    ),
    "teams.running": ("Équipes et listes autorisées", "Authorised teams and lists"),
    "teams.none": ("Vous n'avez autorisé aucune équipe.", "You have authorised no team."),
    "teams.members.one": ("1 professionnel", "1 professional"),
    "teams.members.many": ("{n} professionnels", "{n} professionals"),
    "teams.until": ("Jusqu'au {until}", "Until {until}"),
    "teams.expired": ("Terminée le {until}", "Ended on {until}"),
    "teams.recorded": (
        "{who} a noté le {day} que vous avez donné votre accord.",
        "{who} noted on {day} that you gave your consent.",
    ),
    "teams.see": ("Voir ses membres", "See its members"),
    "teams.end": ("Mettre fin", "End"),
    "teams.contest": ("Je n'ai pas donné cet accord : mettre fin", "I did not consent: end it"),
    "teams.add": ("Autoriser une équipe ou une liste", "Authorise a team or a list"),
    "teams.add.explain": (
        "Tous pourront voir vos documents, sauf ceux que vous avez masqués. Un professionnel bloqué reste "
        "bloqué.",
        "All of them will see your documents, except those that you masked. Who is blocked stays blocked.",
    ),
    "teams.name": ("Nom de l'équipe ou de la liste", "Name of the team or list"),
    "teams.name.hint": ("Par exemple : Suivi de mon genou.", "For example: My knee."),
    "teams.numbers": ("Numéros RPPS, un par ligne", "RPPS numbers, one a line"),
    "teams.numbers.hint": (
        "1 000 lignes au plus. Un nom peut suivre le numéro.",
        "1,000 lines at most. A name may follow the number.",
    ),
    "teams.date.hint": ("Sans date : un an.", "Without a date: one year."),
    "teams.submit": ("Autoriser", "Authorise"),
    "teams.back": ("Revenir à mes équipes", "Back to my teams"),
    "team.title": ("Membres d'une équipe", "Members of a team"),
    "team.nobody": (
        "Cette équipe n'existe pas, ou elle est terminée.",
        "There is no such team, or it ended.",
    ),
    "team.members": ("Qui en fait partie", "Who belongs to it"),
    "team.none_here": ("Aucun membre sur cette page.", "No member on this page."),
    "team.remove": ("Retirer de l'équipe", "Remove from the team"),
    "team.add": ("Ajouter des professionnels", "Add professionals"),
    "team.result": ("Votre choix est enregistré", "Your choice is saved"),
    "team.joined.one": ("1 professionnel est autorisé.", "1 professional is authorised."),
    "team.joined.many": ("{n} professionnels sont autorisés.", "{n} professionals are authorised."),
    "team.not_joined": ("Lignes qui n'ont autorisé personne", "Lines that authorised nobody"),
    "team.line.bad_rpps": (
        "Ligne {line} : « {text} » n'est pas un numéro RPPS.",
        "Line {line}: “{text}” is no RPPS number.",
    ),
    "team.line.repeated": (
        "Ligne {line} : le numéro {text} est déjà plus haut.",
        "Line {line}: the number {text} stands above already.",
    ),
    "done.end_team": (
        "C'est fait : plus aucun membre n'a d'accès par cette équipe.",
        "Done: no member has access by this team any more.",
    ),
    "consent.title": ("Tout mon consentement", "All my consent"),
    "consent.explain": (
        "Si vous retirez tout votre consentement, toutes vos autorisations et vos équipes prennent fin, et "
        "vous n'avez plus de médecin traitant ici. Vous seul voyez vos documents. Les urgences suivent vos "
        "choix ci-dessus.",
        "If you withdraw all your consent, all your authorisations and teams end, and you have no attending "
        "doctor here any more. You alone see your documents. Emergencies follow your choices above.",
    ),
    "consent.withdraw": ("Retirer tout consentement", "Withdraw all consent"),
    "consent.none": (
        "Vous avez retiré votre consentement : personne d'autre que vous ne consulte vos documents, urgences "
        "mises à part.",
        "You withdrew your consent: nobody but you reads your documents, emergencies apart.",
    ),
    "consent.give": ("Donner de nouveau mon consentement", "Give my consent again"),
    "consent.give.explain": (
        "Vos anciennes autorisations ne reviennent pas : vous les donnerez de nouveau une par une.",
        "Your earlier authorisations do not come back: you will give them again one by one.",
    ),
    "confirm.withdraw_consent": (
        "Toutes vos autorisations et vos équipes prendront fin. Pour les rétablir, il faudra les donner de "
        "nouveau une par une.",
        "All your authorisations and teams will end. To restore them you will have to give them again one by "
        "one.",
    ),
    "done.withdraw_consent": ("Votre consentement est retiré.", "Your consent is withdrawn."),
    "done.give_consent": ("Votre consentement est donné.", "Your consent is given."),
    "record.consents": (
        "Le patient est avec vous et vous donne son accord",
        "The patient is with you and consents",
    ),
    "record.explain": (
        "Notez l'accord que le patient vient de donner. Il en est averti aussitôt et peut le contester. Pour "
        "vous seul, il vaut pour cette consultation, un jour au plus ; avec votre équipe de soins, un an.",
        "Note the consent that the patient just gave. They are told at once and can contest it. For yourself "
        "alone it is for this visit, a day at most; with your care team, one year.",
    ),
    "record.how": ("Comment l'a-t-il donné ?", "How did they give it?"),
    "record.how.spoken": ("De vive voix", "In words"),
    "record.how.written": ("Par écrit", "In writing"),
    "record.team": ("Votre équipe de soins, si elle suit ce patient", "Your care team, if it cares for them"),
    "record.submit": ("Noter l'accord et ouvrir le dossier", "Note the consent and open the record"),
}
