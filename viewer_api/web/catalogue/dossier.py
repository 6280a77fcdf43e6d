"""Texts of the lists of documents, of one document, and of emergency access."""

from collections.abc import Mapping

DOSSIER: Mapping[str, tuple[str, str]] = {
    "documents.title": ("Mes documents", "My documents"),
    "documents.none": ("Aucun document pour le moment.", "No document yet."),
    "documents.count.one": ("1 document", "1 document"),
    "documents.count.many": ("{n} documents", "{n} documents"),
    "document.by.patient": ("Le patient", "The patient"),
    "document.former.tag": ("Ancienne version", "Former version"),
    "documents.in_pages": (
        "Les documents sont présentés par pages, les plus récents d'abord.",
        "Documents are shown by the page, the newest first.",
    ),
    "documents.none_here": ("Aucun document sur cette page.", "No document on this page."),
    "documents.pages": ("Pages de la liste", "Pages of the list"),
    "documents.newer": ("Documents plus récents", "Newer documents"),
    "documents.newest": ("Début de la liste", "Beginning of the list"),
    "documents.older": ("Documents plus anciens", "Older documents"),
    "documents.masking": (
        "Un document masqué reste visible de vous, de l'établissement qui l'a déposé et de votre médecin "
        "traitant. Les autres professionnels ne savent pas qu'il existe.",
        "A masked document stays visible to you, to the institution that deposited it and to your "
        "attending doctor. Other professionals do not know that it exists.",
    ),
    "notices.title": ("Vos avis", "Your notices"),
    "notices.none": ("Rien de nouveau à lire.", "Nothing new to read."),
    "notices.all": ("Vos avis et votre adresse e-mail", "Your notices and your e-mail address"),
    "notices.undelivered": (
        "Nous n'avons pas pu vous écrire. Donnez ou vérifiez votre adresse e-mail.",
        "We could not write to you. Give or check your e-mail address.",
    ),
    "notices.first_access": (
        "Le {when}, un professionnel a consulté votre dossier pour la première fois.",
        "On {when}, a professional read your record for the first time.",
    ),
    "notices.deposit": (
        "Le {when}, un document ou un examen a été déposé dans votre dossier.",
        "On {when}, a document or an examination was deposited in your record.",
    ),
    "notices.authorisation_changed": (
        "Le {when}, une autorisation a été donnée ou retirée.",
        "On {when}, an authorisation was given or withdrawn.",
    ),
    "notices.consent_recorded": (
        "Le {when}, un professionnel a noté que vous avez donné votre accord. Si ce n'est pas vrai, "
        "retirez-le sur la page « Mes autorisations ».",
        "On {when}, a professional noted that you gave your consent. If that is not so, withdraw it on the "
        "page “My permissions”.",
    ),
    "notices.consent_changed": (
        "Le {when}, vous avez retiré tout votre consentement, ou vous l'avez donné de nouveau.",
        "On {when}, you withdrew all your consent, or gave it again.",
    ),
    "notices.block_changed": (
        "Le {when}, un professionnel a été bloqué ou débloqué.",
        "On {when}, a professional was blocked or unblocked.",
    ),
    "notices.attending_changed": (
        "Le {when}, un médecin traitant a été désigné ou retiré.",
        "On {when}, an attending doctor was named or removed.",
    ),
    "notices.emergency_changed": (
        "Le {when}, votre choix pour les urgences a changé.",
        "On {when}, your choice for emergencies changed.",
    ),
    "notices.labels_changed": (
        "Le {when}, un document a été masqué ou montré de nouveau.",
        "On {when}, a document was masked or shown again.",
    ),
    "notices.contact_changed": (
        "Le {when}, un changement de votre adresse e-mail a été demandé ou fait.",
        "On {when}, a change of your e-mail address was asked for or made.",
    ),
    "contact.title": ("Votre adresse e-mail", "Your e-mail address"),
    "contact.about": (
        "Quand quelque chose se passe dans votre dossier, nous vous écrivons à cette adresse. Le message ne "
        "dit ni qui, ni quoi : il vous invite seulement à vous connecter.",
        "When something happens in your record, we write to you at this address. The message says neither "
        "who nor what: it only asks you to sign in.",
    ),
    "contact.no_messages": (
        "Cette installation n'envoie pas de messages : vos avis se lisent ici seulement.",
        "This installation sends no messages: your notices are read here only.",
    ),
    "contact.none": ("Aucune adresse n'est confirmée.", "No address is confirmed."),
    "contact.confirmed": ("Adresse confirmée : {address}", "Confirmed address: {address}"),
    "contact.pending": (
        "Adresse à confirmer : {address}. Un code à 6 chiffres y est envoyé, valable 10 minutes.",
        "Address to confirm: {address}. A code of 6 digits is sent to it, good for 10 minutes.",
    ),
    "contact.pending.unsent": (
        "Adresse à confirmer : {address}. Cette installation n'envoie pas de messages : aucun code n'est "
        "parti.",
        "Address to confirm: {address}. This installation sends no messages: no code has left.",
    ),
    "contact.submit.unsent": ("Enregistrer cette adresse", "Save this address"),
    "contact.code": ("Code reçu par e-mail", "Code received by e-mail"),
    "contact.confirm": ("Confirmer", "Confirm"),
    "contact.address": ("Adresse e-mail", "E-mail address"),
    "contact.address.hint": ("Par exemple : nom@exemple.fr", "For example: name@example.fr"),
    "contact.submit": ("Enregistrer et recevoir un code", "Save and receive a code"),
    "contact.remove": ("Retirer cette adresse", "Remove this address"),
    "contact.remove.about": (": ne plus être prévenu par e-mail", ": no longer be told by e-mail"),
    "notices.bris_de_glace": (
        "Le {when}, un professionnel a ouvert votre dossier en urgence (bris de glace).",
        "On {when}, a professional opened your record in an emergency (broken glass).",
    ),
    "notices.centre_15": (
        "Le {when}, un médecin du SAMU a ouvert votre dossier après un appel au 15.",
        "On {when}, a doctor of the emergency call centre opened your record after a call to 15.",
    ),
    "notices.announcement_due": (
        "Le {when}, votre dossier a été mis à jour. Vous pouvez en parler avec votre médecin.",
        "On {when}, your record was updated. You may talk about it with your doctor.",
    ),
    "notices.other": (
        "Le {when}, quelque chose s'est passé dans votre dossier.",
        "On {when}, something happened in your record.",
    ),
    "notices.log": ("Voir qui a fait quoi, et pourquoi", "See who did what, and why"),
    "notices.read": ("J'ai lu", "I have read this"),
    "notices.read.about": (": ne plus afficher", ": show it no more"),
    "document.type": ("Type", "Type"),
    "document.type.unknown": ("Type non précisé", "Type not stated"),
    "document.type.study": ("Images d'un examen", "Images of an examination"),
    "document.date": ("Date", "Date"),
    "document.date.unknown": ("non précisée", "not stated"),
    "document.deposited": ("Déposé le", "Deposited on"),
    "document.by": ("Déposé par", "Deposited by"),
    "document.structure.unknown": ("établissement non précisé", "institution not stated"),
    "document.visibility": ("Visibilité", "Visibility"),
    "document.visible": ("Visible des professionnels autorisés", "Visible to authorised professionals"),
    "document.masked": ("Masqué aux professionnels", "Masked to professionals"),
    "document.masked.tag": ("Masqué", "Masked"),
    "document.representatives": (
        "Invisible des représentants légaux",
        "Not visible to legal representatives",
    ),
    "document.content": ("Contenu", "Content"),
    "document.images": ("{images} en {series}", "{images} in {series}"),
    "images.one": ("1 image", "1 image"),
    "images.many": ("{n} images", "{n} images"),
    "series.one": ("1 série", "1 series"),
    "series.many": ("{n} séries", "{n} series"),
    "document.mask": ("Masquer", "Mask"),
    "document.unmask": ("Ne plus masquer", "Unmask"),
    "document.open": ("Ouvrir", "Open"),
    "document.download": ("Télécharger", "Download"),
    "document.see": ("Voir les images", "See the images"),
    "document.this": ("« {title} »", "“{title}”"),
    "document.hidden_from_patient": (
        "Attention : le patient ne peut pas voir ce document.",
        "Caution: the patient cannot see this document.",
    ),
    "document.assumed": (
        "Nous supposons que votre profession peut lire ce type de document : le tableau officiel n'est pas "
        "connu en entier.",
        "We take it that your profession may read this type of document: the official table is not known in "
        "full.",
    ),
    "record.assumed": (
        "Certains types de documents ne vous sont jamais montrés, car nous supposons que votre profession ne "
        "peut pas les lire : le tableau officiel n'est pas connu en entier. S'il vous en manque un, écrivez "
        "à l'hébergeur.",
        "Some types of document are never shown to you, because we take it that your profession may not read "
        "them: the official table is not known in full. If you lack one, write to the hosting team.",
    ),
    "document.announce": (
        "J'ai annoncé ce résultat au patient",
        "I have announced this result to the patient",
    ),
    "document.announce.about": (
        "Après la consultation d'annonce, le patient peut lire ce document. Ce choix ne se reprend pas.",
        "After the announcement visit the patient can read this document. This cannot be undone.",
    ),
    "document.visible_after_visit": (
        "Il lui sera montré après une consultation d'annonce.",
        "It will be shown after an announcement visit.",
    ),
    "document.visible_from": (
        "Il lui sera montré après une consultation d'annonce, et au plus tard le {when}.",
        "It will be shown after an announcement visit, and on {when} at the latest.",
    ),
    "document.remarks": ("Remarque", "Note"),
    "document.warnings": (
        "Le fichier s'écarte de sa norme technique ; son contenu est gardé tel qu'il a été envoyé",
        "The file departs from its technical standard; its content is kept as it was sent",
    ),
    "done.masked": (
        "Le document « {title} » est masqué aux professionnels.",
        "The document “{title}” is masked to professionals.",
    ),
    "done.unmasked": (
        "Le document « {title} » n'est pas masqué : les professionnels autorisés le voient.",
        "The document “{title}” is not masked: authorised professionals see it.",
    ),
    "document.undo": ("Annuler", "Undo"),
    "document.undo.mask": (": ne plus masquer « {title} »", ": unmask “{title}”"),
    "document.undo.unmask": (": masquer de nouveau « {title} »", ": mask “{title}” again"),
    "study.back": ("Retour à la liste des documents", "Back to the list of documents"),
    "study.series": ("Série {number}", "Series {number}"),
    "study.format": (
        "Les images téléchargées sont au format DICOM. Pour les voir sur votre ordinateur, il faut un "
        "logiciel de radiologie.",
        "Downloaded images are in DICOM format. To see them on your computer you need radiology software.",
    ),
    "study.zip": (
        "Télécharger toutes les images en un seul fichier (zip)",
        "Download all images in one file (zip)",
    ),
    "study.preview": ("Aperçu de la série {number}", "Preview of series {number}"),
    "document.preview": ("Aperçu de « {title} »", "Preview of “{title}”"),
    "document.open_here": ("Ouvrir dans ce navigateur", "Open in this browser"),
    "document.alone": ("Ouvrir le PDF en pleine page", "Open the PDF on a page of its own"),
    "documents.previews.on": ("Afficher un aperçu des images", "Show a preview of the images"),
    "documents.previews.off": ("Masquer les aperçus", "Hide the previews"),
    "documents.previews.about": (
        "Chaque aperçu affiché sera inscrit dans la liste des consultations.",
        "Each preview shown will be written in the list of consultations.",
    ),
    "study.open_here": ("Voir les images à l'écran", "Show the images on the screen"),
    "study.viewer": (
        "Voir les images avec une autre visionneuse (OHIF)",
        "Show the images in another viewer (OHIF)",
    ),
    "study.instance": ("Image {number}", "Image {number}"),
    "study.frames": ("{n} vues", "{n} frames"),
    "study.download": ("Télécharger l'image {number}", "Download image {number}"),
    "study.show": ("Afficher les images de la série {number}", "Show the images of series {number}"),
    "search.title": ("Ouvrir le dossier d'un patient", "Open a patient's record"),
    "search.you": (
        "Vous êtes identifié : {profession}, {who}, {place}.",
        "You are identified: {profession}, {who}, {place}.",
    ),
    "search.ins": (
        "INS du patient (numéro de sécurité sociale, clé comprise)",
        "Patient's INS (social security number, key included)",
    ),
    "search.ins.hint": ("15 caractères ; les espaces sont ignorés.", "15 characters; spaces are ignored."),
    "search.open": ("Ouvrir le dossier", "Open the record"),
    "search.logged": (
        "Le patient verra que vous avez demandé son dossier, même si l'accès vous est refusé.",
        "The patient will see that you asked for the record, even if access is refused.",
    ),
    "record.title": ("Dossier du patient", "Patient's record"),
    "record.account": ("Ouvrir un compte pour ce patient", "Open an account for this patient"),
    "whose.label": ("Dossier ouvert", "Open record"),
    "whose.born": ("Date de naissance", "Birth date"),
    "whose.age.one": ("1 an", "1 year old"),
    "whose.age.many": ("{n} ans", "{n} years old"),
    "whose.mode": ("Accès", "Access"),
    "whose.sex": ("Sexe", "Sex"),
    "whose.sex.F": ("féminin", "female"),
    "whose.sex.M": ("masculin", "male"),
    "whose.sex.U": ("non déterminé", "undetermined"),
    "whose.ins": ("INS", "INS"),
    "record.none": (
        "Aucun document de ce dossier ne vous est visible.",
        "No document of this record is visible to you.",
    ),
    "emergency.title": ("Urgence vitale : bris de glace", "Life at risk: break the glass"),
    "emergency.when": (
        "Réservé au cas où le patient ne peut pas exprimer sa volonté et où sa vie est en danger immédiat. "
        "Son accord n'est alors pas nécessaire, sauf s'il s'est opposé à ce mode d'accès.",
        "Only where the patient cannot express their will and their life is in immediate danger. Their "
        "agreement is then not needed, unless they have opposed this mode of access.",
    ),
    "emergency.told": (
        "Le patient verra cet accès à sa prochaine visite sur Coffre. Lui et son médecin traitant pourront "
        "lire votre motif.",
        "The patient will see this access on their next visit to Coffre. They and their attending doctor can "
        "read your reason.",
    ),
    "emergency.reason": ("Motif de l'urgence", "Reason for the emergency"),
    "emergency.reason.hint": (
        "Dix caractères au moins. Le même motif vaut quatre heures.",
        "At least ten characters. The same reason serves for four hours.",
    ),
    "emergency.break": ("Ouvrir le dossier en urgence", "Open the record in an emergency"),
    "emergency.centre_15": ("Ouvrir comme régulateur du SAMU", "Open as emergency call centre"),
    "emergency.centre_15.title": ("Régulation du SAMU (centre 15)", "Emergency call centre (centre 15)"),
    "emergency.centre_15.when": (
        "Pour le médecin régulateur d'un appel en cours.",
        "For the doctor who handles a call now.",
    ),
    "emergency.centre_15.reason": ("Motif (facultatif)", "Reason (optional)"),
    "banner.title": ("Accès en urgence", "Emergency access"),
    "banner.bris_de_glace": ("Bris de glace.", "Broken glass."),
    "banner.centre_15": ("Régulation du SAMU.", "Emergency call centre."),
    "banner.reason": ("Motif : {reason}", "Reason: {reason}"),
    "banner.told": (
        "Chaque consultation est enregistrée. Le patient verra cet accès à sa prochaine visite sur Coffre.",
        "Every consultation is written down. The patient will see this access on their next visit to Coffre.",
    ),
    "banner.leave": ("Quitter l'accès en urgence", "Leave emergency access"),
}
