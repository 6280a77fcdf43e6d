"""Files for the demo and the tests: invented people, a computed CT, a real ultrasound, a French report.

Every identity is invented: both matricules say "born in a country that has no number" (99 999), and their OID
is that of test identities. Equal arguments give equal bytes, so that depositing twice is depositing a
duplicate.
"""

import uuid
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from coffre.demonstration.files.phantom import INTERCEPT, SLOPE, Phantom
from coffre.demonstration.files.report import report_pages
from records.people.identity import INS_NIR_TEST, Traits

OID = INS_NIR_TEST
PATIENT_INS = "277079999900167"
PATIENT = Traits("LEFÈVRE-MÛRIER", "Éléonore", "1977-07-01", "F")
OTHER_PATIENT = Traits("NOËL-GARÇON", "Barthélemy", "1954-03-17", "M")

SEED = 20260105
ACCESSION = "RX26-004217"
_ISSUER = "ASIP-SANTE-INS-NIR"
_NAMESPACE = uuid.UUID("6f1f0f5e-8f5b-5d0e-9a54-0c6f3f1f7a11")


def ct_study(
    ins: str,
    oid: str,
    *,
    slices: int = 60,
    size: int = 512,
    seed: int = SEED,
    traits: Traits = PATIENT,
) -> Iterator[tuple[str, bytes]]:
    """Yields (name, Part 10 file) of each slice of a chest CT computed from a phantom.

    Images are `size` × `size` (at least 16), 16 bits, with rescale to Hounsfield units. UIDs, noise and
    thereby bytes follow from `seed` and `ins`.
    """
    phantom = Phantom(size, slices, seed)
    for number in range(1, slices + 1):
        dataset = _ct_slice(ins, seed, number, slices, size)
        _name_patient(dataset, ins, oid, traits)
        dataset.PixelData = phantom.slice(number - 1).tobytes()
        yield f"ct-{number:04d}.dcm", _part10(dataset)


def ultrasound(ins: str, oid: str, *, traits: Traits = PATIENT) -> tuple[str, bytes]:
    """Returns (name, file): a real 30-frame ultrasound of the pydicom package, given to this patient.

    Everything but the patient's identity, the compressed images included, is as the device wrote it.
    """
    path = Path(str(get_testdata_file("examples_ybr_color.dcm")))
    return "echographie.dcm", _given_to(pydicom.dcmread(path), ins, oid, traits)


def real_ct_files(ins: str, oid: str, *, traits: Traits = PATIENT) -> Iterator[tuple[str, bytes]]:
    """Yields (name, file) of the 512 × 512 CTs in the package pydicom-data, given to this patient.

    Yields nothing where the package is not installed. Of files with one SOP Instance UID the largest, which
    is the uncompressed one, is taken; those whose UIDs are not valid are left out.
    """
    seen: set[str] = set()
    for path in sorted(_packaged_files(), key=lambda path: (-path.stat().st_size, path.name)):
        dataset = _read_ct(path)
        if dataset is None or dataset.SOPInstanceUID in seen:
            continue
        seen.add(dataset.SOPInstanceUID)
        yield path.name, _given_to(dataset, ins, oid, traits)


def mixed_up_ct(ins: str = PATIENT_INS, oid: str = OID) -> tuple[str, bytes]:
    """Returns (name, file): a CT slice of the other patient, registered under the INS of this one.

    So it happens at a counter: the wrong line of the work list, everything else as it should be.
    """
    ((_, content),) = ct_study(ins, oid, slices=1, size=256, seed=SEED + 2, traits=OTHER_PATIENT)
    return "autre-personne.dcm", content


def report_pdf(
    ins: str = PATIENT_INS, *, traits: Traits = PATIENT, accession: str = ACCESSION, study: str = "Scanner"
) -> bytes:
    """Returns a two-page French radiology report as PDF 1.3 or later, without active content."""
    return report_pages(ins, traits, accession, study)


