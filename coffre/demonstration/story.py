"""The story that the demo plays, step by step, on real files and over HTTP; each step checks its outcome."""

from coffre.demonstration.step import Step
from coffre.demonstration.steps.announcing import result_not_yet_announced
from coffre.demonstration.steps.choosing import patient_chooses
from coffre.demonstration.steps.consenting import care_team
from coffre.demonstration.steps.declaring import patient_declares
from coffre.demonstration.steps.depositing import (
    deposit_ct,
    deposit_real_ct,
    deposit_report,
    deposit_ultrasound,
    refuse_bad_files,
    set_aside_another_person,
)
from coffre.demonstration.steps.entering import (
    doctor_signs_in,
    patient_signs_in,
    structures_show_certificates,
)
from coffre.demonstration.steps.reading import (
    doctor_opens_everything,
    doctor_opens_one_frame,
    doctor_searches,
    doctor_without_authorisation,
    emergency,
    patient_authorises,
    patient_forbids_emergency,
    patient_masks,
    patient_reads_log,
    patient_reads_notice,
)
from coffre.demonstration.steps.refusing import patient_refuses
from coffre.demonstration.steps.searching import search_for_plaintext
from coffre.demonstration.steps.viewing import doctor_finds_the_report, viewer_opens_the_study

DEPOSITS: tuple[Step, ...] = (
    ("The laboratory and the hospital show their certificates", structures_show_certificates),
    ("A radiology laboratory deposits a CT study", deposit_ct),
    ("It deposits an ultrasound film", deposit_ultrasound),
    ("A hospital deposits a report", deposit_report),
)
FULL_DEPOSIT: Step = ("Real CT images of other makers", deposit_real_ct)
STORY: tuple[Step, ...] = (
    ("Two bad files are refused, each with its reason", refuse_bad_files),
    ("The patient signs in with a password and a code", patient_signs_in),
    ("Images of another person are set aside", set_aside_another_person),
    ("A doctor signs in by card", doctor_signs_in),
    ("The doctor asks without authorisation", doctor_without_authorisation),
    ("The patient authorises the doctor", patient_authorises),
    ("The doctor searches the record", doctor_searches),
    ("The doctor opens one image, by range", doctor_opens_one_frame),
    ("A stock viewer searches and opens the study in clear", viewer_opens_the_study),
    ("A stock FHIR client finds the report and fetches it", doctor_finds_the_report),
    ("The doctor opens everything", doctor_opens_everything),
    ("The patient shows one document and not another", patient_chooses),
    ("A result that is not announced yet", result_not_yet_announced),
    ("A surgeon records consent for a care team, and the patient ends it", care_team),
    ("The patient refuses a document after its deposit", patient_refuses),
    ("The patient declares an allergy, and corrects it", patient_declares),
    ("The patient masks the study", patient_masks),
    ("An emergency doctor breaks the glass", emergency),
    ("The patient reads the notice of it", patient_reads_notice),
    ("The patient forbids that mode", patient_forbids_emergency),
    ("The patient reads who did what", patient_reads_log),
)
PLAINTEXT_SEARCH: Step = ("The data directory is searched for anything in clear", search_for_plaintext)
