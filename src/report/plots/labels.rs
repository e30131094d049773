//! Text in a chart: names that fit, characters valid in XML, and labels that do not overlap.

/// The maximum width of a character and the gap between two labels, in pixels.
const LETTER: f64 = 7.0;
const GAP: f64 = 8.0;
/// The number of label rows; labels that do not fit are omitted, and are in the summary's table.
const LEVELS: usize = 5;

/// Shortens a name to at most `most` characters by cutting its middle, because names differ at
/// their ends.
pub(crate) fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_string();
    }
    let tail = (most - 1) / 3;
    let head = most - 1 - tail;
    letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
}

/// Replaces the characters that are not valid in XML 1.0 (`Char`, §2.2).
pub(crate) fn as_xml(text: &str) -> String {
    let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if is_char(c) { c } else { '\u{fffd}' }).collect()
}

/// A placed label: its centre on the axis, and its row from the top.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub text: String,
    pub at: f64,
    pub level: usize,
}

/// Places labels near their positions on an axis of `length` units and `pixels` pixels, each in the
/// first row with enough space.
pub(crate) fn place(labels: Vec<(f64, String)>, length: f64, pixels: f64) -> Vec<Placed> {
    let mut occupied: Vec<(usize, f64, f64)> = Vec::new();
    let mut placed = Vec::new();
    for (at, text) in labels {
        let half = (text.chars().count() as f64 * LETTER / 2.0 + GAP / 2.0) * length / pixels;
        let at = at.clamp(half.min(length / 2.0), (length - half).max(length / 2.0));
        let is_free = |level: &usize| {
            !occupied
                .iter()
                .any(|(own, from, to)| own == level && at - half < *to && at + half > *from)
        };
        if let Some(level) = (0..LEVELS).find(is_free) {
            occupied.push((level, at - half, at + half));
            placed.push(Placed { text, at, level });
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        // By hand: 20 characters are 13 of the head, the ellipsis, and 6 of the tail.
        assert_eq!(shortened("mobile-app-users-in-europe-and-asia", 20), "mobile-app-us…d-asia");
        assert_eq!(shortened("api", 20), "api");
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        // XML 1.0, §2.2: no U+FFFE, U+FFFF and no control characters but tab and line ends.
        assert_eq!(
            as_xml("a\u{fffe}b\u{ffff}c\u{1}d\te\u{200b}é😀\u{fffd}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\te\u{200b}é😀\u{fffd}"
        );
    }

    #[test]
    fn labels_never_overlap_and_stay_on_the_axis() {
        // Property: of forty labels on an axis of 500 pixels, those in the same row do not
        // overlap.
        let labels: Vec<(f64, String)> =
            (0..40).map(|i| (f64::from(i * i % 100), format!("fault number {i}"))).collect();
        let placed = place(labels, 100.0, 500.0);
        let width = |label: &Placed| label.text.chars().count() as f64 * LETTER / 5.0;
        for (index, label) in placed.iter().enumerate() {
            assert!(
                label.at - width(label) / 2.0 >= 0.0 && label.at + width(label) / 2.0 <= 100.0,
                "{label:?}"
            );
            for other in &placed[..index] {
                let apart = (label.at - other.at).abs() >= (width(label) + width(other)) / 2.0;
                assert!(label.level != other.level || apart, "{label:?} {other:?}");
            }
        }
        assert!(placed.iter().any(|label| label.level > 0) && placed.len() < 40);
        // A label longer than the axis is centred.
        assert_eq!(place(vec![(3.0, "x".repeat(100))], 100.0, 500.0)[0].at, 50.0);
    }
}
