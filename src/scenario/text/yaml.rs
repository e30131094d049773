//! The parser for YAML, and for JSON as a subset of it.
//!
//! saphyr-parser produces the events, and a stack of open lists and maps builds the tree, so
//! nesting causes no recursion. Plain words resolve by the core schema of YAML 1.2. Anchors,
//! aliases and merge keys are expanded (`alias`); `syntax` words the parser's errors. Rejected with
//! advice: tags, duplicate keys, several documents, keys that are not words, and the words that
//! YAML 1.1 takes for booleans.
//! Tests in `tests/yaml.rs`: every error with its message and place, plain words, byte offsets
//! after non-ASCII text.

mod alias;
mod syntax;
mod words;

use super::{
    DEEPEST, Entry, MOST_NODES, MOST_PROBLEMS, Node, Value, empty_file, problem_at, refuse_size,
    refuse_twice,
};
use super::{too_deep, too_many, word_at};
use crate::problem::Problem;
use alias::Anchors;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::ops::{ControlFlow, Range};
use words::{resolve, written};

/// Parses a YAML text into a tree, or returns all syntax errors; `name` is what messages call the
/// notation.
pub(crate) fn parse(text: &str, name: &str) -> Result<Node, Vec<Problem>> {
    refuse_size(text)?;
    let offsets = if text.is_ascii() {
        Vec::new()
    } else {
        text.char_indices().map(|(byte, _)| byte).collect()
    };
    let mut builder = Builder {
        text,
        offsets,
        problems: Vec::new(),
        open: Vec::new(),
        anchors: Anchors::default(),
        root: None,
        nodes: 0,
        documents: 0,
        seen: 0,
    };
    for event in Parser::new_from_str(text) {
        let flow = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                let place = word_at(text, builder.byte(error.marker().index()));
                let problem = builder.scan_problem(&error, place, name);
                builder.refuse(problem);
                ControlFlow::Break(())
            }
        };
        if flow.is_break() || builder.problems.len() >= MOST_PROBLEMS {
            break;
        }
    }
    match builder.root {
        _ if !builder.problems.is_empty() => Err(builder.problems),
        Some(root) if root.value != Value::Null || !root.span.is_empty() => Ok(root),
        _ => Err(empty_file()),
    }
}

/// A list or map whose end has not been reached.
struct Open {
    start: usize,
    /// The id of its anchor, or 0.
    anchor: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, merges: Vec<Node>, key: Option<Key> },
}

/// A key whose value has not been read yet; `word` is `None` if the key was rejected.
struct Key {
    word: Option<String>,
    span: Range<usize>,
    /// Whether its value is merged into the group.
    merges: bool,
}

struct Builder<'t> {
    text: &'t str,
    /// The byte offset of each character; empty if the text is ASCII.
    offsets: Vec<usize>,
    problems: Vec<Problem>,
    open: Vec<Open>,
    anchors: Anchors,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    /// The end of the last event.
    seen: usize,
}

