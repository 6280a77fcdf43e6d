"""Texts about passkeys: French, then English."""

from records.text.languages import Catalogue

OPERATORS: Catalogue = {
    "operator.title": ("Clé d'opérateur", "Operator's key"),
    "operator.what": (
        "Pour les opérateurs de l'hébergeur. Rien de ce qui se fait sur cette page n'est envoyé : vous "
        "portez vous-même le texte à la commande qui l'attend.",
        "For operators of the hosting team. Nothing of what is done on this page is sent: you carry the text "
        "to the waiting command yourself.",
    ),
    "operator.token": ("Signer un jeton de cinq minutes", "Sign a token of five minutes"),
    "operator.token.what": (
        "Vérifiez que c'est bien vous, et que vous avez vous-même lancé la commande :",
        "Make sure that it is you, and that you ran the command yourself:",
    ),
    "operator.token.submit": ("Signer avec ma clé", "Sign with my key"),
    "operator.token.result": (
        "Collez ce texte dans la commande qui attend, et nulle part ailleurs",
        "Paste this text into the waiting command, and nowhere else",
    ),
    "operator.making": ("Préparer une nouvelle clé", "Prepare a new key"),
    "operator.making.what": (
        "Insérez votre clé matérielle : elle demandera son code. Deux opérateurs l'inscrivent ensuite avec "
        "coffre operator enrol.",
        "Insert your hardware key: it asks for its PIN. Two operators then enrol it with coffre operator "
        "enrol.",
    ),
    "operator.name": ("Votre nom d'opérateur", "Your operator's name"),
    "operator.making.submit": ("Préparer ma clé", "Prepare my key"),
    "operator.making.result": (
        "Enregistrez ce texte dans un fichier : il ne contient aucun secret",
        "Save this text as a file: there is no secret in it",
    ),
    "operator.failed": (
        "La clé n'a pas répondu. Insérez-la, et réessayez.",
        "The key did not answer. Insert it, and try again.",
    ),
}

