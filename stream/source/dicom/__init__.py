"""DICOM in: videos and multi-frame pictures of endoscopes, by pydicom (the extra `dicom`).

What is read of a file's header is listed in `header.py`: nothing of whom it shows. The patient
is read for a Segmentation alone, which has to name the same one (`subject.py`).
"""
