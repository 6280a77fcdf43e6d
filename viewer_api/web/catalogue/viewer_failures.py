"""Sentences of the viewer page for what cannot be opened, by the code of the failure."""

from collections.abc import Mapping

_DAMAGED = (
    "Ce qui a été reçu n'est pas ce qui a été déposé : rien n'est affiché. Réessayez ; si cela dure, "
    "donnez ce code à l'hébergeur.",
    "What was received is not what was deposited: nothing is shown. Try again; if it stays, give this "
    "code to "
    "the host.",
)
_ENDED = (
    "L'autorisation de lire a expiré ou a été retirée. « Réessayer » en demande une nouvelle.",
    "The permission to read has expired or was withdrawn. “Try again” asks for a new one.",
)
_NOT_ISSUED = (
    "L'autorisation de lire n'est pas celle qui a été demandée : rien n'est affiché. Donnez ce code à "
    "l'hébergeur.",
    "The permission to read is not the one that was asked for: nothing is shown. Give this code to the host.",
)
_TOO_OLD = (
    "Ce navigateur est trop ancien pour ouvrir lui-même des documents chiffrés. Mettez-le à jour, ou ouvrez "
    "le document avec un autre navigateur.",
    "This browser is too old to open encrypted documents itself. Update it, or open the document in another "
    "browser.",
)
_NOT_SECURE = (
    "Cette page n'est pas protégée (https) : le navigateur refuse d'y ouvrir des documents chiffrés.",
    "This page is not protected (https): the browser refuses to open encrypted documents on it.",
)
_AWAY = (
    "Le serveur ne répond pas. Vérifiez la connexion, puis réessayez.",
    "The server does not answer. Check the connection, then try again.",
)
_STORE = (
    "Le service qui garde les documents ne répond pas à cette page, ou n'est pas réglé pour elle. "
    "Réessayez ; si cela dure, donnez ce code à l'hébergeur.",
    "The store of the documents does not answer this page, or is not set up for it. Try again; if it "
    "stays, give "
    "this code to the host.",
)
_NO_PICTURE = (
    "Cette série ne contient pas d'image à afficher.",
    "This series holds no image to show.",
)
_NOT_DRAWN = (
    "Cette image ne peut pas être affichée ici sans risque d'erreur : rien n'est affiché. Téléchargez-la, ou "
    "ouvrez-la dans un logiciel de radiologie.",
    "This image cannot be shown here without a risk of error: nothing is shown. Download it, or open it in "
    "radiology software.",
)
_TABLE = (
    "Les gris de cette image suivent une table que la visionneuse ne sait pas appliquer avec certitude : "
    "rien n'est affiché. Téléchargez-la, ou ouvrez-la dans un logiciel de radiologie.",
    "The greys of this image follow a table that the viewer cannot apply with certainty: nothing is shown. "
    "Download it, or open it in radiology software.",
)
_PDF = (
    "Ce PDF ne peut pas être affiché ici. Téléchargez-le.",
    "This PDF cannot be shown here. Download it.",
)
_SIGNED_OUT = ("Vous n'êtes plus connecté. Connectez-vous de nouveau.", "You are signed out. Sign in again.")

BY_SENTENCE: Mapping[tuple[str, str], str] = {
    _DAMAGED: (
        "blob_corrupt blob_key_mismatch blob_size_mismatch digest_mismatch range_past_end "
        "rendition_not_valid "
        "series_damaged short_range object_short object_missing"
    ),
    _ENDED: "grant_closed grant_ended grant_expired no_address url_expired url_invalid",
    _NOT_ISSUED: (
        "bad_answer grant_other_recipient grant_other_record grant_tampered grant_unsigned not_granted "
        "no_such_series"
    ),
    _TOO_OLD: "browser_too_old no_x25519",
    _NOT_SECURE: "insecure_page not_secure",
    _AWAY: "unreachable opener_missing worker_failed store_busy store_down vault_unavailable",
    _STORE: "store_hides_range store_unreachable",
    _NO_PICTURE: "no_images pixels_missing",
    _NOT_DRAWN: (
        "decoder_too_slow frame_size_wrong frames_not_found image_failed instance_unreadable "
        "no_such_bulkdata no_such_frame "
        "no_such_instance palette_missing pixel_format_unknown pixels_not_decodable series_too_large "
        "syntax_unknown too_large_for_memory"
    ),
    _TABLE: "lookup_table_unknown",
    _PDF: "pdf_encrypted pdf_unreadable no_such_document",
    _SIGNED_OUT: (
        "credential_withdrawn issuer_ended key_forgotten no_token signed_out token_expired token_revoked "
        "http_401"
    ),
    (
        "Vous n'avez pas le droit d'ouvrir ce document.",
        "You have no right to open this document.",
    ): "not_authorised http_403 not_found",
    (
        "Trop de documents ont été ouverts en peu de temps. Patientez, puis réessayez.",
        "Too many documents were opened in a short time. Wait, then try again.",
    ): "quota_exceeded too_many_calls",
}
FAILURES: Mapping[str, tuple[str, str]] = {
    f"viewer.failure.{code}": sentence for sentence, codes in BY_SENTENCE.items() for code in codes.split()
} | {
    "viewer.failure.other": (
        "L'ouverture n'a pas abouti : rien n'est affiché. Réessayez ; si cela dure, donnez ce code à "
        "l'hébergeur.",
        "Opening did not succeed: nothing is shown. Try again; if it stays, give this code to the host.",
    ),
    "sentence.viewer_missing": (
        "Rien ne peut être affiché à l'écran ici : il manque la visionneuse. Téléchargez le document, ou "
        "donnez ce message à l'hébergeur (« make viewer »).",
        "Nothing can be shown on the screen here: the viewer is missing. Download the document, or give this "
        "message to the host (“make viewer”).",
    ),
    "sentence.not_shown_here": (
        "Ce document n'est ni un examen ni un PDF : téléchargez-le pour le lire.",
        "This document is neither an examination nor a PDF: download it to read it.",
    ),
}