PASSKEYS: Catalogue = {
    **OPERATORS,
    "passkey.title": ("Vous avez une clé d'accès ?", "Do you have a passkey?"),
    "passkey.what": (
        "Avec elle, ni identifiant ni mot de passe : votre appareil vous demande votre doigt, votre visage "
        "ou son code.",
        "With it there is neither identifier nor password: your device asks for your finger, your face or "
        "its code.",
    ),
    "passkey.submit": ("Me connecter avec ma clé d'accès", "Sign in with my passkey"),
    "passkey.failed": (
        "Votre appareil n'a pas donné de clé d'accès. Réessayez, ou connectez-vous d'une autre façon.",
        "Your device gave no passkey. Try again, or sign in another way.",
    ),
    "second.title": ("Votre clé d'accès", "Your passkey"),
    "second.what": (
        "Votre mot de passe est le bon. Confirmez avec votre clé d'accès : elle remplace le code.",
        "Your password is right. Confirm with your passkey: it stands in for the code.",
    ),
    "second.submit": ("Utiliser ma clé d'accès", "Use my passkey"),
    "second.none": ("Vous n'avez pas votre clé d'accès ?", "Is your passkey not at hand?"),
    "second.none.what": (
        "Nous pouvons vous envoyer un code, sur votre téléphone ou dans votre messagerie.",
        "We can send you a code, to your telephone or mailbox.",
    ),
    "second.send": ("Recevoir un code", "Receive a code"),
    "passkeys.title": ("Mes clés d'accès", "My passkeys"),
    "passkeys.what": (
        "Une clé d'accès reste dans votre téléphone, votre ordinateur ou une clé USB. Elle vous connecte "
        "sans code, et personne ne peut vous la faire donner par un faux site.",
        "A passkey stays in your telephone, your computer or a USB key. It signs you in without a code, and "
        "no false site can make you give it away.",
    ),
    "passkeys.new": ("Ajouter une clé d'accès", "Add a passkey"),
    "passkeys.new.what": (
        "Votre appareil va vous demander votre doigt, votre visage ou son code. Nous n'en recevons rien.",
        "Your device will ask for your finger, your face or its code. Nothing of these reaches us.",
    ),
    "passkeys.label": ("Nom de cette clé", "Name of this passkey"),
    "passkeys.label.hint": (
        "Pour la reconnaître plus tard : « Mon téléphone », par exemple.",
        'To know it again later: "My telephone", for example.',
    ),
    "passkeys.add": ("Ajouter cette clé d'accès", "Add this passkey"),
    "passkeys.unable": (
        "Ce navigateur ne sait pas faire de clé d'accès ici.",
        "This browser cannot make a passkey here.",
    ),
    "passkeys.again": (
        "Vous êtes connecté depuis plus d'un quart d'heure. Pour changer vos clés d'accès, connectez-vous de "
        "nouveau.",
        "You signed in more than a quarter of an hour ago. To change your passkeys, sign in again.",
    ),
    "passkeys.list": ("Vos clés d'accès", "Your passkeys"),
    "passkeys.none": ("Vous n'en avez pas encore.", "You have none yet."),
    "passkeys.made": ("Ajoutée", "Added"),
    "passkeys.used": ("Dernière utilisation", "Last used"),
    "passkeys.never": ("Jamais", "Never"),
    "passkeys.second": (
        "Cette clé ne demande ni doigt ni code : elle sert seulement après votre mot de passe.",
        "This passkey asks for no finger and no code: it serves only after your password.",
    ),
    "passkeys.doubtful": (
        "Cette clé semble avoir été copiée : elle ne sert plus. Retirez-la.",
        "This passkey seems to have been copied: it serves no more. Remove it.",
    ),
    "passkeys.rename.label": ("Nom", "Name"),
    "passkeys.rename": ("Renommer", "Rename"),
    "passkeys.remove.sure": (
        "Oui, retirer cette clé d'accès",
        "Yes, remove this passkey",
    ),
    "passkeys.remove": ("Retirer", "Remove"),
    "passkeys.lost": (
        "Si vous perdez une clé d'accès, retirez-la ici. Votre mot de passe et un code vous connectent "
        "toujours.",
        "If you lose a passkey, remove it here. Your password and a code always sign you in.",
    ),
    "done.passkey_added": (
        "Votre clé d'accès est ajoutée. Un message vous le confirme.",
        "Your passkey is added. A message confirms it.",
    ),
    "done.passkey_renamed": ("C'est fait : le nom est changé.", "Done: the name is changed."),
    "done.passkey_removed": (
        "C'est fait : cette clé d'accès ne sert plus. Votre mot de passe reste le même.",
        "Done: this passkey serves no more. Your password is unchanged.",
    ),
    "sentence.passkey_refused": (
        "Cette clé d'accès n'est pas acceptée : choisissez-en une autre, ou connectez-vous d'une autre "
        "façon.",
        "This passkey is not accepted: choose another, or sign in another way.",
    ),
    "sentence.passkey_late": (
        "La page a attendu trop longtemps, ou a déjà servi : recommencez sur celle-ci.",
        "The page waited too long, or was used already: try again on this one.",
    ),
    "sentence.passkey_known": (
        "Cette clé d'accès est déjà connue ici.",
        "This passkey is known here already.",
    ),
    "sentence.passkey_changed": (
        "Cette clé d'accès vient de servir : recommencez.",
        "This passkey was used a moment ago: try again.",
    ),
    "sentence.passkeys_many": (
        "Vous avez déjà beaucoup de clés d'accès : retirez-en une d'abord.",
        "You have many passkeys already: remove one first.",
    ),
    "sentence.no_passkey": (
        "Cette clé d'accès n'existe plus.",
        "There is no such passkey any more.",
    ),
    "sentence.bad_label": (
        "Donnez un nom de 60 lettres au plus.",
        "Give a name of 60 letters at most.",
    ),
    "sentence.sign_in_again": (
        "Connectez-vous de nouveau pour changer vos clés d'accès.",
        "Sign in again to change your passkeys.",
    ),
    "sentence.passkeys_of_accounts": (
        "Les clés d'accès sont pour les comptes des patients.",
        "Passkeys are for accounts of patients.",
    ),
    "sentence.removal_unsure": (
        "Cochez la case pour retirer cette clé d'accès.",
        "Tick the box to remove this passkey.",
    ),
}