def truncated_dicom(ins: str = PATIENT_INS, oid: str = OID) -> bytes:
    """Returns a CT slice of which the second half was lost on the way."""
    _, whole = next(ct_study(ins, oid, slices=1, size=256, seed=SEED + 1))
    return whole[: len(whole) // 2]


def javascript_pdf() -> bytes:
    """Returns a report that greets whoever opens it: harmless, and active content all the same."""
    writer = PdfWriter(clone_from=BytesIO(report_pdf()))
    script = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject('app.alert("Bonjour");')}
    action = DictionaryObject({NameObject(name): value for name, value in script.items()})
    writer.root_object[NameObject("/OpenAction")] = action
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _uid(*parts: object) -> UID:
    """A UID derived from a UUID (PS3.5 annex B.2)."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, parts))).int}")


def _ct_slice(ins: str, seed: int, number: int, slices: int, size: int) -> Dataset:
    dataset = Dataset()
    dataset.update(_STUDY)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = _uid(seed, ins, "instance", number)
    dataset.StudyInstanceUID = _uid(seed, ins, "study")
    dataset.SeriesInstanceUID = _uid(seed, ins, "series")
    dataset.FrameOfReferenceUID = _uid(seed, ins, "frame of reference")
    dataset.InstanceNumber = number
    spacing = 400 / size  # mm
    position = -1.5 * (slices - number)
    dataset.PixelSpacing = [f"{spacing:.6f}", f"{spacing:.6f}"]
    dataset.ImagePositionPatient = ["-200", "-200", f"{position:.1f}"]
    dataset.SliceLocation = f"{position:.1f}"
    dataset.Rows = dataset.Columns = size
    return dataset


def _fixed(**values: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


_STUDY = _fixed(
    SpecificCharacterSet="ISO_IR 192",
    ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
    StudyDate="20260105",
    SeriesDate="20260105",
    AcquisitionDate="20260105",
    ContentDate="20260105",
    StudyTime="093000",
    SeriesTime="093412",
    AcquisitionTime="093412",
    ContentTime="093415",
    AccessionNumber=ACCESSION,
    Modality="CT",
    Manufacturer="Coffre",
    ManufacturerModelName="Fantôme numérique",
    InstitutionName="Centre d'imagerie des Tilleuls",
    ReferringPhysicianName="PÉRÉ-DUBREUIL^Gaëtan",
    StudyID="4217",
    StudyDescription="Scanner thoracique sans injection",
    SeriesDescription="Thorax 1,5 mm fenêtre parenchymateuse",
    BodyPartExamined="CHEST",
    ProtocolName="Thorax faible dose",
    PatientPosition="HFS",
    PositionReferenceIndicator="",
    SeriesNumber=2,
    AcquisitionNumber=1,
    KVP="120",
    SliceThickness="1.5",
    ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
    SamplesPerPixel=1,
    PhotometricInterpretation="MONOCHROME2",
    BitsAllocated=16,
    BitsStored=16,
    HighBit=15,
    PixelRepresentation=0,
    RescaleIntercept=str(INTERCEPT),
    RescaleSlope=str(SLOPE),
    RescaleType="HU",
    WindowCenter=["-500", "40"],
    WindowWidth=["1500", "400"],
)


def _name_patient(dataset: Dataset, ins: str, oid: str, traits: Traits) -> None:
    """Identity as French imaging sends it: the INS in Patient ID, its OID in the issuer's qualifiers."""
    dataset.PatientName = f"{traits.family_name}^{traits.given_name}"
    dataset.PatientID = ins
    dataset.IssuerOfPatientID = _ISSUER
    dataset.IssuerOfPatientIDQualifiersSequence = Sequence(
        [_fixed(UniversalEntityID=oid, UniversalEntityIDType="ISO")]
    )
    dataset.PatientBirthDate = traits.birth_date.replace("-", "")
    dataset.PatientSex = {"U": "O"}.get(traits.sex, traits.sex)


def _given_to(dataset: pydicom.FileDataset, ins: str, oid: str, traits: Traits) -> bytes:
    for keyword in ("OtherPatientIDs", "OtherPatientIDsSequence", "OtherPatientNames", "PatientAge"):
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.walk(lambda *_: None)  # decodes every text by the old character set before a new one is named
    dataset.SpecificCharacterSet = "ISO_IR 192"
    _name_patient(dataset, ins, oid, traits)
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _part10(dataset: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _packaged_files() -> Iterator[Path]:
    try:
        files = distribution("pydicom-data").files or []
    except PackageNotFoundError:
        return
    for file in files:
        if file.suffix == ".dcm":
            yield Path(str(file.locate()))


def _read_ct(path: Path) -> pydicom.FileDataset | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package is a collection of odd files; most are passed over
        try:
            dataset = pydicom.dcmread(path)
            uids = [dataset.SOPInstanceUID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID]
        except (pydicom.errors.InvalidDicomError, AttributeError):
            return None
    is_ct = dataset.get("Modality") == "CT" and dataset.get("Rows") == dataset.get("Columns") == 512
    return dataset if is_ct and all(uid.is_valid for uid in uids) else None
