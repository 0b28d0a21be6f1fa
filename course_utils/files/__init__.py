"""The files that the course reads and writes: data sets, downloads, checksums, drawn stand-ins."""
