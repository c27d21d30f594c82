"""True probabilities for the rows of a Parquet file."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from histories.errors import CallError
from histories.sample.parameters import read_parameters
from histories.sample.truth import truth
from histories.whole_file import whole_file


def write_truth(folder: Path, pairs: Path, output: Path) -> int:
    """Write the rows of `pairs` with their true probabilities (as `truth` has it), and return how many they are.

    `folder` holds the sample that they speak of. Raises CallError where a file cannot be read or written.
    """
    try:
        rows = parquet.read_table(pairs)
    except (OSError, pa.ArrowInvalid) as error:
        raise CallError(f"{pairs}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
    told = truth(read_parameters(folder), rows)
    with whole_file(output) as unfinished:
        parquet.write_table(told, unfinished)
    return int(told.num_rows)
