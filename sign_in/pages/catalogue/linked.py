"""Texts for patients who sign in by FranceConnect: French, then English."""

from records.text.languages import Catalogue

LINKED: Catalogue = {
    "sentence.federation_not_linked": (
        "Aucun compte n'est relié à cette identité. Connectez-vous autrement, puis reliez-la dans « Mes "
        "connexions ».",
        'No account is linked to this identity. Sign in by another way, then link it in "My sessions".',
    ),
    "sentence.identity_linked": (
        "Cette identité est déjà reliée à un autre compte.",
        "This identity is linked to another account already.",
    ),
    "linked.sign_in.title": ("Vous avez relié FranceConnect ?", "Have you linked FranceConnect?"),
    "linked.sign_in.what": (
        "FranceConnect ouvre le compte auquel vous l'avez relié, après une première connexion.",
        "FranceConnect opens the account that you have linked it to, after a first sign-in.",
    ),
    "linked.sign_in": ("Se connecter avec FranceConnect", "Sign in with FranceConnect"),
    "linked.title": ("FranceConnect et mon compte", "FranceConnect and my account"),
    "linked.no": (
        "Votre compte n'est relié à aucune identité FranceConnect. Reliez la vôtre pour entrer par elle.",
        "Your account is linked to no identity of FranceConnect. Link yours to sign in by it.",
    ),
    "linked.yes": (
        "Votre compte est relié à votre identité FranceConnect : elle suffit pour entrer.",
        "Your account is linked to your identity at FranceConnect: it is enough to sign in.",
    ),
    "linked.begin": ("Relier mon identité FranceConnect", "Link my identity at FranceConnect"),
    "linked.end": ("Ne plus entrer par FranceConnect", "Sign in by FranceConnect no more"),
    "linked.leave": (
        "Identifiez-vous chez FranceConnect ; vous revenez ensuite ici.",
        "Identify yourself at FranceConnect; you then come back here.",
    ),
    "linked.leave.link": ("Continuer vers FranceConnect", "Go on to FranceConnect"),
    "done.linked": ("Votre identité FranceConnect est reliée.", "Your identity at FranceConnect is linked."),
    "done.unlinked": (
        "FranceConnect n'ouvre plus votre compte.",
        "FranceConnect opens your account no more.",
    ),
}
