"""Files: read where they are files, written whole or not at all, kept within bounds."""

from workbench.files.caches import CACHE_BYTES, cache_file, cache_folder, cached_file, caches, empty_caches, is_cached
from workbench.files.contents import CSV, JPEG, JSON, MARKDOWN, PAGE, TFLITE, Content
from workbench.files.model_explorer import node_data
from workbench.files.reading import is_inside, open_file, read_file, read_text
from workbench.files.writing import check_apart, check_writable, left_behind, part_of, temporary_folder, write_whole

__all__ = [
    "CACHE_BYTES",
    "CSV",
    "JPEG",
    "JSON",
    "MARKDOWN",
    "PAGE",
    "TFLITE",
    "Content",
    "cache_file",
    "cache_folder",
    "cached_file",
    "caches",
    "check_apart",
    "check_writable",
    "empty_caches",
    "is_cached",
    "is_inside",
    "left_behind",
    "node_data",
    "open_file",
    "part_of",
    "read_file",
    "read_text",
    "temporary_folder",
    "write_whole",
]
