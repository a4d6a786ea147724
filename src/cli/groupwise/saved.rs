//! `--save` and `--load`: `PREFIX.swl` is the stream as [`Stream::save`] writes it, `PREFIX.json` how rows become rounds.

use super::recipe::Recipe;
use crate::cli::output;
use serde_json::{Value, json};
use southwell::groupwise::Stream;
use southwell::runtime::{Error, ErrorKind, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

const FORMAT: &str = "southwell groupwise";
const VERSION: u64 = 1;

fn named(prefix: &Path, end: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Writes both files.
pub fn save(prefix: &Path, recipe: &Recipe, stream: &Stream) -> Result<()> {
    let bytes = stream.save()?;
    output::write_file(&named(prefix, ".swl"), |file| file.write_all(&bytes))?;
    let object = json!({
        "format": FORMAT,
        "version": VERSION,
        "predictions": stream.counts().predictions,
        "recipe": recipe.json(),
    });
    output::write_file(&named(prefix, ".json"), |file| {
        serde_json::to_writer_pretty(&mut *file, &object)?;
        writeln!(file)
    })
}

/// Reads both files. Errors: files that cannot be read, or that do not belong together.
pub fn load(prefix: &Path) -> Result<(Recipe, Stream)> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| {
            Error::new(ErrorKind::Argument, path.display().to_string())
                .expected("a file that can be read")
                .found(e)
        })
    };
    let (state, text) = (named(prefix, ".swl"), named(prefix, ".json"));
    let name = state.display().to_string();
    let stream = Stream::load(&read(&state)?).map_err(|e| e.renamed("saved state", &name))?;
    let refuse = |expected: &str, found: String| {
        Error::new(ErrorKind::Format, text.display().to_string()).expected(expected).found(found)
    };
    let object: Value = serde_json::from_slice(&read(&text)?).map_err(|e| refuse("JSON", e.to_string()))?;
    if object["format"] != FORMAT || object["version"] != VERSION {
        return Err(refuse(
            &format!("\"format\": \"{FORMAT}\", version {VERSION}"),
            object["format"].to_string(),
        ));
    }
    let recipe = Recipe::from_json(&object["recipe"])
        .ok_or_else(|| refuse("a recipe as southwell groupwise writes it", "another".into()))?;
    let count = stream.counts().predictions;
    if object["predictions"] != count || recipe.width() != stream.features() {
        return Err(refuse(
            &format!("the recipe of a stream of {} features after {count} predictions", stream.features()),
            format!("{} after {}", recipe.width(), object["predictions"]),
        ));
    }
    Ok((recipe, stream))
}
