//! The files that the rules read, each read once.

use std::fs;
use std::path::Path;

/// A text file of the repository.
pub struct File {
    /// Its path from the root, with `/` between its parts.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl File {
    /// The lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines before the unit tests at the end of the file.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        self.lines().take(self.text[..end].lines().count())
    }

    /// Whether the file is code of the library or of the command, and not of a test.
    pub fn is_source(&self) -> bool {
        self.path.starts_with("src/") && self.path.ends_with(".rs") && !self.path.contains("tests")
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub fn is_page(&self) -> bool {
        self.path.ends_with(".md")
    }
}

/// All Rust files and pages.
pub struct Repository {
    pub files: Vec<File>,
}

impl Repository {
    pub fn read() -> Repository {
        let mut files = Vec::new();
        for folder in ["src", "tests", "benches", "examples", "fuzz", "docs"] {
            read_folder(Path::new(folder), &mut files);
        }
        for entry in fs::read_dir(".").expect("the root can be read") {
            read_file(&entry.expect("its entries can be read").path(), &mut files);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Repository { files }
    }

    pub fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_source())
    }
}

fn read_folder(folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("its entries can be read").path();
        match path.is_dir() {
            true if path.ends_with("target") || path.ends_with("corpus") => {}
            true => read_folder(&path, files),
            false => read_file(&path, files),
        }
    }
}

fn read_file(path: &Path, files: &mut Vec<File>) {
    let is_text = path.extension().is_some_and(|extension| extension == "rs" || extension == "md");
    if is_text && path.is_file() {
        let text = fs::read_to_string(path).expect("it is text");
        let path = path.strip_prefix(".").unwrap_or(path);
        files.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
    }
}
