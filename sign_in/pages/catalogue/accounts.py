"""Texts of the pages on which accounts are opened: French, then English."""

from records.text.languages import Catalogue

_FOR_OTHERS: Catalogue = {
    "accounts.title": ("Ouvrir un compte", "Open an account"),
    "accounts.what": (
        "Pour un patient qui est devant vous. Vous lui remettez son identifiant ; le premier code part vers "
        "lui seul, et ne passe jamais par vous.",
        "For a patient who is before you. You hand the identifier over; the first code leaves for the "
        "patient alone, and never passes through you.",
    ),
    "accounts.ins": ("Numéro de sécurité sociale (INS)", "Social security number (INS)"),
    "accounts.ins.hint": (
        "Les quinze chiffres, clé comprise. Les espaces ne comptent pas.",
        "The fifteen digits, key included. Spaces do not count.",
    ),
    "accounts.contact": ("Adresse électronique du patient", "The patient's e-mail address"),
    "accounts.contact.both": (
        "Adresse électronique ou téléphone du patient",
        "The patient's e-mail address or telephone",
    ),
    "accounts.contact.hint": (
        "Comme nom@exemple.fr. Les codes de connexion partiront vers cette adresse.",
        "Such as name@example.fr. Sign-in codes will leave for this address.",
    ),
    "accounts.contact.hint.both": (
        "Comme nom@exemple.fr ou 06 12 34 56 78. Les codes de connexion y partiront.",
        "Such as name@example.fr or +33 6 12 34 56 78. Sign-in codes will leave for it.",
    ),
    "accounts.first": ("Le premier code part", "The first code leaves"),
    "accounts.first.message": ("tout de suite, par message", "at once, by message"),
    "accounts.first.letter": (
        "par lettre, à l'adresse que connaît l'assurance maladie",
        "by letter, to the address that the health insurer knows",
    ),
    "accounts.language": ("Langue des messages", "Language of messages"),
    "accounts.language.fr": ("français", "French"),
    "accounts.language.en": ("anglais", "English"),
    "accounts.identity": (
        "J'ai vérifié l'identité du patient, qui est présent et demande ce compte.",
        "I have checked the identity of the patient, who is here and asks for this account.",
    ),
    "accounts.submit": ("Ouvrir le compte", "Open the account"),
    "accounts.told": (
        "Votre numéro RPPS figure dans l'historique du patient, et une lettre l'informe de cette ouverture.",
        "Your RPPS number stands in the patient's history, and a letter tells the patient of this opening.",
    ),
    "accounts.opened.title": ("Le compte est ouvert", "The account is open"),
    "accounts.opened.what": (
        "Remettez cet identifiant au patient, sur papier. Il n'est montré qu'une fois.",
        "Hand this identifier to the patient, on paper. It is shown once.",
    ),
    "accounts.opened.message": (
        "Le premier code vient de partir vers le patient. Ne le lui demandez pas.",
        "The first code has just left for the patient. Do not ask for it.",
    ),
    "accounts.opened.letter": (
        "Le premier code part par lettre dans les jours qui viennent.",
        "The first code leaves by letter within days.",
    ),
    "accounts.opened.next": (
        "Avec les deux, le patient choisit son mot de passe : page « Se connecter », puis « Choisir mon mot "
        "de passe ».",
        "With both the patient chooses a password: page “Sign in”, then “Choose my password”.",
    ),
    "accounts.opened.again": ("Ouvrir un autre compte", "Open another account"),
}
_ONLINE: Catalogue = {
    "sign_in.open.title": ("Vous n'avez pas de compte ?", "You have no account?"),
    "sign_in.open": (
        "Demandez-en un ici, ou à votre médecin ou votre pharmacien.",
        "Ask for one here, or ask your doctor or pharmacist.",
    ),
    "sign_in.open.link": ("Demander un compte", "Ask for an account"),
    "open.title": ("Demander un compte", "Ask for an account"),
    "open.what": (
        "Nous vous montrons un identifiant. Une lettre avec un code part ensuite chez vous, à l'adresse que "
        "connaît votre caisse d'assurance maladie. Il faut les deux pour ouvrir votre compte.",
        "We show you an identifier. A letter with a code then leaves for your home, to the address that your "
        "health insurer knows. Your account takes both.",
    ),
    "open.ins": ("Votre numéro de sécurité sociale", "Your social security number"),
    "open.ins.hint": (
        "Les quinze chiffres de votre carte Vitale. Les espaces ne comptent pas.",
        "The fifteen digits of your Vitale card. Spaces do not count.",
    ),
    "open.contact": ("Votre adresse électronique", "Your e-mail address"),
    "open.contact.both": (
        "Votre adresse électronique ou votre téléphone",
        "Your e-mail address or telephone",
    ),
    "open.submit": ("Demander mon compte", "Ask for my account"),
    "open.alone": (
        "Sans carte ou sans adresse électronique, adressez-vous à votre médecin, à votre pharmacien ou à "
        "l'accueil de votre caisse.",
        "Without a card or an e-mail address ask your doctor, your pharmacist or the counter of your "
        "insurer.",
    ),
    "open.asked.title": ("Notez votre identifiant", "Write your identifier down"),
    "open.asked.what": (
        "Recopiez-le sur papier, ou imprimez cette page. Il n'est montré qu'une fois.",
        "Copy it onto paper, or print this page. It is shown once.",
    ),
    "open.asked.next.title": ("Et maintenant ?", "And now?"),
    "open.asked.next": (
        "Une lettre arrive chez vous dans les jours qui viennent, avec un code. Ouvrez alors la page « Se "
        "connecter », puis « Choisir mon mot de passe » : on vous y demande l'identifiant, le code, et "
        "l'adresse ou le téléphone que vous venez de donner.",
        "A letter with a code reaches you within days. Then open the page “Sign in”, then “Choose my "
        "password”: it asks for the identifier, the code, and the address or telephone you have just given.",
    ),
    "open.asked.before": (
        "Une telle lettre part une fois en deux semaines. Si vous en avez déjà reçu une, son code convient.",
        "Such a letter leaves once in two weeks. If you have received one already, its code will do.",
    ),
    "open.asked.account": (
        "Si vous avez déjà un compte, rien ne change : vous recevez un message, et pas de lettre.",
        "If you have an account already, nothing changes: you get a message, and no letter.",
    ),
    "letter.contact": (
        "Adresse électronique ou téléphone pour vos codes (facultatif)",
        "E-mail address or telephone for your codes (optional)",
    ),
    "letter.contact.hint": (
        "Compte demandé sur Internet : les mêmes que dans votre demande. Ancienne adresse ou ancien numéro "
        "perdu : l'adresse ou le numéro où recevoir vos codes désormais. Sinon, laissez vide.",
        "Account asked for online: the same as in your request. Old address or number lost: where your codes "
        "shall come from now on. Otherwise leave it empty.",
    ),
}
_SENTENCES: Catalogue = {
    "sentence.bad_ins": (
        "Ce numéro n'est pas juste : relisez les quinze chiffres, clé comprise.",
        "This number is not right: read the fifteen digits again, key included.",
    ),
    "sentence.bad_contact": (
        "Cette adresse n'est pas juste : écrivez-la comme nom@exemple.fr.",
        "This address is not right: write it as name@example.fr.",
    ),
    "sentence.bad_contact.both": (
        "Cette adresse n'est pas juste : écrivez nom@exemple.fr, ou un numéro de téléphone à dix chiffres.",
        "This address is not right: write name@example.fr, or a telephone number with its country.",
    ),
    "sentence.no_carrier": (
        "Ici, les codes partent par courrier électronique seulement : donnez une adresse électronique.",
        "Here codes leave by e-mail only: give an e-mail address.",
    ),
    "sentence.account_exists": (
        "Un compte est déjà ouvert avec ce numéro de sécurité sociale. Si le mot de passe est perdu, une "
        "lettre se demande sur la page « Se connecter ».",
        "An account is open already with this social security number. If the password is lost, a letter is "
        "asked for on the page “Sign in”.",
    ),
    "sentence.account_changed": (
        "Ce compte vient de changer. Attendez un instant, puis essayez de nouveau.",
        "This account was changed a moment ago. Wait a moment, then try again.",
    ),
    "sentence.identity_unchecked": (
        "Vérifiez l'identité du patient, puis cochez la case.",
        "Check the patient's identity, then tick the box.",
    ),
    "sentence.role_not_entitled": (
        "Les comptes sont ouverts par les professionnels de santé qui reçoivent les patients.",
        "Accounts are opened by health professionals who receive patients.",
    ),
    "sentence.wrong_contact": (
        "Ce n'est pas l'adresse ou le téléphone de votre demande. Donnez les mêmes, ou refaites une demande "
        ": le code de votre lettre reste bon.",
        "This is not the address or telephone of your request. Give the same, or ask anew: the code of your "
        "letter stays good.",
    ),
}
ACCOUNTS: Catalogue = {**_FOR_OTHERS, **_ONLINE, **_SENTENCES}
