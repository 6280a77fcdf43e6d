"""Texts of the pages that refuse or fail: what whoever asked for the page reads."""

from collections.abc import Mapping

REFUSALS: Mapping[str, tuple[str, str]] = {
    "error.403": ("Accès refusé", "Access refused"),
    "error.404": ("Page introuvable", "Page not found"),
    "error.429": ("Trop de demandes", "Too many requests"),
    "error.501": ("Ouverture impossible ici", "Cannot be opened here"),
    "error.503": ("Service momentanément indisponible", "Service unavailable for a moment"),
    "error.500": ("Un problème est survenu", "Something went wrong"),
    "error.400": ("Demande incomprise", "Request not understood"),
    "error.409": ("Le dossier a changé", "The record has changed"),
    "error.home": ("Retour à l'accueil", "Back to the first page"),
    "sentence.400": (
        "Quelque chose manque ou n'a pas la forme attendue. Revenez en arrière et réessayez.",
        "Something is missing or malformed. Go back and try again.",
    ),
    "sentence.step_up_required": (
        "Vous vous êtes identifié il y a trop longtemps pour un accès en urgence. Identifiez-vous à nouveau, "
        "puis recommencez.",
        "You signed in too long ago for an emergency access. Sign in again, then try once more.",
    ),
    "sentence.403": (
        "Vous n'avez pas accès à ce dossier, ou ce dossier n'existe pas.",
        "You have no access to this record, or there is no such record.",
    ),
    "sentence.404": (
        "Cette page ou ce document n'existe pas, ou ne vous est pas visible.",
        "This page or document does not exist, or is not visible to you.",
    ),
    "sentence.409": (
        "Quelqu'un l'a modifié au même moment. Revenez en arrière et réessayez.",
        "It was changed at the same moment. Go back and try again.",
    ),
    "sentence.429": (
        "Vous avez ouvert trop de dossiers en peu de temps. Attendez une heure, ou contactez l'hébergeur.",
        "You opened too many records in a short time. Wait an hour, or contact the host.",
    ),
    "sentence.500": (
        "Le problème est de notre côté. Réessayez ; s'il persiste, indiquez l'heure à l'hébergeur.",
        "The fault is on our side. Try again; if it stays, tell the host the time.",
    ),
    "sentence.501": (
        "Ce serveur n'ouvre pas le contenu des documents : il ne peut pas vous les montrer ici. Un "
        "professionnel de santé les ouvre avec le logiciel de son cabinet ou de son hôpital, qui les reçoit "
        "chiffrés.",
        "This server does not open the content of documents: it cannot show them to you here. A health "
        "professional opens them with the software of their practice or hospital, which receives them "
        "encrypted.",
    ),
    "sentence.503": (
        "Réessayez dans quelques secondes.",
        "Try again in a few seconds.",
    ),
    "sentence.form_refused": (
        "Ce formulaire n'est plus valable : il vient d'une autre page ou d'une connexion terminée. Revenez "
        "à la page précédente, rechargez-la et recommencez.",
        "This form is no longer valid: it comes from another page or a sign-in that has ended. Go back, "
        "reload the page and start again.",
    ),
    "sentence.signed_out": (
        "Vous n'êtes pas connecté, ou votre connexion a expiré. Connectez-vous : vous reviendrez à "
        "cette page.",
        "You are not signed in, or your sign-in has expired. Sign in, and you will come back to this page.",
    ),
    "sentence.no_pages": (
        "Ce compte n'a pas de pages : il sert à déposer des documents par logiciel.",
        "This account has no pages: it is for depositing documents by software.",
    ),
    "sentence.no_own_record": (
        "Aucun dossier ouvert n'est à votre nom : il n'a pas été créé, ou il est fermé ou suspendu.",
        "No open record is in your name: it was not created, or it is closed or suspended.",
    ),
    "sentence.bad_ins": (
        "Cet INS n'est pas valable : 15 caractères, tels qu'imprimés sur la carte Vitale, clé comprise.",
        "This INS is not valid: 15 characters as printed on the Vitale card, key included.",
    ),
    "sentence.bad_rpps": (
        "Ce numéro RPPS n'est pas valable : 11 chiffres, imprimés sur les ordonnances du professionnel.",
        "This RPPS number is not valid: 11 digits, printed on the professional's prescriptions.",
    ),
    "sentence.bad_structure": (
        "Ce numéro d'établissement n'est pas valable : recopiez-le d'un de vos documents.",
        "This number of an institution is not valid: copy it from one of your documents.",
    ),
    "sentence.bad_kind": (
        "Choisissez une sorte de documents dans la liste.",
        "Choose a kind of documents from the list.",
    ),
    "sentence.bad_team": (
        "Donnez un nom d'une ligne, et de 1 à 1 000 numéros (49 pour votre équipe de soins).",
        "Give a name of one line, and 1 to 1,000 numbers (49 for your care team).",
    ),
    "sentence.bad_consent": (
        "Dites si le patient a donné son accord de vive voix ou par écrit.",
        "Say whether the patient consented in words or in writing.",
    ),
    "sentence.team_ended": (
        "Cette équipe est terminée : autorisez-en une nouvelle.",
        "This team has ended: authorise a new one.",
    ),
    "sentence.request_reused": (
        "Ce formulaire a déjà servi. Rechargez la page et recommencez.",
        "This form was used already. Reload the page and try again.",
    ),
    "sentence.no_such_team": (
        "Cette équipe n'existe pas dans votre dossier.",
        "There is no such team in your record.",
    ),
    "sentence.bad_authorisation": (
        "Choisissez une date de fin dans le futur.",
        "Choose an end date in the future.",
    ),
    "sentence.bad_contact": (
        "Écrivez l'adresse comme nom@exemple.fr, sans accents avant le signe @.",
        "Write the address as name@example.fr, without accents before the @.",
    ),
    "sentence.wrong_code": (
        "Ce n'est pas le code envoyé. Relisez le message le plus récent : après cinq essais, le code ne sert "
        "plus.",
        "This is not the code that was sent. Read the newest message again: after five tries the code no "
        "longer serves.",
    ),
    "sentence.no_code": (
        "Aucun code n'est attendu, ou il a déjà servi ou expiré. Enregistrez l'adresse encore une fois : un "
        "nouveau code sera envoyé.",
        "No code is waiting, or it was used or ran out. Save the address once more: a new code will be sent.",
    ),
    "sentence.too_many_codes": (
        "Trop de codes ont été demandés. Attendez une heure et vérifiez l'adresse.",
        "Codes were asked for too often. Wait an hour and check the address.",
    ),
    "sentence.bad_period": (
        "Écrivez les dates sous la forme AAAA-MM-JJ, la première avant la dernière.",
        "Write the dates as YYYY-MM-DD, the first before the last.",
    ),
    "sentence.bad_cursor": (
        "Aucune page de la liste ne commence ici. Revenez au début de la liste.",
        "No page of the list begins here. Go back to the beginning of the list.",
    ),
    "sentence.reason_missing": (
        "Écrivez le motif de l'urgence, en dix caractères au moins.",
        "Write the reason for the emergency, in at least ten characters.",
    ),
    "sentence.bad_reason": (
        "Le motif a mille caractères au plus.",
        "The reason has at most a thousand characters.",
    ),
    "sentence.labels_conflict": (
        "Ce document ne peut pas être masqué : plus personne ne pourrait le lire.",
        "This document cannot be masked: nobody could read it any more.",
    ),
    "refused.title": ("Ce dossier ne vous est pas ouvert", "This record is not open to you"),
    "refused.sector": (
        "La loi réserve les dossiers aux soins. Votre identification n'indique aucun lieu de soins : si vous "
        "y travaillez, adressez-vous à qui vous l'a remise.",
        "By law, records are for care alone. Your credential names no place of care: ask whoever issued it, "
        "if you work in one.",
    ),
    "refused.profession": (
        "Nous supposons que votre profession ne lit aucun dossier : le tableau officiel n'est pas connu en "
        "entier. Si c'est une erreur, écrivez à l'hébergeur.",
        "We take it that your profession reads no record: the official table is not known in full. If that "
        "is wrong, write to the hosting team.",
    ),
    "refused.why": (
        "Le patient ne vous a pas autorisé, ou ce dossier n'existe pas. Le patient peut vous autoriser à "
        "tout moment, depuis sa page « Mes autorisations », avec votre numéro RPPS.",
        "The patient has not authorised you, or there is no such record. The patient can authorise you at "
        "any time, on the page “My permissions”, with your RPPS number.",
    ),
    "refused.emergency": (
        "L'accès en urgence aussi est refusé : le patient s'y est opposé ou vous a bloqué, le délai de "
        "quatre heures ou le nombre d'accès du jour est dépassé, ou ce dossier n'existe pas.",
        "Emergency access is refused as well: the patient opposed it or blocked you, the four hours or "
        "today's number of accesses are used up, or there is no such record.",
    ),
}
