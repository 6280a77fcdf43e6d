"""Names that nothing in the code calls and that live all the same, each with who calls it.

vulture reads this file as if it called them (`make check`). A name that needs no entry any more fails
`test_nothing_is_dead.py`.
"""

_.readinto  # io.RawIOBase.read
_.seekable  # io.BufferedReader
_.__call__  # audit.tree.HashReader: a protocol of a function

# Python's servers and loggers
_.protocol_version  # http.server: HTTP/1.1
_.wbufsize  # socketserver: buffered answers
_.do_POST  # http.server, by the method of a request
_.close_connection  # http.server, after each answer
_.log_message  # http.server, for each answer
_.daemon_threads  # socketserver.ThreadingMixIn
_.on_header  # httptools.HttpResponseParser
_.handle_error  # socketserver, after an exception
_.client_address  # named by socketserver.BaseServer.handle_error
_.raiseExceptions  # logging.Handler.handleError
_.READ_NUM_BYTES  # httpcore: bytes that it takes off the wire at once

_.NewIndex  # storage.migrations.online: a migration lists it
_.Backfill  # storage.migrations.online: a migration lists it
_.FIRST_ID  # storage.migrations.by_month: a migration carries it out
_.TableByMonth  # storage.migrations.by_month: a migration splits it
_.open_all  # client.fetch as a library, docs/opener.md

# pydicom and Pillow
_.PlanarConfiguration  # pydicom's decoders read it from the data set
_.MAX_IMAGE_PIXELS  # PIL.Image.open refuses more

# pyexpat and ElementTree
_.buffer_text  # pyexpat: one call for a run of text
_.StartDoctypeDeclHandler  # pyexpat
_.ProcessingInstructionHandler  # pyexpat
_.StartElementHandler  # pyexpat
_.EndElementHandler  # pyexpat
_.CharacterDataHandler  # pyexpat
_.pubid  # named by the target of xml.etree.ElementTree.XMLParser

# uvicorn, FastAPI, Typer
_.timeout_keep_alive_task  # uvicorn's protocol cancels it
_.capture_signals  # uvicorn.Server.serve
_.should_exit  # uvicorn.Server.main_loop
_.regex  # starlette.convertors.Convertor
_.list_commands  # click.Group: the order of --help
_.backup_command  # coffre.command_line.later, by its name
_.check_command  # the same
_.demo_command  # the same
_.fetch_command  # the same
_.restore_command  # the same
_.send_command  # the same
_.named_operator  # coffre.commands.identity.issuing, by its name
_.FEMALE  # typer: a choice of `coffre record open --sex`
_.MALE  # the same

_.raw_headers  # starlette.responses.Response
_.ValueClass  # prometheus_client.metrics, for each value
_.describe  # prometheus_client.CollectorRegistry.register

# pydantic
_.model_config  # pydantic.BaseModel

# SQLAlchemy and psycopg
_.apply_to_insert  # sqlalchemy.sql.base.SyntaxExtension
_.impl  # sqlalchemy.types.TypeDecorator
_.cache_ok  # the same
_.load_dialect_impl  # the same
_.process_bind_param  # the same
_.process_result_value  # the same
_.bind_processor  # sqlalchemy.types.TypeEngine
_.result_processor  # the same
_.coltype  # named by TypeEngine.result_processor
_.autocommit  # psycopg.Connection: LISTEN outside a transaction

# pydicom, where a data set is made
_.TransferSyntaxUID  # written with the file meta information
_.MediaStorageSOPClassUID  # the same
_.MediaStorageSOPInstanceUID  # the same
_.SpecificCharacterSet  # written with the demo's data sets
_.PatientName  # the same
_.PatientID  # the same
_.PatientBirthDate  # the same
_.PatientSex  # the same
_.IssuerOfPatientID  # the same
_.IssuerOfPatientIDQualifiersSequence  # the same
_.FrameOfReferenceUID  # the same
_.InstanceNumber  # the same
_.PixelSpacing  # the same
_.ImagePositionPatient  # the same
_.SliceLocation  # the same

# elements of a DocumentReference (FHIR R4) that are accepted and not kept
_.Extension  # the type of every element's `extension`, by its name
_.user_selected  # Coding
_.assigner  # Identifier
_.creation  # Attachment
_.version_id  # Meta
_.last_updated  # Meta
_.profile  # Meta
_.div  # Narrative
_.encounter  # context
_.facility_type  # context
_.source_patient_info  # context
_.authenticator  # DocumentReference
_.custodian  # DocumentReference

# words on the wire and in what is stored, which are read by their value
_.EXPORT  # a kind of blob whose number is given (docs/formats.md), though none is made yet
_.SPOKEN  # means of a consent, in a card
_.WRITTEN  # the same
_.HIDDEN_FROM_REPRESENTATIVES  # pages explain it; no decision gives it while nobody signs in for another
_.certificate_public  # coffre.installation.installation compares it with the vault's, by its name
_.taken_at  # written with the manifest of an archive

# rows and cards
_.series_token  # a column of the index, written with each instance

# the templates of the pages
_.acts  # log.html
_.explanation  # log.html
_.hidden_from_patient  # document.html
_.visible_to_patient  # document.html
_.hidden_from_representatives  # document.html
_.is_pdf  # document.html

# what the standard library calls as it reads a page or answers a request
_.handle_starttag  # html.parser
_.handle_endtag  # html.parser
_.handle_data  # html.parser
_.do_GET  # http.server

# what the standard library asks of a time zone
_.tzname  # datetime
_.fromutc  # datetime.astimezone

# facts of documents
_.announced_by  # sealed in facts, as `asdict` names it
_.announced_at  # the same

# kinds of cards, by the codes that certificates have
_.CPF  # TRE_G02
_.CPA  # TRE_G02
