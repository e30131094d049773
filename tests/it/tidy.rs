//! The house rules, checked on the sources: rooms and what they may use, the length of files and
//! functions, names that nothing uses, paths that do not exist, words to avoid.
//!
//! Each rule reports all its violations at once, as `file:line: what is wrong`.

mod repository;
mod rooms;
mod text;

use repository::Repository;
use std::sync::LazyLock;

/// Read once for all rules.
static REPOSITORY: LazyLock<Repository> = LazyLock::new(Repository::read);

#[test]
fn a_room_uses_only_the_rooms_that_the_floor_plan_allows() {
    assert_none(rooms::check(&REPOSITORY));
}

#[test]
fn every_file_of_a_catalogue_room_is_in_its_catalogue() {
    assert_none(rooms::check_catalogues(&REPOSITORY));
}

#[test]
fn files_are_short_and_begin_with_a_description() {
    assert_none(text::check_files(&REPOSITORY));
}

#[test]
fn functions_are_short_and_the_longer_ones_only_get_shorter() {
    assert_none(text::check_functions(&REPOSITORY));
}

#[test]
fn comments_are_at_most_100_columns_wide() {
    assert_none(text::check_columns(&REPOSITORY));
}

#[test]
fn only_the_command_prints_and_nothing_is_left_to_do() {
    assert_none(text::check_banned_code(&REPOSITORY));
}

#[test]
fn words_that_an_editor_would_strike_do_not_come_back() {
    assert_none(text::check_words(&REPOSITORY));
}

#[test]
fn paths_in_comments_and_pages_exist() {
    assert_none(text::check_paths(&REPOSITORY));
}

#[test]
fn every_public_name_is_used_somewhere() {
    assert_none(text::check_dead_names(&REPOSITORY));
}

#[test]
fn the_schema_in_docs_is_that_of_the_types() {
    let checked_in =
        std::fs::read_to_string("docs/scenario.schema.json").expect("the schema is checked in");
    assert!(
        checked_in == asyncflow::scenario::schema(),
        "run `cargo run --release -- schema > docs/scenario.schema.json`"
    );
}

fn assert_none(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}
