"""Every error text, by code: kebab-case, the subject first (image-, weights-, fetch-, export- ...)."""

from model.dataset_error_texts import DATASET_ERROR_TEXTS
from model.doctor_error_texts import DOCTOR_ERROR_TEXTS
from model.error_text import ErrorText
from model.evaluation_error_texts import EVALUATION_ERROR_TEXTS
from model.import_error_texts import IMPORT_ERROR_TEXTS
from model.onnx_error_texts import ONNX_ERROR_TEXTS
from model.picture_error_texts import PICTURE_ERROR_TEXTS
from model.sorting_error_texts import SORTING_ERROR_TEXTS
from model.training_error_texts import TRAINING_ERROR_TEXTS
from model.weights_error_texts import WEIGHTS_ERROR_TEXTS
from model.work_error_texts import WORK_ERROR_TEXTS

__all__ = ["ERROR_TEXTS", "ErrorText"]

ERROR_TEXTS: dict[str, ErrorText] = {
    **PICTURE_ERROR_TEXTS,
    **WEIGHTS_ERROR_TEXTS,
    **IMPORT_ERROR_TEXTS,
    **WORK_ERROR_TEXTS,
    **EVALUATION_ERROR_TEXTS,
    **DATASET_ERROR_TEXTS,
    **TRAINING_ERROR_TEXTS,
    **ONNX_ERROR_TEXTS,
    **DOCTOR_ERROR_TEXTS,
    **SORTING_ERROR_TEXTS,
}
