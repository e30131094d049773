//! `completions`, `man`: what a package installs beside the command.

use super::Outcome;
use super::arguments::{Arguments, Completions, Man};
use super::out::{print, say};
use super::write::{refuse, replace_all};
use clap::CommandFactory;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) fn completions(options: &Completions) -> Outcome {
    let mut command = Arguments::command();
    let (name, mut script) = (command.get_name().to_string(), Vec::new());
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(options: &Man) -> Outcome {
    let mut command = Arguments::command().disable_help_subcommand(true);
    // Gives each command its full name.
    command.build();
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    let pages: io::Result<Vec<Page>> =
        std::iter::once(&command).chain(commands).map(Page::of).collect();
    match (pages, &options.folder) {
        (Err(error), _) => refuse(&format!("cannot write the manual pages: {error}")),
        (Ok(pages), None) => print(&pages[0].text),
        (Ok(pages), Some(folder)) => write_pages(&pages, folder, options.force),
    }
}

/// A manual page.
struct Page {
    /// The name of its file, such as `asyncflow-run.1`.
    file: String,
    /// Its text, in roff.
    text: String,
}

impl Page {
    fn of(command: &clap::Command) -> io::Result<Page> {
        let page = clap_mangen::Man::new(command.clone())
            .source(concat!("asyncflow ", env!("CARGO_PKG_VERSION")));
        let mut text = Vec::new();
        page.render(&mut text)?;
        // The text after the options: commands in it must be neither hyphenated nor justified.
        let text = String::from_utf8_lossy(&text).replace(".SH EXTRA\n", ".SH NOTES\n.nh\n.ad l\n");
        Ok(Page { file: page.get_filename(), text })
    }
}

/// Writes the pages to a folder, which is created; none of them if one exists and must be kept.
fn write_pages(pages: &[Page], folder: &Path, force: bool) -> Outcome {
    let paths: Vec<PathBuf> = pages.iter().map(|page| folder.join(&page.file)).collect();
    if let Some(existing) = paths.iter().find(|path| path.exists() && !force) {
        return refuse(&format!(
            "`{}` already exists; use `--force` to overwrite it",
            existing.display()
        ));
    }
    if let Err(error) = fs::create_dir_all(folder) {
        return refuse(&format!("cannot create `{}`: {error}", folder.display()));
    }
    let files: Vec<(PathBuf, &str)> =
        paths.into_iter().zip(pages.iter().map(|page| page.text.as_str())).collect();
    if let Err((path, error)) = replace_all(&files) {
        return refuse(&format!("cannot write `{}`: {error}", path.display()));
    }
    say(&format!("wrote {} manual pages to {}", pages.len(), folder.display()));
    Outcome::Done
}