impl Builder<'_> {
    fn byte(&self, character: usize) -> usize {
        if self.offsets.is_empty() {
            character.min(self.text.len())
        } else {
            *self.offsets.get(character).unwrap_or(&self.text.len())
        }
    }

    fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn take(&mut self, event: Event, span: Span) -> ControlFlow<()> {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let span = start..end.max(start);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let problem =
                        problem_at(word_at(self.text, start), "a second document begins here");
                    self.refuse(problem.help("write one document per file, without `---`"));
                    return ControlFlow::Break(());
                }
            }
            Event::Alias(anchor) => self.alias(anchor, &span)?,
            Event::Scalar(word, style, anchor, tag) => {
                self.count(&span)?;
                self.refuse_tag(&span, tag.is_some());
                self.scalar(
                    &word,
                    style == ScalarStyle::Plain,
                    self.unmarked(&span, anchor),
                    anchor,
                );
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(&span, anchor, tag.is_some(), Kind::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(
                    &span,
                    anchor,
                    tag.is_some(),
                    Kind::Map { entries: Vec::new(), merges: Vec::new(), key: None },
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        self.seen = self.seen.max(span.start + written(&self.text[span.clone()]));
        ControlFlow::Continue(())
    }

    fn count(&mut self, span: &Range<usize>) -> ControlFlow<()> {
        self.nodes += usize::from(!self.awaits_key());
        if self.nodes > MOST_NODES {
            self.refuse(too_many(word_at(self.text, span.start)));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Expands an alias in place.
    fn alias(&mut self, anchor: usize, span: &Range<usize>) -> ControlFlow<()> {
        let place = span.start..span.start + written(&self.text[span.clone()]);
        if self.awaits_key() {
            self.refuse(problem_at(place, "an alias cannot be a key").help("write the key out"));
            self.add(Node::new(Value::Null), None);
            return ControlFlow::Continue(());
        }
        let name = &self.text[place.clone()];
        match self.anchors.expand(anchor, name, place.clone(), self.open.len(), &mut self.nodes) {
            Ok(node) => self.add(node, None),
            Err(problem) => {
                self.refuse(problem);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Returns the range of a scalar without its anchor, which the parser includes.
    fn unmarked(&self, span: &Range<usize>, anchor: usize) -> Range<usize> {
        let written = &self.text[span.clone()];
        if anchor == 0 || !written.starts_with('&') {
            return span.clone();
        }
        let scalar = written.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
        span.end - scalar.len()..span.end
    }

    fn begin(
        &mut self,
        span: &Range<usize>,
        anchor: usize,
        tag: bool,
        kind: Kind,
    ) -> ControlFlow<()> {
        self.count(span)?;
        self.refuse_tag(span, tag);
        if self.awaits_key() {
            let key = problem_at(word_at(self.text, span.start), "a list or group cannot be a key");
            self.refuse(key.help("quote the key if it is meant as text"));
        }
        if self.open.len() >= DEEPEST {
            self.refuse(too_deep(word_at(self.text, span.start)));
            return ControlFlow::Break(());
        }
        self.open.push(Open { start: span.start, anchor, kind });
        ControlFlow::Continue(())
    }

    fn end(&mut self, span: &Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        // Only flow style has a closing bracket (the parser includes the space after it); a block
        // ends with its last child.
        let bracket = self.text[span.clone()].starts_with([']', '}']);
        let end = if bracket { span.start + 1 } else { self.seen };
        let value = match open.kind {
            Kind::List(items) => Value::List(items),
            Kind::Map { mut entries, merges, .. } => {
                refuse_twice(self.text, &mut entries, &mut self.problems);
                alias::merge(&mut entries, merges, &mut self.problems);
                Value::Map(entries)
            }
        };
        let node = Node::placed(self.text, open.start..end.max(open.start), value);
        self.note(open.anchor, &node);
        self.add(node, None);
    }

    /// Records the node of an anchor.
    fn note(&mut self, anchor: usize, node: &Node) {
        if let Err(problem) = self.anchors.note(anchor, node) {
            self.refuse(problem);
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: Kind::Map { key: None, .. }, .. }))
    }

    /// Adds a finished node to the open list or map; `word` is its text if it may be a key.
    fn add(&mut self, node: Node, word: Option<String>) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(Kind::List(items)) => items.push(node),
            Some(Kind::Map { entries, merges, key }) => match key.take() {
                None => {
                    *key = Some(Key {
                        merges: word.as_deref() == Some("<<")
                            && self.text[node.span.clone()].starts_with('<'),
                        word,
                        span: node.span,
                    })
                }
                Some(Key { merges: true, .. }) => merges.push(node),
                Some(Key { word: Some(word), span, .. }) => {
                    entries.push(Entry { key: word, key_span: span, value: node })
                }
                Some(_) => {}
            },
        }
    }

    fn refuse_tag(&mut self, span: &Range<usize>, tag: bool) {
        if !tag {
            return;
        }
        // The parser includes tag and anchor in the range of a scalar, but not of a list or map.
        let marked = self.text[span.clone()].starts_with(['&', '!']);
        let from = if marked { span.start } else { self.seen };
        let within = self.text.get(from..if marked { span.end } else { span.start }).unwrap_or("");
        let at = if marked { within.find('!') } else { within.rfind('!') };
        let place = at.map_or(span.clone(), |at| word_at(self.text, from + at));
        let what = format!("tags such as `{}` are not allowed", &self.text[place.clone()]);
        self.refuse(
            problem_at(place, what)
                .help("remove it; write a variant as a key with its value, such as `exp: 3ms`"),
        );
    }

    fn scalar(&mut self, word: &str, plain: bool, span: Range<usize>, anchor: usize) {
        let span = span.start..span.start + written(&self.text[span.clone()]);
        if plain && let Some(quote) = word.chars().next().filter(|c| "“”„‟‘’‚«»".contains(*c))
        {
            let place = self.text[span.clone()]
                .find(quote)
                .map_or(span.clone(), |at| span.start + at..span.start + at + quote.len_utf8());
            self.refuse(
                problem_at(place, format!("`{quote}` is not a quotation mark here"))
                    .help("write `\"`, or remove the quotes"),
            );
        }
        let boolean = plain && super::is_boolean_elsewhere(word);
        if self.awaits_key() {
            let refused = match word {
                _ if plain && span.is_empty() => Some((
                    "the key before `:` is missing".to_string(),
                    "write `NAME: VALUE`".to_string(),
                )),
                // `n` is the usual name in `zipf: { n, s }`, and no YAML 1.2 reader takes it for a
                // boolean.
                _ if boolean && word != "n" => Some((
                    format!("other YAML readers take the key `{word}` for a boolean"),
                    format!("quote it: `\"{word}\"`"),
                )),
                _ => None,
            };
            let word = if refused.is_none() { Some(word.to_string()) } else { None };
            if let Some((what, help)) = refused {
                let place =
                    if span.is_empty() { word_at(self.text, span.start) } else { span.clone() };
                self.refuse(problem_at(place, what).help(help));
            }
            let key = Node::placed(self.text, span, word.clone().map_or(Value::Null, Value::Text));
            self.note(anchor, &key);
            return self.add(key, word);
        }
        if boolean {
            let what = format!("`{word}` is text to some YAML readers and a boolean to others");
            self.refuse(
                problem_at(span.clone(), what)
                    .help(format!("quote it (`\"{word}\"`) or use `true` or `false`")),
            );
        }
        let value = if plain { resolve(word) } else { Value::Text(word.to_string()) };
        let node = Node::placed(self.text, span, value);
        self.note(anchor, &node);
        self.add(node, None);
    }
}
