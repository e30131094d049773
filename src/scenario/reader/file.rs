//! Reads the text of a scenario from a file, a pipe or standard input, and finds its notation.

use super::{Loaded, read};
use crate::problem::{Problem, Severity};
use crate::scenario::kinds;
use crate::scenario::text::{self, Format};
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A text and its origin, for showing problems in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The path, or what stands for it (`standard input`).
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The files that it includes. A place behind the text is in these, one after the other, each
    /// one byte behind the end of the one before.
    pub included: Vec<Source>,
}

impl Source {
    /// Returns the file that a place is in, and where in it.
    pub fn part(&self, place: &Range<usize>) -> (&Source, Range<usize>) {
        let (mut part, mut begins) = (self, 0);
        for next in &self.included {
            let after = begins + part.text.len() + 1;
            if place.start < after {
                break;
            }
            (part, begins) = (next, after);
        }
        (part, place.start - begins..place.end.max(place.start) - begins)
    }
}

/// Reads a file. If there is no scenario, the problems say why.
///
/// # Errors
/// The problem that prevented the file from being read at all.
pub fn read_file(path: &Path, sets: &[String]) -> Result<(Source, Loaded), Problem> {
    let is_stdin = is_stdin(path);
    let name = if is_stdin { "standard input".to_string() } else { path.display().to_string() };
    let problem = |what: String, help: &str| Problem::new(Severity::Error, "", what).help(help);
    let named = Format::of(path);
    if named.is_none() && !is_stdin && !is_pipe(path) {
        let extension = path
            .extension()
            .map_or(String::new(), |extension| extension.to_string_lossy().to_lowercase());
        let known = "scenario files end in .yaml, .yml, .ron or .json; `-` is standard input";
        let help = kinds::by_name(&extension).unwrap_or(known);
        return Err(problem(
            format!("`{name}` does not have the extension of a scenario file"),
            help,
        ));
    }
    let text = text_of(path, &name)?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let stem = match is_stdin {
        true => "stdin".to_string(),
        false => {
            path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
        }
    };
    let format = named.unwrap_or_else(|| notation_of(&text));
    let mut loaded = read(&text, format, &stem, &folder, sets);
    let source = Source { name, text, included: std::mem::take(&mut loaded.included) };
    Ok((source, loaded))
}

/// Returns the text of a file of this name, or why there is none.
pub(super) fn text_of(path: &Path, name: &str) -> Result<String, Problem> {
    let bytes = bytes_of(path).map_err(|error| {
        Problem::new(Severity::Error, "", format!("`{name}` cannot be read: {error}"))
            .help("give the path of a scenario file")
    })?;
    let text = match bytes.len() > text::LARGEST {
        true => Err(text::too_large()),
        false => text::decode(&bytes),
    };
    text.map(str::to_string).map_err(|refusal| Problem {
        place: None,
        what: format!("`{name}`: {}", refusal.what),
        ..refusal
    })
}

/// Reads the bytes of a file, up to one more than the largest size accepted: a file may be of any
/// size. A pipe can be read only once, so its bytes are kept for later reads, as in a comparison of
/// variants.
fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    static PIPED: Mutex<BTreeMap<PathBuf, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.take(text::LARGEST as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    if !is_stdin(path) && !is_pipe(path) {
        return read(&mut std::fs::File::open(path)?);
    }
    let mut piped = PIPED.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(bytes) = piped.get(path) {
        return Ok(bytes.clone());
    }
    let bytes = if is_stdin(path) {
        read(&mut std::io::stdin().lock())?
    } else {
        read(&mut std::fs::File::open(path)?)?
    };
    piped.insert(path.to_path_buf(), bytes.clone());
    Ok(bytes)
}

/// Whether a path denotes standard input.
fn is_stdin(path: &Path) -> bool {
    [Path::new("-"), Path::new("/dev/stdin")].contains(&path)
}

/// Whether a path is a pipe, such as `<(command)` in a shell.
fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    let is_pipe = path
        .metadata()
        .is_ok_and(|file| std::os::unix::fs::FileTypeExt::is_fifo(&file.file_type()));
    #[cfg(not(unix))]
    let is_pipe = false;
    is_pipe
}

/// Detects the notation of a text without a file name: only RON begins with `(`, and valid JSON is
/// not read as YAML, which is more lenient.
fn notation_of(text: &str) -> Format {
    match text.trim_start().chars().next() {
        Some('(') => Format::Ron,
        Some('{') if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Format::Json,
        _ => Format::Yaml,
    }
}
