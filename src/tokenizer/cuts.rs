//! All ways to cut a text of a list into two others of it.
//!
//! Looking up every beginning and every end of a text takes time that grows with the square of its
//! length. In byte order, though, a text stands behind all that it begins with, so one pass links
//! each text to the longest other that it begins with; a second pass, over the texts read backwards,
//! does the same for ends. Walking both chains finds the cuts, and a chain is no longer than its text.

/// No other text.
const NONE: u32 = u32::MAX;

/// Distinct texts, and which others each of them begins and ends with.
pub(super) struct Cuts<'a> {
    /// In byte order.
    texts: Vec<&'a str>,
    /// For each the longest other that it begins with, by number.
    beginnings: Vec<u32>,
    /// The same for ends.
    ends: Vec<u32>,
}

impl<'a> Cuts<'a> {
    /// Of these texts, fewer than 2^32; what comes twice counts once.
    pub(super) fn new(mut texts: Vec<&'a str>) -> Cuts<'a> {
        texts.sort_unstable();
        texts.dedup();
        let forwards: Vec<(&[u8], u32)> =
            texts.iter().zip(0..).map(|(text, number)| (text.as_bytes(), number)).collect();
        let beginnings = longest_beginnings(&forwards);
        let reversed: Vec<Vec<u8>> =
            texts.iter().map(|text| text.bytes().rev().collect()).collect();
        let mut backwards: Vec<(&[u8], u32)> =
            reversed.iter().zip(0..).map(|(text, number)| (&text[..], number)).collect();
        backwards.sort_unstable();
        let ends = longest_beginnings(&backwards);
        Cuts { texts, beginnings, ends }
    }

    /// The number of a text, which must be one of the list.
    fn number(&self, text: &str) -> u32 {
        self.texts.binary_search(&text).expect("a text of the list") as u32
    }

    /// The pairs that `text`, one of the list, can be cut into, the shortest left part first.
    pub(super) fn of(&self, text: &str) -> Vec<(&'a str, &'a str)> {
        let number = self.number(text);
        let chain = |links: &[u32]| {
            let link = |at: u32| Some(links[at as usize]).filter(|&at| at != NONE);
            let numbers: Vec<u32> = std::iter::successors(link(number), |&at| link(at)).collect();
            numbers.into_iter().map(|at| self.texts[at as usize])
        };
        let mut ends = chain(&self.ends).peekable();
        let mut cuts = Vec::new();
        // The shorter the beginning, the longer the end.
        for beginning in chain(&self.beginnings).rev() {
            let wanted = text.len() - beginning.len();
            while ends.next_if(|end| end.len() > wanted).is_some() {}
            if let Some(end) = ends.next_if(|end| end.len() == wanted) {
                cuts.push((beginning, end));
            }
        }
        cuts
    }
}

/// For each of the texts, which are in byte order with their numbers, the longest other that it
/// begins with; by number.
fn longest_beginnings(sorted: &[(&[u8], u32)]) -> Vec<u32> {
    let mut links = vec![NONE; sorted.len()];
    // Each begins with the one below it.
    let mut chain: Vec<(&[u8], u32)> = Vec::new();
    for &(text, number) in sorted {
        while chain.pop_if(|(other, _)| !text.starts_with(other)).is_some() {}
        links[number as usize] = chain.last().map_or(NONE, |&(_, other)| other);
        chain.push((text, number));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn finds_the_cuts_that_looking_up_every_part_finds(
            texts in proptest::collection::vec("[abé]{0,6}", 0..60),
        ) {
            let known: HashSet<&str> = texts.iter().map(String::as_str).collect();
            let cuts = Cuts::new(texts.iter().map(String::as_str).collect());
            for text in &texts {
                let both = |at| (&text[..at], &text[at..]);
                let inside = text.char_indices().skip(1).map(|(at, _)| both(at));
                let wanted: Vec<_> =
                    inside.filter(|(left, right)| known.contains(left) && known.contains(right)).collect();
                prop_assert_eq!(cuts.of(text), wanted);
            }
        }
    }

    #[test]
    fn long_texts_take_time_that_grows_as_they_do() {
        let long = "ab".repeat(2_000_000);
        assert_eq!(Cuts::new(vec![&long, "a", &long[1..]]).of(&long), [("a", &long[1..])]);
    }
}
