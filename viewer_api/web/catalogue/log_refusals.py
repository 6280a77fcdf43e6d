"""Texts of the access log that say why an attempt was refused, for the holder and not for who was refused."""

from collections.abc import Mapping

LOG_REFUSALS: Mapping[str, tuple[str, str]] = {
    "denied.not_authorised": (
        "Cet accès n'était pas autorisé.",
        "This access was not authorised.",
    ),
    "denied.no_such_record": (
        "Aucun dossier ne correspondait à la demande.",
        "No record matched the request.",
    ),
    "denied.no_such_document": (
        "Aucun document ne correspondait à la demande.",
        "No document matched the request.",
    ),
    "denied.record_closed": ("Le dossier était fermé.", "The record was closed."),
    "denied.record_suspended": ("Le dossier était suspendu.", "The record was suspended."),
    "denied.record_not_active": ("Le dossier n'était pas encore ouvert.", "The record was not open yet."),
    "denied.blocked": ("Vous aviez bloqué ce professionnel.", "You had blocked this professional."),
    "denied.consent_missing": (
        "Le consentement requis n'était pas enregistré.",
        "The consent that is needed was not recorded.",
    ),
    "denied.authorisation_expired": (
        "L'autorisation que vous aviez donnée avait expiré.",
        "The authorisation that you had given had expired.",
    ),
    "denied.forbidden_sector": (
        "La loi ne donne pas accès à ce secteur d'activité, même avec votre accord.",
        "The law gives no access to this sector of activity, even if you agree.",
    ),
    "denied.profession_not_entitled": (
        "Cette profession n'a pas accès aux dossiers.",
        "This profession has no access to records.",
    ),
    "denied.type_not_entitled": (
        "Cette profession n'a pas accès à ce type de document.",
        "This profession has no access to this type of document.",
    ),
    "denied.depositor_not_entitled": (
        "Ce type de document n'est pas déposé par cette sorte d'auteur.",
        "This type of document is not deposited by this kind of author.",
    ),
    "denied.refused_by_holder": (
        "La personne a refusé ce document, ou ne reçoit pas de tels documents.",
        "The person refused this document, or takes no such documents.",
    ),
    "denied.labels_conflict": (
        "Un document ne peut pas être à la fois caché au patient et masqué aux professionnels.",
        "A document cannot be both hidden from the patient and masked to professionals.",
    ),
    "denied.unknown_label": (
        "Le dépôt portait une étiquette inconnue.",
        "The deposit had a label that is not known.",
    ),
    "denied.masked": (
        "Vous aviez masqué ce document aux professionnels.",
        "You had masked this document to professionals.",
    ),
    "denied.no_such_team": (
        "Aucune équipe ne correspondait à la demande.",
        "No team matched the request.",
    ),
    "denied.not_shown": (
        "Ce professionnel ne voit que les documents que vous avez choisis.",
        "This professional sees only the documents that you chose.",
    ),
    "denied.hidden_from_patient": (
        "Ce document sera visible après une consultation d'annonce.",
        "This document becomes visible after an announcement visit.",
    ),
    "denied.hidden_from_representatives": (
        "Ce document n'est pas visible des représentants légaux.",
        "This document is not visible to legal representatives.",
    ),
    "denied.opted_out": (
        "Vous aviez interdit ce mode d'accès en urgence.",
        "You had forbidden this mode of emergency access.",
    ),
    "denied.reason_missing": (
        "Le motif de l'urgence manquait ou était trop court.",
        "The reason for the emergency was missing or too short.",
    ),
    "denied.emergency_expired": (
        "L'accès en urgence, limité à quatre heures, était terminé.",
        "The emergency access, which lasts four hours, was over.",
    ),
    "denied.emergency_too_often": (
        "Trois accès en urgence avaient déjà été ouverts ce jour-là.",
        "Three emergency accesses had already been opened that day.",
    ),
    "denied.wrong_password": ("Le mot de passe était faux.", "The password was wrong."),
    "denied.wrong_code": ("Le code à six chiffres était faux.", "The code of six digits was wrong."),
    "denied.wrong_letter": ("Le code de la lettre était faux.", "The code of the letter was wrong."),
    "denied.wrong_passkey": ("La clé d'accès n'était pas acceptée.", "The passkey was not accepted."),
    "denied.passkey_cloned": (
        "La clé d'accès semblait avoir été copiée.",
        "The passkey seemed to have been copied.",
    ),
    "denied.too_many_tries": ("Il y avait eu trop d'essais.", "There had been too many tries."),
    "denied.provider_refused": (
        "Le service d'identité ne l'a pas identifié.",
        "The identity service did not identify them.",
    ),
    "denied.opening_refused": ("Le compte n'a pas été ouvert.", "The account was not opened."),
    "denied.certificate_refused": ("Le certificat n'était pas accepté.", "The certificate was not accepted."),
    "denied.step_up_required": (
        "Cette personne s'était identifiée depuis trop longtemps pour un accès en urgence.",
        "This person had signed in too long ago for an emergency access.",
    ),
    "denied.not_regulation_centre": (
        "Ce mode est réservé aux centres de régulation du SAMU.",
        "This mode is for emergency call centres only.",
    ),
    "denied.role_not_entitled": (
        "Cette action n'est pas ouverte à ce type de compte.",
        "This action is not open to this kind of account.",
    ),
    "denied.read_only_purpose": (
        "Ce mode d'accès ne permet que la lecture.",
        "This access mode only allows reading.",
    ),
    "denied.purpose_not_entitled": (
        "Ce mode d'accès ne convenait pas à cette action.",
        "This access mode did not fit this action.",
    ),
    "denied.quota_exceeded": (
        "Trop de dossiers avaient été demandés en peu de temps.",
        "Too many records had been asked for in a short time.",
    ),
    "denied.document_deleted": (
        "Ce document avait été supprimé par son auteur.",
        "This document had been deleted by its author.",
    ),
    "denied.document_replaced": (
        "Cette information avait été remplacée ou retirée par le patient.",
        "The patient had replaced or removed this information.",
    ),
    "denied.not_newest": (
        "Une version plus récente avait été déclarée entre-temps.",
        "A newer version had been declared meanwhile.",
    ),
    "denied.label_not_entitled": (
        "Seul un professionnel cache un document à son patient.",
        "Only a professional hides a document from its patient.",
    ),
    "denied.record_exists": ("Cette personne avait déjà un dossier.", "This person already had a record."),
    "denied.bad_credential": (
        "L'identification n'a pas pu être vérifiée.",
        "The credential could not be verified.",
    ),
}
