"""Texts of the page that starts OHIF's service worker."""

from collections.abc import Mapping

OHIF: Mapping[str, tuple[str, str]] = {
    "ohif.title": ("Visionneuse d'images", "Image viewer"),
    "ohif.starting": (
        "Ouverture de la visionneuse : les images sont déchiffrées dans votre navigateur.",
        "Opening the viewer: the images are decrypted in your browser.",
    ),
    "ohif.no_script": (
        "La visionneuse a besoin de JavaScript. Autorisez-le pour ce site, puis rechargez la page.",
        "The viewer needs JavaScript. Allow it for this site, then reload the page.",
    ),
    "ohif.too_old": (
        "Ce navigateur ne sait pas ouvrir lui-même des images chiffrées : il est trop ancien, ou sa fenêtre "
        "est privée. Mettez-le à jour, quittez la navigation privée, ou prenez-en un autre.",
        "This browser cannot open encrypted images itself: it is too old, or its window is private. Update "
        "it, leave private browsing, or use another one.",
    ),
    "ohif.over_gateway": (
        "Vous pouvez aussi continuer : le serveur déchiffrera alors les images pour vous, et les verra "
        "passer.",
        "You can also go on: the server then decrypts the images for you, and sees them pass.",
    ),
    "ohif.go_over_gateway": ("Continuer par le serveur", "Go on through the server"),
    "ohif.elsewhere": (
        "Ce serveur ne déchiffre rien lui-même : ici, aucune image ne peut être montrée.",
        "This server decrypts nothing itself: no image can be shown here.",
    ),
    "ohif.failed": (
        "La visionneuse n'a pas pu démarrer. Rechargez la page ; si rien ne change, fermez tous les onglets "
        "de ce site et recommencez.",
        "The viewer could not start. Reload the page; if nothing changes, close all tabs of this site and "
        "try again.",
    ),
}
