//! What a command writes: stdout in one piece, and files.

use super::failure::Failure;
use southwell::runtime::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{BufWriter, ErrorKind as Io, Write};
use std::path::Path;

/// Writes `text` to stdout. A reader that has gone away is no failure.
pub fn print(text: &str) -> std::result::Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != Io::BrokenPipe => Err(Failure::new(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// Writes a file through `body`.
pub fn write_file(path: &Path, body: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        body(&mut file)?;
        file.flush()
    };
    write().map_err(|error| {
        Error::new(ErrorKind::Argument, path.display().to_string())
            .expected("a file that can be written")
            .found(error)
    })
}
