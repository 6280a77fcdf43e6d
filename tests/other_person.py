"""The INS of the person whom the demo's data name beside its patient (`coffre.demonstration.files.data`)."""

OTHER_INS = "154039999900215"
